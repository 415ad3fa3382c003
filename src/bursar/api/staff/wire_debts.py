"""What staff send and get about debts."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api.filters import Search, insist_searchable
from bursar.api.paging import PageQuery
from bursar.api.rules import Name, ProgramName
from bursar.api.staff import examples
from bursar.api.staff.wire import HolderView
from bursar.api.staff.wire_list import insist_named
from bursar.earnings import Debt, DebtPart
from bursar.foundation.clock import timestamp
from bursar.holders import Holder


class DebtsQuery(PageQuery, kw_only=True):
    """Which debts to list."""

    program: Annotated[ProgramName, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    holder: (
        Annotated[
            Name,
            msgspec.Meta(
                description="Only this holder's: their id or, with `program`, what their platform calls them."
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    open: (
        Annotated[bool, msgspec.Meta(description="Those of which something is left, or with `false` the others.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    search: (
        Annotated[Search, msgspec.Meta(description="How a reference or an id begins.", examples=["refund:order-17"])]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        insist_searchable(self.search)
        insist_named(self.holder, field="holder")


class DebtView(msgspec.Struct, rename="camel"):
    """What a holder owes their program. Times are UTC; `amount` is the sum of the next three."""

    id: UUID
    program: str
    holder: HolderView
    reference: str
    description: str
    currency: str
    amount: str
    recovered: str
    forgiven: str
    outstanding: str
    noted_by: str
    owed_since: str
    ended_at: str | None

    @classmethod
    def of(cls, debt: Debt, holder: Holder) -> "DebtView":
        """Show one."""
        return cls(
            id=debt.id,
            program=debt.program,
            holder=HolderView.of(holder),
            reference=debt.reference,
            description=debt.description,
            currency=debt.amount.currency,
            amount=debt.amount.text,
            recovered=debt.recovered.text,
            forgiven=debt.forgiven.text,
            outstanding=debt.outstanding.text,
            noted_by=debt.noted_by,
            owed_since=timestamp(debt.owed_since),
            ended_at=timestamp(debt.ended_at) if debt.ended_at else None,
        )


class DebtPartView(msgspec.Struct, rename="camel"):
    """One step by which a debt came down; `payoutId` is the payout that was less by it, if one was."""

    how: str
    amount: str
    payout_id: UUID | None
    actor: str
    reason: str
    timestamp: str

    @classmethod
    def of(cls, part: DebtPart) -> "DebtPartView":
        """Show one."""
        return cls(part.how.value, part.amount.text, part.payout_id, part.actor, part.reason, timestamp(part.at))


class DebtDetail(DebtView, rename="camel"):
    """One debt, and every step by which it came down, the oldest first."""

    parts: list[DebtPartView]

    @classmethod
    def whole(cls, view: DebtView, parts: Sequence[DebtPart]) -> "DebtDetail":
        """Show one with its story."""
        return cls(**msgspec.structs.asdict(view), parts=[DebtPartView.of(part) for part in parts])


DEBT: Final[dict[str, Any]] = {
    "id": examples.ID,
    "program": "marketplace",
    "holder": {"id": examples.ID, "reference": "seller-1", "name": "Ravi Kumar"},
    "reference": "refund:order-17",
    "description": "A bicycle",
    "currency": "INR",
    "amount": "500.00",
    "recovered": "200.00",
    "forgiven": "0.00",
    "outstanding": "300.00",
    "notedBy": f"person:{examples.ID}",
    "owedSince": examples.AT,
    "endedAt": None,
}
DETAIL: Final[dict[str, Any]] = DEBT | {
    "parts": [
        {
            "how": "recovered", "amount": "200.00", "payoutId": examples.ID, "actor": "system:debts", "reason": "",
            "timestamp": examples.AT,
        }
    ]
}  # fmt: skip
