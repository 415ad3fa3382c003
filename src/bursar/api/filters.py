"""What lists can be asked for: a time, an amount, a text; the same words for every audience."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bursar import payouts
from bursar.api import exports
from bursar.api.paging import PageQuery
from bursar.api.rules import LINE
from bursar.foundation import texts
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.payouts import PayoutState

SEARCH_LENGTH_MAX: Final = 200

Search = Annotated[str, msgspec.Meta(min_length=1, max_length=SEARCH_LENGTH_MAX, extra_json_schema={"pattern": LINE})]
Moment = Annotated[
    str,
    msgspec.Meta(
        min_length=10,
        max_length=40,
        description="A day (UTC) or a moment with its zone, in ISO 8601.",
        examples=["2025-12-12", "2025-12-12T11:13:51Z"],
        extra_json_schema={"anyOf": [{"format": "date"}, {"format": "date-time"}]},
    ),
]
Amount = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?!0+(\.0+)?$)[0-9]{1,13}(\.[0-9]{1,4})?$",
        description="An amount in major units.",
        examples=["1000.00"],
    ),
]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOST_PLUS: Final = re.compile(r"(T.*) (\d{2}:?\d{2})")


class TimeQuery(PageQuery, kw_only=True, rename={"since": "from", "until": "to"}):
    """A span of time, from its first moment to before its last; a plain day as ``to`` is included whole."""

    since: Moment | msgspec.UnsetType = msgspec.UNSET
    until: Moment | msgspec.UnsetType = msgspec.UNSET
    format: exports.Format | msgspec.UnsetType = msgspec.UNSET

    @property
    def begin(self) -> datetime | None:
        """The first moment.

        Raises:
            Invalid: ``from`` is not a day or a moment.
        """
        return moment(self.since, field="from") if self.since else None

    @property
    def end(self) -> datetime | None:
        """The moment after the last.

        Raises:
            Invalid: ``to`` is not a day or a moment.
        """
        if not self.until:
            return None
        found = moment(self.until, field="to")
        try:
            return found + timedelta(days=1) if _DAY.fullmatch(self.until) else found
        except OverflowError as late:
            raise Invalid(field="to", rule="before the end of the calendar") from late


class PayoutQuery(
    TimeQuery,
    kw_only=True,
    rename={"since": "from", "until": "to", "amount_min": "minAmount", "amount_max": "maxAmount"},
):
    """Which payouts to list."""

    search: (
        Annotated[
            Search,
            msgspec.Meta(description="How a reference, a PSP reference or an id begins.", examples=["test-success"]),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    amount_min: Amount | msgspec.UnsetType = msgspec.UNSET
    amount_max: Amount | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        insist_searchable(self.search)

    def of_holder(self, holder_id: UUID, states: frozenset[PayoutState], *, currency: str) -> payouts.Query:
        """Those of one holder's payouts that stand so; amounts are in ``currency``.

        Raises:
            Invalid: a moment is none, or an amount is more precise than the currency.
        """
        return payouts.Query(
            holder_id=holder_id,
            states=states,
            search=self.search or None,
            since=self.begin,
            until=self.end,
            amount_min=self.least(currency),
            amount_max=self.most(currency),
        )

    def least(self, currency: str) -> int | None:
        """The smallest amount, in minor units.

        Raises:
            BadAmount: ``minAmount`` is more precise than the currency, or beyond all bounds.
        """
        return _minor(self.amount_min, currency, field="minAmount")

    def most(self, currency: str) -> int | None:
        """The largest amount, in minor units.

        Raises:
            BadAmount: ``maxAmount`` is more precise than the currency, or beyond all bounds.
        """
        return _minor(self.amount_max, currency, field="maxAmount")


def insist_searchable(text: str | msgspec.UnsetType) -> None:
    """Insist on a line, where something is searched for.

    Raises:
        Invalid: it is none.
    """
    if text:
        texts.insist_line(text, field="search", most=SEARCH_LENGTH_MAX)


def moment(text: str, *, field: str) -> datetime:
    """A moment with its zone, or the first one of a day, in UTC.

    Raises:
        Invalid: it is neither.
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        # A plus that nobody encoded arrives as a space.
        found = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError) as unreadable:
        raise _not_a_moment(text, field) from unreadable
    raise _not_a_moment(text, field)


def _not_a_moment(text: str, field: str) -> Invalid:
    rule = "a day such as 2025-12-12, or a moment with its zone such as 2025-12-12T11:13:51Z"
    return Invalid(field=field, rule=rule, given=text)


def _minor(text: str | msgspec.UnsetType, currency: str, *, field: str) -> int | None:
    return Money.parse(text, currency, field=field).minor if text else None
