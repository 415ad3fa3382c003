"""Sends webhooks: in the background, with retries, and with every delivery on record."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import aiohttp
import msgspec

from bursar_sandbox.clock import Clock
from bursar_sandbox.faults import Fault, Faults

SENDERS: Final = 16  # At most so many calls, and connections, at once.
WAITING_MAX: Final = 100_000  # A receiver this far behind loses webhooks, as it would in life.
KEPT_MAX: Final = 20_000  # Deliveries that can still be listed and replayed; about 20 MB.

ACCEPTED: Final = range(200, 300)
"""What counts as taken, unless a gateway sees it otherwise."""

Sign: TypeAlias = Callable[[str, int, bytes], dict[str, str]]
"""Headers for an event id, a time in unix seconds, and the raw body."""


class DeliveryStatus(StrEnum):
    """What became of one webhook."""

    WAITING = "waiting"  # Not answered with 2xx yet.
    DELIVERED = "delivered"  # Answered with 2xx at least once.
    GIVEN_UP = "given_up"  # Every retry failed.
    WITHHELD = "withheld"  # Never sent, because the fault `drop_webhooks` struck.
    OVERFLOWED = "overflowed"  # Never sent, because too many were waiting.


class Webhook(msgspec.Struct, frozen=True, gc=False):
    """One event, ready to be sent."""

    event_id: str
    reference: str
    body: bytes
    url: str | None = None  # Where it goes instead of the usual address.
    sign: Sign | None = None  # How it is signed instead of the usual way.


class Delivery(msgspec.Struct, gc=False):
    """One webhook and how its sending goes."""

    webhook: Webhook
    status: DeliveryStatus = DeliveryStatus.WAITING
    attempts: int = 0
    last_problem: str | None = None


class _Try(msgspec.Struct, gc=False):
    """One more try of a delivery; a duplicate has tries of its own."""

    delivery: Delivery
    failed_before: int = 0


class WebhookSender:
    """A bounded pool of senders over kept-alive connections. Offering one never waits."""

    def __init__(
        self,
        *,
        url: str | None,
        sign: Sign,
        clock: Clock,
        faults: Faults,
        timeout_s: float,
        retry_delays_s: Sequence[float],
        accepted: range = ACCEPTED,
    ) -> None:
        """Without a URL, nothing is ever sent but what names an address of its own."""
        self._accepted = accepted
        self._url = url
        self._sign = sign
        self._clock = clock
        self._faults = faults
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._retry_delays_s = tuple(retry_delays_s)
        self._queue: asyncio.Queue[_Try] = asyncio.Queue()
        self._deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self._waiting = 0  # Tries that are queued, on their way, or planned for later.
        self._session: aiohttp.ClientSession | None = None
        self._senders: list[asyncio.Task[None]] = []

    @property
    def deliveries(self) -> list[Delivery]:
        """The latest deliveries, oldest first."""
        return list(self._deliveries.values())

    async def start(self) -> None:
        """Open the connections' pool and start the senders."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=SENDERS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
        )
        self._senders = [asyncio.create_task(self._work()) for _ in range(SENDERS)]

    async def stop(self) -> None:
        """Stop sending; what still waits stays on record as waiting."""
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def offer(self, webhook: Webhook) -> None:
        """Record a webhook and send it soon."""
        delivery = self._record(webhook)
        if self._faults.fires(Fault.DROP_WEBHOOKS):
            delivery.status = DeliveryStatus.WITHHELD
        elif self._waiting >= WAITING_MAX:
            delivery.status = DeliveryStatus.OVERFLOWED
        else:
            self._enqueue(delivery)

    async def deliver_first(self, webhook: Webhook) -> None:
        """Record a webhook and try it now, before anything else happens; retries follow later."""
        delivery = self._record(webhook)
        if self._faults.fires(Fault.DROP_WEBHOOKS):
            delivery.status = DeliveryStatus.WITHHELD
        else:
            self._waiting += 1
            await self._attempt(_Try(delivery))

    def replay(self, event_id: str) -> bool:
        """Send a recorded webhook once more; whether it is still on record."""
        delivery = self._deliveries.get(event_id)
        if delivery is None:
            return False
        self._plan(_Try(delivery))
        return True

    def _record(self, webhook: Webhook) -> Delivery:
        delivery = self._deliveries[webhook.event_id] = Delivery(webhook)
        if len(self._deliveries) > KEPT_MAX:
            self._deliveries.popitem(last=False)
        return delivery

    def _enqueue(self, delivery: Delivery) -> None:
        copies = 2 if self._faults.fires(Fault.DUPLICATE_WEBHOOKS) else 1
        for _ in range(copies):
            late = self._faults.fires(Fault.REORDER_WEBHOOKS)
            self._plan(_Try(delivery), in_s=self._faults.reorder_delay_s() if late else 0)

    def _plan(self, attempt: _Try, *, in_s: float = 0) -> None:
        self._waiting += 1
        if in_s == 0:
            self._queue.put_nowait(attempt)
        else:
            asyncio.get_running_loop().call_later(in_s, self._queue.put_nowait, attempt)

    async def _work(self) -> None:
        while True:
            await self._attempt(await self._queue.get())

    async def _attempt(self, attempt: _Try) -> None:
        """Send once; on failure plan the next try or give up."""
        delivery = attempt.delivery
        delivery.attempts += 1
        problem = await self._post(delivery.webhook)
        self._waiting -= 1
        if problem is None:
            delivery.status = DeliveryStatus.DELIVERED
            return
        delivery.last_problem = problem
        if attempt.failed_before < len(self._retry_delays_s):
            again = _Try(delivery, attempt.failed_before + 1)
            self._plan(again, in_s=self._retry_delays_s[attempt.failed_before])
        elif delivery.status is DeliveryStatus.WAITING:
            delivery.status = DeliveryStatus.GIVEN_UP

    async def _post(self, webhook: Webhook) -> str | None:
        """Post the body, signed now; what went wrong, or None."""
        url = webhook.url or self._url
        assert url is not None, "nothing is queued without a URL"
        assert self._session is not None, "senders run only between start and stop"
        sign = webhook.sign or self._sign
        signed = sign(webhook.event_id, self._clock.now_ms() // 1000, webhook.body)
        headers = {"Content-Type": "application/json", **signed}
        try:
            async with self._session.post(url, data=webhook.body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return None if answer.status in self._accepted else f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            return f"{type(problem).__name__}: {problem}"
