"""Sending: what is due, how a try ended, and what follows from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar.outbound.webhooks.model import DeliveryState, Patience

CLAIM_MAX: Final = 200  # Deliveries of one endpoint at once; what its lease does not suffice for is given back.
JITTER: Final = 0.1  # The share of a wait that chance may add, so that retries do not come in waves.
GONE: Final = 410  # HTTP: never send here again.


@dataclass(frozen=True, slots=True)
class Queue:
    """An endpoint with deliveries that are due: where to send, and how to sign. The secrets are sealed."""

    endpoint_id: UUID
    url: str
    secret: bytes
    old_secret: bytes | None  # Only as long as it signs as well.
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that was claimed and may be tried now, by whoever holds ``lease_no``."""

    delivery_id: UUID
    endpoint_id: UUID
    lease_no: int
    tries: int  # Made before this one.
    name: str
    body: bytes
    patience: Patience
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one try."""

    due: Due
    was_failing: bool  # What was known of its endpoint when it was claimed.
    status: int | None
    error: str | None  # None: delivered.
    duration_ms: int
    wait_seconds: float | None  # Until the next try; None when it is over.

    @property
    def state(self) -> DeliveryState:
        """Where this leaves the delivery."""
        if self.error is None:
            return DeliveryState.DELIVERED
        return DeliveryState.EXHAUSTED if self.wait_seconds is None else DeliveryState.WAITING


@dataclass(frozen=True, slots=True)
class Health:
    """What a batch of results says about endpoints: which came back, which fail, which asked us to stop."""

    recovered: frozenset[UUID]
    failing: frozenset[UUID]
    gone: frozenset[UUID]

    @property
    def says_something(self) -> bool:
        """Whether there is anything to note; while all is well, there is not."""
        return bool(self.recovered or self.failing or self.gone)


def error_in(status: int) -> str | None:
    """What is wrong with an answer, in a word; None for 2xx."""
    match status // 100:
        case 2:
            return None
        case 3:
            return "redirected"
        case _:
            return "gone" if status == GONE else "refused"


def wait_after(due: Due, *, chance: float) -> float | None:
    """Seconds from the failure of this try to the next one; None when it was the last. ``chance`` is in [0, 1)."""
    waits = due.patience.retry_seconds
    return waits[due.tries] * (1 + JITTER * chance) if due.tries < len(waits) else None


def health(results: Collection[Result]) -> Health:
    """What to note about endpoints: one delivery is enough to be well, and only what changes is noted."""
    well = {result.due.endpoint_id for result in results if result.error is None}
    ill = {result.due.endpoint_id for result in results if result.error is not None} - well
    were_failing = {result.due.endpoint_id for result in results if result.was_failing}
    gone = {result.due.endpoint_id for result in results if result.status == GONE}
    return Health(frozenset(well & were_failing), frozenset(ill), frozenset(gone))


def share_out(queues: Sequence[Queue], *, lanes: int, probes: int) -> list[tuple[Queue, int]]:
    """Whose turn it is, and how many deliveries each gets; queues come longest waiting first.

    Endpoints that fail have a few places of their own, one delivery each, so that however many there are, and
    however long they take to fail, those that work lose nothing to them.
    """
    well = [(queue, CLAIM_MAX) for queue in queues if not queue.is_failing]
    ill = [(queue, 1) for queue in queues if queue.is_failing]
    return well[:lanes] + ill[:probes]
