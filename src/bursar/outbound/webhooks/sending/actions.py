"""The two transactions around a call: claiming what is due, and writing down what came of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.outbound.webhooks.model import DisabledWhy
from bursar.outbound.webhooks.sending import store
from bursar.outbound.webhooks.sending.model import Due, Queue, Result, health, share_out
from bursar.outbound.webhooks.store import give_up

ENDPOINTS_SCANNED_MAX: Final = 1_000  # One index step each, some microseconds; the next claim goes on from there.
FAILING_DAYS_MAX: Final = 5  # Svix's rule: nobody repairs after that long without being asked.


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker got to send, by endpoint, and where the next claim goes on."""

    shares: Sequence[tuple[Queue, Sequence[Due]]]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which deliveries' results were written, and which endpoints were disabled for them."""

    deliveries: Collection[UUID]
    disabled: Mapping[UUID, DisabledWhy]


async def claim(
    tx: Transaction, *, after: UUID, busy: Collection[UUID], lanes: int, probes: int, lease_seconds: float
) -> Claimed:
    """Take due deliveries of up to ``lanes`` endpoints that work and ``probes`` that fail, none of them ``busy``."""
    queues, go_on = await store.queues(tx, after=after, except_for=busy, limit=ENDPOINTS_SCANNED_MAX)
    shares = share_out(queues, lanes=lanes, probes=probes)
    if not shares:
        return Claimed([], go_on)
    taken: dict[UUID, list[Due]] = defaultdict(list)
    wanted = [(queue.endpoint_id, most) for queue, most in shares]
    for due in await store.claim(tx, wanted, lease_seconds=lease_seconds):
        taken[due.endpoint_id].append(due)
    return Claimed([(queue, taken[queue.endpoint_id]) for queue, _ in shares if queue.endpoint_id in taken], go_on)


async def record(tx: Transaction, results: Sequence[Result]) -> Recorded:
    """Write down tries, what they say about their endpoints, and the end of endpoints that are gone or never answer.

    Endpoints are locked before deliveries, as everywhere.
    """
    told = health(results)
    disabled = await store.note_health(tx, told, days=FAILING_DAYS_MAX) if told.says_something else {}
    written = await store.record(tx, results)
    if disabled:
        await give_up(tx, disabled, error="endpoint_disabled")
    return Recorded(written, disabled)
