"""The three configurations of the writers document, in its words, over the terms that stand behind them.

Each name of the document is one field of the terms; a table for each configuration says which, and how the two differ
in their units. Both ways go by it: what staff are shown, and what they change, which becomes a version of the terms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from bursar import programs
from bursar.api import amounts
from bursar.api.amounts import Amount, FigureOrNull
from bursar.api.problems import camel
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money

SEVERAL_MAX: Final = 50  # Addresses in one list.

BatchSize = Annotated[int, msgspec.Meta(ge=1, le=1000, description="Payouts taken up together.", examples=[10])]
MaxRetries = Annotated[int, msgspec.Meta(ge=0, le=19, description="Attempts after the first one.", examples=[3])]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100, examples=[10])]
Hours = Annotated[float, msgspec.Meta(ge=0.01, le=2160, examples=[24])]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000, examples=[50])]
DayOfWeek = Annotated[int, msgspec.Meta(ge=0, le=6, description="Weekly: 0 is Sunday.", examples=[1])]
DayOfMonth = Annotated[
    int, msgspec.Meta(ge=1, le=31, description="Monthly; in a month without that day, its last.", examples=[1])
]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23, examples=[9])]
Minute = Annotated[int, msgspec.Meta(ge=0, le=59, examples=[0])]
Zone = Annotated[str, msgspec.Meta(max_length=64, description="An IANA time zone.", examples=["UTC"])]
Cron = Annotated[
    str,
    msgspec.Meta(
        max_length=100,
        description="The other way to say when: a cron expression of five parts, or a name such as `EVERY_HOUR`.",
        examples=["0 9 1 * *"],
    ),
]
Emails = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=254)]],
    msgspec.Meta(max_length=SEVERAL_MAX, examples=[["finance@example.com"]]),
]
Urls = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=512)]],
    msgspec.Meta(max_length=SEVERAL_MAX, examples=[["https://example.com/alerts"]]),
]
AmountOrNull = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"anyOf": [*amounts.SCHEMA["anyOf"], {"type": "null"}]})
]


class BadConfig(Invalid):
    """The configuration breaks a rule."""

    code = "invalid_config"


# What staff are shown -------------------------------------------------------------------------------------------------


class AutomatedPayoutConfig(msgspec.Struct, rename="camel", kw_only=True):
    """How payouts are processed."""

    batch_size: BatchSize
    max_retries: MaxRetries
    retry_delay_ms: int
    processing_timeout_ms: int
    minimum_threshold: FigureOrNull
    max_concurrent_processing: int
    enable_failsafe: bool

    @classmethod
    def of(cls, terms: programs.Terms) -> "AutomatedPayoutConfig":
        """Show a program's."""
        return cls(**_shown(terms, PROCESSING))


class PayoutScheduleConfig(msgspec.Struct, rename="camel", kw_only=True):
    """When runs begin, as a calendar (`frequency`) or as a `cron` expression; and what they pay."""

    enabled: bool
    frequency: programs.Frequency | UnsetType = UNSET
    day_of_week: DayOfWeek | UnsetType = UNSET
    day_of_month: DayOfMonth | UnsetType = UNSET
    hour: Hour
    minute: Minute
    cron: Cron | UnsetType = UNSET
    timezone: Zone | UnsetType = UNSET
    minimum_threshold: FigureOrNull
    batch_size: BatchSize
    max_retries: MaxRetries
    notification_emails: Emails

    @classmethod
    def of(cls, terms: programs.Terms) -> "PayoutScheduleConfig":
        """Show a program's."""
        shown = _shown(terms, SCHEDULE)
        absent = {name: UNSET for name in _LEFT_OUT if shown[name] is None}
        return cls(**shown | absent)


class PayoutAlertConfig(msgspec.Struct, rename="camel", kw_only=True):
    """What alerts are opened for, and who is told; `null`: not watched."""

    enabled: bool
    failure_rate_threshold: Percent | None
    pending_payout_threshold: Count | None
    processing_delay_threshold: Hours | None
    total_amount_threshold: FigureOrNull
    notification_emails: Emails
    webhook_urls: Urls

    @classmethod
    def of(cls, terms: programs.Terms) -> "PayoutAlertConfig":
        """Show a program's."""
        return cls(**_shown(terms, ALERTS))


# What staff change ----------------------------------------------------------------------------------------------------


class ScheduleChanges(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What is to change of when and how payouts are processed; what is left out stays as it is."""

    enabled: bool | UnsetType = UNSET
    frequency: programs.Frequency | UnsetType = UNSET
    day_of_week: DayOfWeek | UnsetType | None = UNSET
    day_of_month: DayOfMonth | UnsetType | None = UNSET
    hour: Hour | UnsetType = UNSET
    minute: Minute | UnsetType = UNSET
    cron: Cron | UnsetType = UNSET
    timezone: Zone | UnsetType = UNSET
    minimum_threshold: Amount | UnsetType = UNSET
    batch_size: BatchSize | UnsetType = UNSET
    max_retries: MaxRetries | UnsetType = UNSET
    notification_emails: Emails | UnsetType = UNSET
    retry_delay_ms: Annotated[int, msgspec.Meta(ge=50, le=3_600_000)] | UnsetType = UNSET
    processing_timeout_ms: Annotated[int, msgspec.Meta(ge=35_000, le=3_600_000)] | UnsetType = UNSET
    max_concurrent_processing: Annotated[int, msgspec.Meta(ge=1, le=500)] | UnsetType = UNSET
    enable_failsafe: bool | UnsetType = UNSET

    def of_terms(self, terms: programs.Terms) -> dict[str, programs.Value]:
        """The same as fields of the terms. A calendar takes the place of a cron expression, and the other way round.

        Raises:
            BadConfig: it says when in both ways, or changes a time of day that does not count.
            BadAmount: the minimum is no amount of the program's currency.
        """
        has_cron = self.cron is not UNSET
        if has_cron and not {self.frequency, self.day_of_week, self.day_of_month, self.hour, self.minute} <= {UNSET}:
            raise BadConfig(field="cron", rule="given without frequency, days, hour and minute")
        if terms.dispatch.cron and not self.frequency and not {self.hour, self.minute} <= {UNSET}:
            raise BadConfig(field="frequency", rule="given beside hour and minute; a cron expression says when now")
        changed = _changes(self, {**SCHEDULE, **PROCESSING}, terms)
        return _making_way(self) | changed


class AlertChanges(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What is to change of the alerts; what is left out stays as it is."""

    enabled: bool | UnsetType = UNSET
    failure_rate_threshold: Percent | UnsetType | None = UNSET
    pending_payout_threshold: Count | UnsetType | None = UNSET
    processing_delay_threshold: Hours | UnsetType | None = UNSET
    total_amount_threshold: AmountOrNull | UnsetType = UNSET
    notification_emails: Emails | UnsetType = UNSET
    webhook_urls: Urls | UnsetType = UNSET

    def of_terms(self, terms: programs.Terms) -> dict[str, programs.Value]:
        """The same as fields of the terms.

        Raises:
            BadAmount: the total is no amount of the program's currency.
        """
        return _changes(self, ALERTS, terms)


def in_these_words(refused: programs.BadTerms) -> BadConfig:
    """Why terms were refused, with the document's names for their fields."""
    told = [(_name_of(problem.field), problem.rule) for problem in refused.problems]
    field, rule = told[0]
    sentences = "; ".join(f"{name} {broken}" for name, broken in told)
    return BadConfig(f"The configuration breaks a rule: {sentences}.", field=field, rule=rule.removeprefix("must be "))


# Which name is which field --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """Where the terms hold what a name of the document means, and how it is written here and there."""

    path: str
    show: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any, str, str], programs.Value] = lambda value, _name, _currency: value


def _ms(path: str) -> Field:
    """Milliseconds here, seconds there."""
    return Field(path, lambda seconds: round(seconds * 1000), lambda given, _name, _currency: given / 1000)


def _money(path: str, *, nullable: bool = False) -> Field:
    def read(given: msgspec.Raw, name: str, currency: str) -> Money | None:
        return None if nullable and bytes(given) == b"null" else amounts.money(given, currency, field=name)

    return Field(path, amounts.figure, read)


def _list(path: str) -> Field:
    return Field(path, list, lambda given, _name, _currency: tuple(given))


_RETRIES: Final = Field(  # We count attempts, the first one included.
    "retry.max_attempts", lambda attempts: attempts - 1, lambda given, _name, _currency: given + 1
)
_BOTH: Final = {
    "minimum_threshold": _money("limits.minimum"),
    "batch_size": Field("dispatch.batch_size"),
    "max_retries": _RETRIES,
}

PROCESSING: Final[Mapping[str, Field]] = {
    **_BOTH,
    "retry_delay_ms": _ms("retry.base_seconds"),
    "processing_timeout_ms": _ms("dispatch.lease_seconds"),
    "max_concurrent_processing": Field("dispatch.concurrency"),
    "enable_failsafe": Field("runs.failsafe"),
}
SCHEDULE: Final[Mapping[str, Field]] = {
    **_BOTH,
    "enabled": Field("schedule.enabled"),
    "frequency": Field("schedule.frequency"),
    "day_of_week": Field("schedule.day_of_week"),
    "day_of_month": Field("schedule.day_of_month"),
    "hour": Field("schedule.hour"),
    "minute": Field("schedule.minute"),
    "cron": Field("dispatch.cron"),
    "timezone": Field("dispatch.time_zone"),
    "notification_emails": _list("runs.emails"),
}
ALERTS: Final[Mapping[str, Field]] = {
    "enabled": Field("alerts.enabled"),
    "failure_rate_threshold": Field("alerts.failure_rate_max"),
    "pending_payout_threshold": Field("alerts.pending_max"),
    "processing_delay_threshold": Field("alerts.delay_hours_max"),
    "total_amount_threshold": _money("alerts.amount_max", nullable=True),
    "notification_emails": _list("alerts.emails"),
    "webhook_urls": _list("alerts.webhook_urls"),
}

_LEFT_OUT: Final = ("frequency", "day_of_week", "day_of_month", "cron", "timezone")  # Where they say nothing.
_DAYS: Final[Mapping[str, programs.Frequency]] = {
    "schedule.day_of_week": programs.Frequency.WEEKLY,
    "schedule.day_of_month": programs.Frequency.MONTHLY,
}


def _shown(terms: programs.Terms, table: Mapping[str, Field]) -> dict[str, Any]:
    held = programs.fields(terms)
    return {name: field.show(held[field.path]) for name, field in table.items()}


def _changes(given: msgspec.Struct, table: Mapping[str, Field], terms: programs.Terms) -> dict[str, programs.Value]:
    values = {name: getattr(given, name) for name in table}
    return {
        table[name].path: table[name].read(value, camel(name), terms.currency)
        for name, value in values.items()
        if value is not UNSET
    }


def _making_way(given: ScheduleChanges) -> dict[str, programs.Value]:
    """What says when, otherwise than was asked for, and so has to go."""
    if given.cron:
        return dict.fromkeys(("schedule.frequency", *_DAYS))
    if given.frequency:
        return dict.fromkeys(("dispatch.cron", *(day for day, goes in _DAYS.items() if goes is not given.frequency)))
    return {}


def _name_of(path: str) -> str:
    """The document's name for a field of the terms, or for an item of it; the terms' own where there is none."""
    whole, bracket, place = path.partition("[")
    names = {field.path: camel(name) for table in (ALERTS, PROCESSING, SCHEDULE) for name, field in table.items()}
    return f"{names.get(whole, whole)}{bracket}{place}"
