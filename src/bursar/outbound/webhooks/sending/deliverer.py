"""The deliverer: claims what is due, calls without a transaction, and writes down what came of it.

Each endpoint has a queue of its own, and a lane for it in each process. A lane begins with one call; the rest follow
side by side once that was answered, and as soon as one is not, what is left goes back. So an endpoint that never
answers holds one place for one time-out; then it is known to be failing, and takes places only from others that fail.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Final
from uuid import UUID

from bursar.foundation import log, tracing
from bursar.foundation.clock import Clock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Listener
from bursar.foundation.egress import Egress
from bursar.foundation.faults import fault
from bursar.foundation.gather import Gather
from bursar.foundation.http import CallFailed
from bursar.foundation.loops import repeat
from bursar.outbound.webhooks.model import DeliveryState
from bursar.outbound.webhooks.sending import actions, store
from bursar.outbound.webhooks.sending.model import Due, Queue, Result, error_in, wait_after
from bursar.outbound.webhooks.signatures import Signer, places

BELL: Final = "deliveries"
"""Rung when something new is due."""

LEASE_SECONDS: Final = 120.0  # Four time-outs: what a lane cannot begin in three goes back.
CALLS_PER_ENDPOINT_MAX: Final = 16
LOOK_SECONDS: Final = 1.0  # Retries fall due without a bell.
PROBE_SECONDS: Final = 1.0  # Between two calls to an endpoint that is failing.
CORRELATION_HEADER: Final = "X-Correlation-Id"  # What the answer to the request called X-Request-Id.
FINISH_SECONDS: Final = 35.0  # A time-out and a little: what is under way at the end may still be answered.

_log = log.get(__name__)


@dataclass(slots=True)
class _Lane:
    """One endpoint's share: what waits in it, and whether it is of any use to go on."""

    queue: Queue
    waiting: deque[Due]
    lease_ends: float  # On the loop's clock.
    places: asyncio.Semaphore
    is_silent: bool = False  # A call got no answer at all.
    has_delivered: bool = False


class Deliverer:
    """Sends what is due, from one process; any number of them may run."""

    def __init__(
        self,
        database: Database,
        egress: Egress,
        keyring: Keyring,
        clock: Clock,
        *,
        concurrency: int,
        installation_secret: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
        chance: random.Random | None = None,
    ) -> None:
        """Send with at most ``concurrency`` calls under way, and a quarter more to endpoints that are failing."""
        self._database = database
        self._egress = egress
        self._keyring = keyring
        self._clock = clock
        self._installation_secret = installation_secret
        self._lease_seconds = lease_seconds
        self._probe_seconds = probe_seconds
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._places = asyncio.Semaphore(concurrency)
        self._lanes_max = concurrency
        self._probes_max = max(1, concurrency // 4)
        self._probes = asyncio.Semaphore(self._probes_max)
        self._recorder = Gather(self._record, key=lambda result: result.due.delivery_id)
        self._busy: dict[UUID, bool] = {}  # Endpoints that have a lane, and whether they are failing.
        self._lanes: set[asyncio.Task[int]] = set()
        self._after = _BEGINNING
        self._stop = asyncio.Event()

    async def pass_once(self) -> int:
        """Claim what is due, deliver it and write it down; how many were tried."""
        return sum(await asyncio.gather(*(self._serve(lane) for lane in await self._claim())))

    async def run(self, stop: asyncio.Event, bell: Listener) -> None:
        """Deliver until ``stop``; then let what is under way finish, for ``FINISH_SECONDS`` at most."""
        self._stop = stop
        pause = partial(bell.wait, BELL, at_most=LOOK_SECONDS)
        await repeat(partial(self._start_lanes, bell), name=BELL, stop=stop, pause=pause)
        if self._lanes:
            _, late = await asyncio.wait(self._lanes, timeout=FINISH_SECONDS)
            for lane in late:
                lane.cancel()  # Their leases end, and somebody else tries again.
            await asyncio.gather(*late, return_exceptions=True)

    async def _start_lanes(self, bell: Listener) -> bool:
        """Give each endpoint whose turn it is a lane; whether to look again at once."""
        lanes = await self._claim()
        for lane in lanes:
            task = asyncio.create_task(self._serve(lane))
            self._lanes.add(task)
            task.add_done_callback(self._lanes.discard)
            task.add_done_callback(lambda _: bell.ring_here(BELL))  # Its endpoint may have more.
        return bool(lanes) or self._after != _BEGINNING

    async def _claim(self) -> "list[_Lane]":
        failing = sum(self._busy.values())
        lease_ends = asyncio.get_running_loop().time() + self._lease_seconds
        async with self._database.transaction() as tx:
            claimed = await actions.claim(
                tx,
                after=self._after,
                busy=self._busy,
                lanes=self._lanes_max - (len(self._busy) - failing),
                probes=self._probes_max - failing,
                lease_seconds=self._lease_seconds,
            )
        self._after = claimed.after or _BEGINNING
        self._busy |= {queue.endpoint_id: queue.is_failing for queue, _ in claimed.shares}
        return [
            _Lane(queue, deque(dues), lease_ends, self._probes if queue.is_failing else self._places)
            for queue, dues in claimed.shares
        ]

    async def _serve(self, lane: _Lane) -> int:
        """Deliver one endpoint's share; how many were tried. A lane that fails leaves the rest to the leases' end."""
        share = len(lane.waiting)
        try:
            signer = self._signer(lane.queue)
            async with asyncio.TaskGroup() as tasks:
                await self._send_next(lane, signer, tasks)
                for _ in range(min(CALLS_PER_ENDPOINT_MAX, len(lane.waiting))):
                    tasks.create_task(self._send_on(lane, signer, tasks))
            if lane.waiting:
                async with self._database.transaction() as tx:
                    await store.put_back(tx, lane.waiting)
        except Exception:  # noqa: BLE001 - one endpoint's trouble must not reach the others
            _log.exception("lane.failed", endpoint_id=str(lane.queue.endpoint_id))
        finally:
            self._leave(lane)
        return share - len(lane.waiting)

    def _leave(self, lane: _Lane) -> None:
        """Let the endpoint have another lane: at once, or after a rest while it fails."""
        if lane.queue.is_failing and not lane.has_delivered:
            asyncio.get_running_loop().call_later(self._probe_seconds, self._busy.pop, lane.queue.endpoint_id)
        else:
            del self._busy[lane.queue.endpoint_id]

    async def _send_on(self, lane: _Lane, signer: Signer, tasks: asyncio.TaskGroup) -> None:
        while self._may_send(lane):
            await self._send_next(lane, signer, tasks)

    async def _send_next(self, lane: _Lane, signer: Signer, tasks: asyncio.TaskGroup) -> None:
        """Try the lane's next delivery; its result is written while others are under way."""
        async with lane.places:
            if not self._may_send(lane):  # It may have waited for the place.
                return
            result = await self._tell(lane.queue, lane.waiting.popleft(), signer)
        lane.is_silent |= result.status is None
        lane.has_delivered |= result.error is None
        tasks.create_task(self._recorder.ask(result))

    def _may_send(self, lane: _Lane) -> bool:
        if not lane.waiting or lane.is_silent or self._stop.is_set():
            return False
        needs = lane.waiting[0].patience.timeout_seconds
        assert needs < self._lease_seconds, "a lease outlasts a time-out, or nothing would ever be sent"
        ends_by = asyncio.get_running_loop().time() + needs
        return ends_by <= lane.lease_ends  # Else somebody else may send it while we still do.

    async def _tell(self, queue: Queue, due: Due, signer: Signer) -> Result:
        """Make one try, as part of the story that its message tells of."""
        with log.correlated(due.correlation_id) as correlation:
            with tracing.span("webhook deliver", side=tracing.Side.CLIENT, correlation=correlation) as span:
                result = await self._call(queue, due, signer)
                span.note(endpoint_id=queue.endpoint_id, delivery_id=due.delivery_id, http_status=result.status)
                if result.error is not None:
                    span.fail(result.error)
        return result

    async def _call(self, queue: Queue, due: Due, signer: Signer) -> Result:
        headers = _HEADERS | signer.headers(due.name, due.body, at=self._clock.now())
        if due.correlation_id is not None:
            headers[CORRELATION_HEADER] = due.correlation_id
        clock = asyncio.get_running_loop().time
        began = clock()
        status = None
        try:
            status = await self._egress.post(
                queue.url, headers=headers, body=due.body, deadline=due.patience.timeout_seconds
            )
            error = error_in(status)
        except CallFailed as failed:
            error = failed.cause
        if error is None:
            fault("outbound.after_delivery")
        return Result(
            due,
            was_failing=queue.is_failing,
            status=status,
            error=error,
            duration_ms=round((clock() - began) * 1000),
            wait_seconds=None if error is None else wait_after(due, chance=self._chance.random()),
        )

    async def _record(self, results: Sequence[Result]) -> list[bool]:
        """Write a batch of results; whether each came in time."""
        recorded = await self._database.retrying(partial(actions.record, results=results))
        for endpoint_id, why in recorded.disabled.items():
            _log.warning("endpoint.disabled", endpoint_id=str(endpoint_id), cause=why.value)
        for result in results:
            if result.state is DeliveryState.EXHAUSTED:
                with log.correlated(result.due.correlation_id):
                    _log.warning("delivery.exhausted", delivery_id=str(result.due.delivery_id), cause=result.error)
        return [result.due.delivery_id in recorded.deliveries for result in results]

    def _signer(self, queue: Queue) -> Signer:
        """Open an endpoint's secrets.

        Raises:
            CannotOpen: a key is gone; nothing is sent unsigned.
        """
        present, former = places(queue.endpoint_id)
        own = [self._keyring.open(queue.secret, present)]
        if queue.old_secret is not None:
            own.append(self._keyring.open(queue.old_secret, former))
        return Signer.of(own, installation=self._installation_secret)


_BEGINNING: Final = UUID(int=0)
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": f"Bursar/{version('bursar')}"}
