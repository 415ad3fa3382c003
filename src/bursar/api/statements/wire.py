"""What is shown of statements. Amounts are texts in major units, and days are those of the program's clock."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from bursar.foundation.clock import timestamp
from bursar.outbound.statements import WORDS, Entry, Line, Overview, Standing, Statement

Format = Literal["json", "csv", "pdf"]


class StatementFormatQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """In which form."""

    format: (
        Annotated[Format, msgspec.Meta(description="Instead of what the `Accept` header says.")] | msgspec.UnsetType
    ) = msgspec.UNSET


class StandingView(msgspec.Struct):
    """What the holder has, reserved money included, and what they owe."""

    balance: str
    owed: str

    @classmethod
    def of(cls, standing: Standing) -> "StandingView":
        """Show both figures."""
        return cls(standing.balance.text, standing.owed.text)


class StatementHolderView(msgspec.Struct):
    """Whose statement it is."""

    id: UUID
    kind: str
    reference: str
    name: str


class StatementLine(msgspec.Struct, rename="camel"):
    """One movement. `change` is what it did to the balance: some lines are only told, such as the platform's fee."""

    date: str
    at: str
    entry: Entry
    text: str
    reference: str
    description: str
    payout_id: UUID | None
    amount: str
    change: str
    balance: str
    owed: str

    @classmethod
    def of(cls, line: Line) -> "StatementLine":
        """Show one line."""
        return cls(
            date=line.day.isoformat(),
            at=timestamp(line.at),
            entry=line.entry,
            text=WORDS[line.entry],
            reference=line.reference,
            description=line.description,
            payout_id=line.payout_id,
            amount=line.amount.text,
            change=line.change.text,
            balance=line.balance.text,
            owed=line.owed.text,
        )


class StatementView(msgspec.Struct, rename="camel", kw_only=True):
    """One year or month: `closing` is `opening` and the lines' changes, and `totals` says what each entry comes to.

    `asOf` is the day on which it was drawn up, of a period that is not over; else null, and it stays as it is.
    """

    period: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    as_of: str | None
    time_zone: str
    program: str
    holder: StatementHolderView
    currency: str
    opening: StandingView
    closing: StandingView
    totals: dict[str, str]
    lines: list[StatementLine]

    @classmethod
    def of(cls, statement: Statement) -> "StatementView":
        """Show a whole statement."""
        period, holder = statement.period, statement.holder
        return cls(
            period=period.name,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
            as_of=_day(statement.as_of),
            time_zone=period.time_zone,
            program=holder.program,
            holder=StatementHolderView(holder.id, holder.kind, holder.reference, holder.name),
            currency=statement.currency,
            opening=StandingView.of(statement.opening),
            closing=StandingView.of(statement.closing),
            totals={entry.value: amount.text for entry, amount in statement.totals.items()},
            lines=[StatementLine.of(line) for line in statement.lines],
        )


class PeriodView(msgspec.Struct, kw_only=True):
    """A period of which there is a statement; one that is not `over` can still change."""

    period: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    over: bool
    currency: str
    opening: StandingView
    closing: StandingView

    @classmethod
    def of(cls, overview: Overview) -> "PeriodView":
        """Show one period."""
        return cls(
            period=overview.period.name,
            first=overview.period.first.isoformat(),
            last=overview.period.last.isoformat(),
            over=overview.is_over,
            currency=overview.opening.balance.currency,
            opening=StandingView.of(overview.opening),
            closing=StandingView.of(overview.closing),
        )


class Periods(msgspec.Struct):
    """All of them, newest first, a year before its months."""

    data: list[PeriodView]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


_ZERO: Final = {"balance": "0.00", "owed": "0.00"}
_CLOSING: Final = {"balance": "1250.00", "owed": "0.00"}

PERIODS: Final[dict[str, Any]] = {
    "data": [
        {
            "period": "2026",
            "from": "2026-04-01",
            "to": "2027-03-31",
            "over": False,
            "currency": "INR",
            "opening": _ZERO,
            "closing": _CLOSING,
        }
    ]
}
STATEMENT: Final[dict[str, Any]] = {
    "period": "2026-11",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "asOf": None,
    "timeZone": "Asia/Kolkata",
    "program": "marketplace",
    "holder": {
        "id": "01a1f850-5d42-7c08-a4d6-d16c0fa92a68",
        "kind": "seller",
        "reference": "seller-17",
        "name": "Asha Verma",
    },
    "currency": "INR",
    "opening": _ZERO,
    "closing": _CLOSING,
    "totals": {"sale": "1250.00"},
    "lines": [
        {
            "date": "2026-11-20",
            "at": "2026-11-20T09:30:00.000Z",
            "entry": "sale",
            "text": "Sale",
            "reference": "order:1042",
            "description": "Hand-loomed scarf",
            "payoutId": None,
            "amount": "1250.00",
            "change": "1250.00",
            "balance": "1250.00",
            "owed": "0.00",
        }
    ],
}
"""What the documentation shows."""
