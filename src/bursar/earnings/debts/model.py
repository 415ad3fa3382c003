"""The debt, what brings it down, and how available money is shared out among debts. Nothing here touches a database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.earnings.model import DESCRIPTION_LENGTH_MAX
from bursar.foundation import texts
from bursar.foundation.money import Money

REFERENCE_LENGTH_MAX: Final = 220  # An earning's reference, and what befell it.
BY_ITSELF: Final = "system:debts"
"""The actor where a debt is recovered because money came to be there."""


class How(StrEnum):
    """What brought a debt down."""

    RECOVERED = "recovered"  # The holder's own money settled it.
    FORGIVEN = "forgiven"  # Somebody wrote it off, for a reason.


@dataclass(frozen=True, slots=True)
class NewDebt:
    """Something that a holder comes to owe. ``reference`` says what for, and counts once for the holder.

    Raises:
        Invalid: a reference is not a line, or the description no text.
    """

    holder_id: UUID
    program: str
    reference: str
    amount: Money
    noted_by: str  # The actor.
    description: str = ""

    def __post_init__(self) -> None:
        texts.insist_line(self.reference, field="reference", most=REFERENCE_LENGTH_MAX)
        texts.insist_text(self.description, field="description", most=DESCRIPTION_LENGTH_MAX)
        assert self.amount.minor > 0, "nothing is no debt"

    def begin(self, debt_id: UUID, *, at: datetime) -> "Debt":
        """The debt which this becomes."""
        nothing = Money.zero(self.amount.currency)
        return Debt(
            id=debt_id,
            holder_id=self.holder_id,
            program=self.program,
            reference=self.reference,
            amount=self.amount,
            description=self.description,
            owed_since=at,
            noted_by=self.noted_by,
            recovered=nothing,
            forgiven=nothing,
            parts=0,
            ended_at=None,
        )


@dataclass(frozen=True, slots=True)
class Debt:
    """What a holder owes, and what is no longer owed of it: ``parts`` counts by how many steps it came down."""

    id: UUID
    holder_id: UUID
    program: str
    reference: str
    amount: Money
    description: str
    owed_since: datetime
    noted_by: str
    recovered: Money
    forgiven: Money
    parts: int
    ended_at: datetime | None

    @property
    def purse(self) -> tuple[UUID, str]:
        """Who owes it, and in which currency."""
        return self.holder_id, self.amount.currency

    @property
    def outstanding(self) -> Money:
        """What is still owed."""
        return self.amount - self.recovered - self.forgiven

    def less(self, part: "DebtPart") -> "Debt":
        """The debt once this part has brought it down."""
        assert part.debt_id == self.id and part.number == self.parts + 1, "parts are counted one by one"  # noqa: PT018 - one fact
        assert self.outstanding.covers(part.amount), "no debt comes down by more than is owed"
        figure = part.how.value
        after = replace(self, parts=part.number, **{figure: getattr(self, figure) + part.amount})
        return after if after.outstanding.minor else replace(after, ended_at=part.at)


@dataclass(frozen=True, slots=True)
class DebtPart:
    """One step by which a debt came down, and the transfer that booked it.

    ``payout_id`` is the payout that was netted to recover it, if it was one.
    """

    debt_id: UUID
    number: int  # From 1 on.
    holder_id: UUID
    how: How
    amount: Money
    transfer_id: UUID
    payout_id: UUID | None
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """A wish to settle what a holder owes with at most this much of what they have available.

    The oldest debt comes first, or ``debt_id`` is the only one. ``payout_id`` is the payout that is netted, if one is.
    """

    holder_id: UUID
    most: Money
    payout_id: UUID | None = None
    debt_id: UUID | None = None
    actor: str = BY_ITSELF

    @property
    def purse(self) -> tuple[UUID, str]:
        """Whose money it takes, and in which currency."""
        return self.holder_id, self.most.currency

    def concerns(self, debt: Debt) -> bool:
        """Whether this may settle that debt."""
        return debt.purse == self.purse and self.debt_id in {None, debt.id}


@dataclass(frozen=True, slots=True)
class DebtQuery:
    """Which debts somebody wants to see. ``before`` is the id to continue after; the newest come first."""

    holder_id: UUID | None = None
    program: str | None = None
    is_open: bool | None = None  # Only those of which something is left, or only the others.
    search: str | None = None  # How a reference or an id begins.
    before: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one recovery goes to which debt; ``number`` is the step that this is for the debt."""

    recovery: Recovery
    debt: Debt
    number: int
    amount: Money

    def booked(self, transfer_id: UUID, *, at: datetime) -> DebtPart:
        """The step by which the debt comes down, once its money has moved."""
        return DebtPart(
            debt_id=self.debt.id,
            number=self.number,
            holder_id=self.debt.holder_id,
            how=How.RECOVERED,
            amount=self.amount,
            transfer_id=transfer_id,
            payout_id=self.recovery.payout_id,
            actor=self.recovery.actor,
            reason="",
            at=at,
        )


def share_out(
    recoveries: Sequence[Recovery], debts: Sequence[Debt], available: Mapping[tuple[UUID, str], Money]
) -> Iterator[Share]:
    """Give each recovery in turn what it may take of what is there to its holder's debts, in the order they come in."""
    left = dict(available)
    owed = {debt.id: debt.outstanding for debt in debts}
    steps = {debt.id: debt.parts for debt in debts}
    for recovery in recoveries:
        budget = min(recovery.most, left.get(recovery.purse, Money.zero(recovery.most.currency)))
        for debt in filter(recovery.concerns, debts):
            part = min(budget, owed[debt.id])
            if part.minor:
                budget -= part
                left[recovery.purse] -= part
                owed[debt.id] -= part
                steps[debt.id] += 1
                yield Share(recovery, debt, steps[debt.id], part)
