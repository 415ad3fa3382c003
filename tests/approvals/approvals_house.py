"""What the tests of this room share: who votes, on what, and how to say it shortly."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from bursar import approvals
from bursar.approvals import Ballot, Request
from bursar.foundation.db import Transaction

BYTES: Final = b"the amount and the account, as asked"
OTHER_BYTES: Final = b"the amount and another account"


@dataclass(frozen=True)
class People:
    """Four people's ids."""

    anna: UUID
    ben: UUID
    carla: UUID
    dan: UUID


async def asked(tx: Transaction, *, needed: int = 1, requester: UUID | None = None) -> UUID:
    """A new subject whose ``BYTES`` are up for approval."""
    subject = uuid4()
    await approvals.open(tx, [Request(subject, BYTES, needed, requester)])
    return subject


def yes(subject: UUID, person: UUID, *, on: bytes = BYTES) -> Ballot:
    """A vote in favour."""
    return Ballot(subject, person, on, in_favour=True)


def no(subject: UUID, person: UUID, *, on: bytes = BYTES, reason: str = "") -> Ballot:
    """A veto."""
    return Ballot(subject, person, on, in_favour=False, reason=reason)
