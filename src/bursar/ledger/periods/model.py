"""What a period's transfers are told as."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bursar.foundation.money import Money
from bursar.ledger.model import TransferKind


@dataclass(frozen=True, slots=True)
class Recorded:
    """One transfer of a holder's, as it was recorded."""

    id: UUID
    at: datetime
    kind: TransferKind
    amount: Money
    payout_id: UUID | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Extract:
    """A holder's transfers within a period, oldest first, and what those before it come to, by kind."""

    before: Mapping[TransferKind, Money]
    recorded: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """What a holder's transfers of one calendar month come to, by kind; ``first`` is the month's first day."""

    first: date
    moved: Mapping[TransferKind, Money]
