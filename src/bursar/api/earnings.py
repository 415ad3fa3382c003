"""Earnings as every audience sees them: the providers whose they are, the platform that credits them, and staff."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api import reading
from bursar.api.filters import Search, TimeQuery, insist_searchable
from bursar.earnings import Earning, EarningState, NoSuchEarning, Payoff, Withholding
from bursar.foundation.clock import timestamp


class EarningStatus(StrEnum):
    """Where an earning stands, in the providers document's words."""

    AVAILABLE = "AVAILABLE"  # Some of it, or all, can be asked for.
    RESERVED = "RESERVED"  # None is available, and not all has been paid.
    PAID_OUT = "PAID_OUT"  # All of it has been paid.
    WITHHELD = "WITHHELD"  # What has not been paid never will be.


class PartStatus(StrEnum):
    """What became of the part of an earning that a payout took."""

    RESERVED = "RESERVED"
    PAID = "PAID"
    RELEASED = "RELEASED"
    RETURNED = "RETURNED"
    SUSPENDED = "SUSPENDED"


class WithheldReason(StrEnum):
    """Why a part of an earning is withheld for good."""

    TAKEN_BACK = "TAKEN_BACK"
    RECOVERED = "RECOVERED"


class EarningQuery(TimeQuery, kw_only=True):
    """Which earnings to list; the span of time is that in which they were earned."""

    status: Annotated[list[EarningStatus], msgspec.Meta(description="One status or several.")] = msgspec.field(
        default_factory=list
    )
    search: (
        Annotated[Search, msgspec.Meta(description="How a reference or an id begins.", examples=["order-17"])]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        insist_searchable(self.search)

    @property
    def states(self) -> frozenset[EarningState]:
        """The states that were asked for; none stand for all."""
        return frozenset(EarningState[status.name] for status in self.status)


class UsedByView(msgspec.Struct, rename="camel"):
    """One payout that took a part of an earning, and what became of that part.

    `RESERVED`: set aside for the payout. `PAID`: the payout was completed. `RELEASED`: it came to nothing, and the part
    is available again. `RETURNED`: it came back, and the part is available again. `SUSPENDED`: it came back, and
    somebody has to decide.
    """

    payout_id: UUID
    amount: str
    status: PartStatus
    reserved_at: str
    changed_at: str

    @classmethod
    def of(cls, payoff: Payoff) -> "UsedByView":
        """Show one part from the side of its earning."""
        return cls(
            payout_id=payoff.payout_id,
            amount=payoff.amount.text,
            status=PartStatus[payoff.state.name],
            reserved_at=timestamp(payoff.reserved_at),
            changed_at=timestamp(payoff.changed_at),
        )


class WithheldView(msgspec.Struct, rename="camel"):
    """One part of an earning that its holder does not get.

    `TAKEN_BACK`: what it was earned for came to nothing. `RECOVERED`: it settled what the holder owed. `reference` says
    what it was taken back for or which debt it settled, and `payoutId` from which payout that was kept back.
    """

    amount: str
    reason: WithheldReason
    reference: str
    payout_id: UUID | None
    withheld_at: str

    @classmethod
    def of(cls, withholding: Withholding) -> "WithheldView":
        """Show one part."""
        return cls(
            amount=withholding.amount.text,
            reason=WithheldReason[withholding.why.name],
            reference=withholding.reference,
            payout_id=withholding.payout_id,
            withheld_at=timestamp(withholding.at),
        )


class StandsForView(msgspec.Struct, rename="camel"):
    """One earning that a payout stands for, with the part that it took and what became of that."""

    earning_id: UUID
    reference: str
    description: str
    earned_at: str
    amount: str
    status: PartStatus

    @classmethod
    def of(cls, earning: Earning, payoff: Payoff) -> "StandsForView":
        """Show one part from the side of its payout."""
        return cls(
            earning_id=earning.id,
            reference=earning.reference,
            description=earning.description,
            earned_at=timestamp(earning.earned_at),
            amount=payoff.amount.text,
            status=PartStatus[payoff.state.name],
        )


class EarningView(msgspec.Struct, rename="camel"):
    """One earning. Times are UTC; amounts are texts in major units, and the last five add up to `amount`.

    One that is partly used is `AVAILABLE`, with what is left of it as `availableBalance`.
    """

    id: UUID
    status: EarningStatus
    reference: str
    description: str
    earned_at: str
    created_at: str
    currency: str
    amount: str
    available_balance: str
    reserved_amount: str
    paid_amount: str
    suspended_amount: str
    withheld_amount: str
    payouts: list[UsedByView]
    withheld: list[WithheldView]

    @classmethod
    def of(cls, earning: Earning, used_by: Sequence[Payoff], withheld: Sequence[Withholding]) -> "EarningView":
        """Show one earning with the payouts that used it, and what was withheld of it."""
        return cls(**shown(earning, used_by, withheld))


def shown(earning: Earning, used_by: Sequence[Payoff], withheld: Sequence[Withholding]) -> dict[str, Any]:
    """The fields of an ``EarningView``, for those views that have more."""
    return {
        "id": earning.id,
        "status": EarningStatus[earning.state.name],
        "reference": earning.reference,
        "description": earning.description,
        "earned_at": timestamp(earning.earned_at),
        "created_at": timestamp(earning.created_at),
        "currency": earning.amount.currency,
        "amount": earning.amount.text,
        "available_balance": earning.available.text,
        "reserved_amount": earning.reserved.text,
        "paid_amount": earning.paid.text,
        "suspended_amount": earning.suspended.text,
        "withheld_amount": earning.withheld.text,
        "payouts": [UsedByView.of(payoff) for payoff in used_by],
        "withheld": [WithheldView.of(withholding) for withholding in withheld],
    }


def identified(text: str) -> UUID:
    """An earning's id as it was sent.

    Raises:
        NoSuchEarning: it is no id at all.
    """
    return reading.identified(text, NoSuchEarning, of="earning")


def cells(view: EarningView) -> list[str | int | None]:
    """A row of a list as CSV, in the order of ``COLUMNS``; payouts are named that hold a part, or have paid it."""
    told = msgspec.to_builtins(view)
    using = [used.payout_id for used in view.payouts if used.status in {PartStatus.RESERVED, PartStatus.PAID}]
    return [*(told[column] for column in COLUMNS[:-1]), " ".join(map(str, using))]


COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(EarningView) if field.name != "withheld")
"""The columns of a list as CSV, the payouts last; what was withheld is there as a sum."""

EXAMPLE: Final[dict[str, Any]] = {
    "id": "01a1f850-5d42-7c08-a4d6-d16c0fa92a68",
    "status": "AVAILABLE",
    "reference": "order-1042",
    "description": "Wiring of a kitchen",
    "earnedAt": "2025-12-10T09:30:00.000Z",
    "createdAt": "2025-12-10T18:00:00.000Z",
    "currency": "NGN",
    "amount": "12500.00",
    "availableBalance": "2500.00",
    "reservedAmount": "10000.00",
    "paidAmount": "0.00",
    "suspendedAmount": "0.00",
    "withheldAmount": "0.00",
    "payouts": [
        {
            "payoutId": "01a1f84c-9492-7a87-8b43-f2b3758d6ffb",
            "amount": "10000.00",
            "status": "RESERVED",
            "reservedAt": "2025-12-12T11:13:51.708Z",
            "changedAt": "2025-12-12T11:13:51.708Z",
        }
    ],
    "withheld": [],
}
"""What the documentation shows of an earning."""

STANDS_FOR: Final[dict[str, Any]] = {
    "earningId": EXAMPLE["id"],
    "reference": EXAMPLE["reference"],
    "description": EXAMPLE["description"],
    "earnedAt": EXAMPLE["earnedAt"],
    "amount": "10000.00",
    "status": "RESERVED",
}
"""And of its part in a payout."""
