"""What staff ask and are shown about how payouts went."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec

from bursar.api import exports
from bursar.api.rules import ProgramName
from bursar.foundation.errors import Invalid
from bursar.payouts import PayoutState
from bursar.payouts.analytics import DAYS_MAX, TIMES, Days, Dimension, Group

Day = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)",
        description=f"A day on the program's clock, included whole. At most {DAYS_MAX} days; left out, the last 30.",
        examples=["2026-11-20"],
        extra_json_schema={"format": "date"},
    ),
]


class AnalyticsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which payouts to count, by the day on which they were asked for, and by what."""

    program: (
        Annotated[ProgramName, msgspec.Meta(description="Only of this program, whose clock then counts; else UTC.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    first: Day | msgspec.UnsetType = msgspec.UNSET
    last: Day | msgspec.UnsetType = msgspec.UNSET
    group: Annotated[
        list[Dimension],
        msgspec.Meta(
            description="What is counted for itself: one of `day`, `week` and `month`, beside `kind`, `status` and "
            "`gateway`. Left out: all together. Currencies are never added up.",
            examples=[["day", "status"]],
        ),
    ] = msgspec.field(default_factory=list)
    format: exports.Format | msgspec.UnsetType = msgspec.UNSET

    @property
    def by(self) -> frozenset[Dimension]:
        """What payouts are grouped by.

        Raises:
            Invalid: by two measures of time at once.
        """
        chosen = frozenset(self.group)
        if len(chosen & TIMES) > 1:
            raise Invalid(field="group", rule="one of day, week and month, not several")
        return chosen

    @property
    def begin(self) -> date | None:
        """The first day.

        Raises:
            Invalid: there is no such day.
        """
        return _day(self.first, field="from")

    @property
    def end(self) -> date | None:
        """The last day.

        Raises:
            Invalid: there is no such day.
        """
        return _day(self.last, field="to")


class GroupView(msgspec.Struct, rename="camel", kw_only=True):
    """Some payouts. What they were not grouped by is null; `date` is the first day of their day, week or month.

    `paid` is what those that are completed add up to. `failed` counts those that failed or came back, `successRate` is
    the share in percent of `completed` in both together. Seconds are those from request to end.
    """

    date: str | None
    kind: str | None
    status: PayoutState | None
    gateway: str | None
    currency: str
    count: int
    amount: str
    completed: int
    failed: int
    paid: str
    success_rate: float | None
    average_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None

    @classmethod
    def of(cls, group: Group) -> "GroupView":
        """Show one group."""
        return cls(
            date=group.since.isoformat() if group.since else None,
            kind=group.kind,
            status=group.status,
            gateway=group.gateway,
            currency=group.amount.currency,
            count=group.count,
            amount=group.amount.text,
            completed=group.completed,
            failed=group.failed,
            paid=group.paid.text,
            success_rate=group.success_rate,
            average_seconds=_seconds(group.average_seconds),
            p50_seconds=_seconds(group.p50_seconds),
            p95_seconds=_seconds(group.p95_seconds),
        )


COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(GroupView))


class AnalyticsAnswer(msgspec.Struct, rename="camel", kw_only=True):
    """What the payouts that were asked for in these days came to by now."""

    program: str | None
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    time_zone: str
    group: list[Dimension]
    data: list[GroupView]

    @classmethod
    def of(cls, program: str | None, days: Days, by: frozenset[Dimension], found: list[Group]) -> "AnalyticsAnswer":
        """Show all groups."""
        return cls(
            program=program,
            first=days.first.isoformat(),
            last=days.last.isoformat(),
            time_zone=days.time_zone,
            group=[dimension for dimension in Dimension if dimension in by],
            data=[GroupView.of(group) for group in found],
        )


def row(view: GroupView) -> exports.Row:
    """A line of CSV, in the order of ``COLUMNS``."""
    told = msgspec.to_builtins(view)
    return [told[column] if not isinstance(told[column], float) else f"{told[column]:g}" for column in COLUMNS]


def _day(text: str | msgspec.UnsetType, *, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as unknown:
        raise Invalid(field=field, rule="a day such as 2026-11-20", given=text) from unknown


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


ANALYTICS: Final[dict[str, Any]] = {
    "program": "marketplace",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "timeZone": "Asia/Kolkata",
    "group": ["day", "kind"],
    "data": [
        {
            "date": "2026-11-20",
            "kind": "scout_bounty",
            "status": None,
            "gateway": None,
            "currency": "INR",
            "count": 20,
            "amount": "20000.00",
            "completed": 18,
            "failed": 1,
            "paid": "18000.00",
            "successRate": 94.74,
            "averageSeconds": 1804.2,
            "p50Seconds": 1802.5,
            "p95Seconds": 3411.0,
        }
    ],
}
"""What the documentation shows."""
