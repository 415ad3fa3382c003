"""Sending: what is due, what the other side answered, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bursar.outbound.notices.model import TO_STAFF, Address, Kind, State

RETRY_SECONDS: Final = (60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 43_200.0)
"""The wait after each failed try but the last: about 20 hours in all, so that a bad night of the mail server passes."""
JITTER: Final = 0.1  # The share of a wait that chance may add, so that retries do not come in waves.


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that was claimed and may be tried now, by whoever holds ``lease_no``."""

    id: UUID
    kind: Kind
    program: str | None
    subject_id: UUID
    address: Address
    facts: Mapping[str, Any]
    lease_no: int
    tries: int  # Made before this one.


Parcel = Sequence[Due]
"""What is sent as one message: one notice, or several to staff. It bears the id of the first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side made of one message: taken, unless there is an ``error``, which is a word.

    Where it ``is_final``, trying again would not help. ``is_gone`` says that the receiver is there no more, and
    ``is_cut`` that nothing more can be sent over the same connection.
    """

    status: int | None = None
    error: str | None = None
    is_final: bool = False
    is_gone: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one try."""

    due: Due
    state: State
    status: int | None
    error: str | None
    wait_seconds: float | None  # Until the next try; None when it is over.
    was_tried: bool = True
    ends_subscription: bool = False


def result_of(due: Due, answer: Answer, *, chance: float) -> Result:
    """What an answer means for a notice; ``chance`` is in [0, 1)."""
    if answer.error is None:
        return Result(due, State.SENT, answer.status, None, None)
    is_over = answer.is_final or due.tries >= len(RETRY_SECONDS)
    wait = None if is_over else RETRY_SECONDS[due.tries] * (1 + JITTER * chance)
    state = State.FAILED if is_over else State.WAITING
    return Result(due, state, answer.status, answer.error, wait, ends_subscription=answer.is_gone)


def skipped(due: Due, *, why: str) -> Result:
    """A notice that is not even tried."""
    return Result(due, State.SKIPPED, None, why, None, was_tried=False)


def together(dues: Sequence[Due]) -> list[Parcel]:
    """What goes into one message: each notice to a holder alone, and those to staff by kind, address and program."""
    parcels: dict[object, list[Due]] = {}
    for due in dues:
        place = (due.kind, due.program, due.address) if due.kind in TO_STAFF else due.id
        parcels.setdefault(place, []).append(due)
    return [*parcels.values()]
