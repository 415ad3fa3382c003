"""Runs. The time comes in as an argument; nothing here asks a clock."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bursar.foundation import ids
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.programs.model import Pays

BATCH_SIZE_MAX: Final = 1_000  # What terms may say, too.
TRIES_MAX: Final = 20


class Standing(StrEnum):
    """How far a run has come."""

    BEGUN = "begun"  # Balances are being looked through, or payouts still wait to be handed over.
    HANDED_OVER = "handed_over"  # Some of the program's payouts are still due to leave.
    FINISHED = "finished"  # Nothing is due to leave any more; what gateways make of it is the payouts' story.
    STOPPED = "stopped"  # Nothing of it leaves until a person lets it go on, or cancels it.
    CANCELLED = "cancelled"  # What had not left by then is cancelled, or is just being.


@dataclass(frozen=True, slots=True)
class Overrides:
    """What one run does otherwise than its program's terms say; None: as they say.

    ``tries_max`` counts the first try too, as ``retry.max_attempts`` does.

    Raises:
        Invalid: a figure is out of bounds.
    """

    batch_size: int | None = None
    tries_max: int | None = None

    def __post_init__(self) -> None:
        if self.batch_size is not None and not 1 <= self.batch_size <= BATCH_SIZE_MAX:
            raise Invalid(field="batch_size", rule=f"from 1 to {BATCH_SIZE_MAX}", given=str(self.batch_size)[:20])
        if self.tries_max is not None and not 1 <= self.tries_max <= TRIES_MAX:
            raise Invalid(field="tries_max", rule=f"from 1 to {TRIES_MAX}", given=str(self.tries_max)[:20])


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A run that is to begin at ``at``: for an occurrence of its schedule, or because somebody (``begun_by``) says so.

    Its payouts carry its correlation id, which is made of its own id unless one is given.
    """

    program: str
    pays: Pays
    due_at: datetime
    begun_by: str
    at: InitVar[datetime]
    occurrence: str = ""  # Left out: begun by hand.
    cron: str | None = None
    time_zone: str | None = None
    correlation_id: str = ""
    overrides: Overrides = Overrides()
    payouts_max: int | None = None
    id: UUID = field(init=False)

    def __post_init__(self, at: datetime) -> None:
        run_id = ids.new(at)
        object.__setattr__(self, "id", run_id)
        object.__setattr__(self, "occurrence", self.occurrence or f"by hand: {run_id}")
        object.__setattr__(self, "correlation_id", self.correlation_id or f"run-{run_id}")


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a program: what it was for, what it has asked for and handed over so far, and what stopped it.

    ``asked`` and ``asked_amount`` (minor units) are the payouts that a run over balances asked for itself, ``left_out``
    how many holders got none, by reason; ``count`` and ``amounts`` are all that it handed over, the oldest first and at
    most ``payouts_max``; ``kept_waiting`` were left for the next run when it was full. A run is over at ``ended_at``,
    when the last of its payouts came to rest.
    """

    id: UUID
    program: str
    occurrence: str
    cron: str | None
    time_zone: str | None
    due_at: datetime
    begun_by: str
    begun_at: datetime
    count: int
    amounts: Mapping[str, int]
    handed_over_at: datetime | None
    finished_at: datetime | None
    pays: Pays
    correlation_id: str | None
    batch_size: int | None
    tries_max: int | None
    cursor: UUID | None
    asked: int
    asked_amount: int
    left_out: Mapping[str, int]
    asked_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str | None
    stopped_why: str | None
    resumed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    ended_at: datetime | None
    payouts_max: int | None
    kept_waiting: int

    @property
    def is_untouched(self) -> bool:
        """Whether it has begun, and no more."""
        return self.asked_at is None and self.cursor is None and self.count == 0 and self.resumed_at is None

    def room(self, most: int) -> int:
        """How many more payouts it takes, up to ``most``."""
        return most if self.payouts_max is None else min(most, self.payouts_max - self.count)

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        if self.cancelled_at is not None:
            return Standing.CANCELLED
        if self.stopped_at is not None:
            return Standing.STOPPED
        if self.finished_at is not None:
            return Standing.FINISHED
        return Standing.BEGUN if self.handed_over_at is None else Standing.HANDED_OVER

    @property
    def reference(self) -> str:
        """What the payouts that it asks for are called, such as ``writers-2026-12-01``: the day it was meant for."""
        wall = self.due_at if self.time_zone is None else self.due_at.astimezone(ZoneInfo(self.time_zone))
        return f"{self.program}-{wall:%Y-%m-%d}"

    @property
    def person(self) -> UUID | None:
        """Who began it, where that was a person whom we know; what it asks for is not theirs to approve."""
        kind, _, name = self.begun_by.partition(":")
        return ids.parse(name) if kind == "person" else None

    @property
    def money(self) -> list[Money]:
        """What the payouts that it handed over add up to, in each currency."""
        return [Money(minor, currency) for currency, minor in sorted(self.amounts.items())]
