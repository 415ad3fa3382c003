"""Terms: what one program allows and how it works, as of one version.

A program file (``programs/*.yaml``) has the same groups and fields in the same words; ``source`` reads it. Amounts are
``Money`` in the program's currency, times are in the unit that ends a field's name. Terms never change: a new version
takes their place, and what began under an old version goes on by it.

Versions are kept for ever, so a field that is added later needs a default: old versions are read without it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from bursar.foundation.money import Money
from bursar.programs.destinations import Destinations
from bursar.programs.waits import Retry, Unknown, Webhooks


class Funding(StrEnum):
    """Whose money is paid out."""

    HOLDER = "holder"  # The holder's own balance.
    PROGRAM = "program"  # The program's funding account.


class Mode(StrEnum):
    """When approved payouts leave."""

    CONTINUOUS = "continuous"  # All day, as they come.
    SCHEDULE = "schedule"  # In runs, at the times of a calendar.


class GroupBy(StrEnum):
    """What the payouts in one call to the gateway have in common."""

    BANK = "bank"
    NONE = "none"


class ReturnsTo(StrEnum):
    """Who gets money that came back after it had been paid."""

    HOLDER = "holder"  # It is available to the holder again.
    SUSPENSE = "suspense"  # It lies on the program's suspense account until a person decides.


class Credits(StrEnum):
    """How a holder's money comes in."""

    DEPOSITS = "deposits"  # As amounts that stand for nothing else.
    EARNINGS = "earnings"  # As earnings, each traceable to the payouts that paid it off.


class Severity(StrEnum):
    """How strong a finding has to be, before a person looks."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class About(StrEnum):
    """What a holder may be told of by e-mail and push."""

    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    RETURNED = "returned"


class Frequency(StrEnum):
    """How often a calendar's schedule comes round."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class CatchUp(StrEnum):
    """What becomes of occurrences during which no worker was there."""

    SKIP = "skip"  # They are left out; the next one comes at its own time.
    ONE = "one"  # One run makes up for all of them.
    ALL = "all"  # Each gets a run of its own, one after the other.


class OnHoliday(StrEnum):
    """When a run is held whose day is a weekend or a public holiday."""

    NEXT = "next"  # On the next business day, at the same time of day.
    PREVIOUS = "previous"  # On the business day before.
    SKIP = "skip"  # Not at all.


class Pays(StrEnum):
    """What a run pays."""

    REQUESTS = "requests"  # The payouts that were asked for and approved since the last one.
    BALANCES = "balances"  # A payout for every balance of at least the minimum, which the run itself asks for.


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be asked for. None: no limit."""

    minimum: Money | None = None  # The smallest payout.
    maximum: Money | None = None  # The largest payout.
    per_day: Money | None = None  # The sum of what one holder may ask for in one day, counted in UTC.


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Which payouts wait for people, and for how many."""

    amount_at: Money | None = None  # Payouts of this amount or more are reviewed; None: none is for its amount.
    at_level: Severity = Severity.LOW  # Findings of this level or a stronger one ask for a review.
    approvals_needed: int = 1  # How many different people, none of them the requester.
    expires_after_hours: int = 24  # An older review raises an alert. Nothing is ever decided by waiting.


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a payout unusual. None, 0 or False: the rule is not asked."""

    verified: bool = False  # The holder must be verified.
    successes_min: int = 0  # So many payouts must have been completed before.
    failures_max: int | None = None  # More failed payouts than this within ``failures_days`` are unusual.
    failures_days: int = 30
    amount_factor: float | None = None  # More than so many times the largest completed payout of ``history_days``.
    frequency_factor: float | None = None  # More than so many times the holder's usual number of payouts in a week.
    history_days: int = 90  # What counts as the holder's own history.
    per_hour_max: int | None = None  # More requests than this in an hour are unusual.
    per_day_max: int | None = None  # And in 24 hours.
    changed_hours: int | None = None  # A destination that was added within so many hours is recent.
    shared_max: int | None = None  # More other holders than this with the same destination are unusual.
    name_score_min: float | None = None  # How alike the account's name and the holder's must be, from 0 to 1.
    denied: bool = True  # Holders, names and destinations on the denied list are held.


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """What a program tells its holders, by e-mail and push."""

    about: tuple[About, ...] = ()  # Empty: nothing.


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """When and how approved payouts leave."""

    mode: Mode
    every_seconds: float | None = None  # Mode continuous: the pause after a pass that left nothing waiting.
    cron: str | None = None  # Mode schedule: five parts, or a name of them (``crons``). None: ``schedule`` says when.
    time_zone: str | None = None  # Mode schedule: the IANA zone in whose wall time ``cron`` is meant.
    batch_size: int = 10  # The most payouts taken up together.
    group_by: GroupBy = GroupBy.NONE
    concurrency: int = 1  # The most calls to the gateway under way at once.
    rate_per_second: float | None = None  # The most calls to the gateway in one second; None: as the gateway allows.
    lease_seconds: float = 120.0  # How long a worker owns what it claimed; afterwards another one looks into it.


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When runs are, said as a calendar: the other way to say what ``dispatch.cron`` says."""

    enabled: bool = True  # False: runs begin by hand only, whichever way the schedule is written.
    frequency: Frequency | None = None  # None: ``dispatch.cron`` says when.
    day_of_week: int | None = None  # Weekly: 0 is Sunday, 6 Saturday.
    day_of_month: int | None = None  # Monthly: 1 to 31; in a month without that day, its last.
    hour: int = 9  # In the wall time of ``dispatch.time_zone``.
    minute: int = 0
    catch_up: CatchUp = CatchUp.ONE
    holidays: str | None = None  # ISO 3166-1 alpha-2, or with a subdivision (US-CA): whose weekends and holidays count.
    on_holiday: OnHoliday = OnHoliday.NEXT


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """What a run pays, and when it stops itself."""

    pays: Pays = Pays.REQUESTS
    cut_off_hours: float = (
        0.0  # Pays balances: what was credited within so many hours before the run is left for the next.
    )
    failsafe: bool = True  # False: a run goes on whatever happens.
    failure_rate_max: float = 50.0  # Percent of a run's payouts that have ended. More: the run stops.
    failures_min: int = 10  # As long as fewer have failed, the rate says nothing.
    amount_max: Money | None = None  # A run of more than this stops before anything of it leaves.
    emails: tuple[str, ...] = ()  # Who is told what a run came to, beside those who may approve.
    payouts_max: int | None = None  # Pays requests: the most that one run takes, oldest first; None: all that wait.
    own_schedules: bool = False  # Pays requests: holders may choose to be paid daily, weekly or monthly by themselves.


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a completed order is worth, beside its item's price, which is the seller's.

    Fees and bounties are a share of the item's price, a fixed amount, or both together; shares are rounded to whole
    minor units, halves to the even one.
    """

    fee_percent: float = 0.0  # The platform's, where an order does not say.
    fee_fixed: Money | None = None
    bounty_percent: float = 0.0  # The scout's, who recruited the seller; paid by the platform.
    bounty_fixed: Money | None = None
    bounty_sales_max: int | None = None  # Of how many of the seller's orders, from the first one; None: of all.
    sellers_complete: bool = False  # Whether sellers may complete their own orders, beside the platform and staff.


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """How a year's statement is cut."""

    year_begins: int = 1  # The month with which a year begins: 4 in India, whose year 2026 ends in March 2027.
    time_zone: str = "UTC"  # Whose days and months they are.


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """What a program's alerts are opened for, and who is told. None: not watched."""

    enabled: bool = True
    failure_rate_max: float | None = 10.0  # Percent of the payouts that ended within ``window_hours``.
    pending_max: int | None = 50  # Payouts that were asked for and have not ended.
    delay_hours_max: float | None = 24.0  # From request to end on average, within ``window_hours``.
    amount_max: Money | None = None  # What was paid out within ``window_hours``.
    window_hours: int = 24
    emails: tuple[str, ...] = ()
    webhook_urls: tuple[str, ...] = ()  # Each is posted a signed message when an alert opens and when it ends.


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Who moves the money."""

    gateway: str  # The gateway's name.
    float_seconds: float = 60.0  # After it lacked funds: how often its balance is looked at.


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """Many payouts asked for at once."""

    rows_max: int = 10_000  # Payouts in one request or file.


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One program's rules, as of one version."""

    program: str
    title: str  # What people call it.
    holder_kinds: tuple[str, ...]  # Who owns a balance here, such as ``merchant``.
    currency: str  # ISO 4217; the one currency of all amounts here.
    funding: Funding
    credits: Credits = Credits.DEPOSITS
    limits: Limits = Limits()
    review: Review = Review()
    risk: Risk = Risk()
    dispatch: Dispatch
    schedule: Schedule = Schedule()
    runs: Runs = Runs()
    orders: Orders = Orders()
    statements: Statements = Statements()
    route: Route
    retry: Retry = Retry()
    unknown: Unknown = Unknown()
    webhooks: Webhooks = Webhooks()
    notices: Notices = Notices()
    alerts: Alerts = Alerts()
    destinations: Destinations
    returns_to: ReturnsTo = ReturnsTo.HOLDER
    bulk: Bulk = Bulk()
    version: int = 0  # Given by the database; 0 for terms that have not been applied.


@dataclass(frozen=True, slots=True)
class Version:
    """When a version of a program's terms came to count, and by whom."""

    program: str
    version: int
    applied_by: str
    note: str
    applied_at: datetime


Value = bool | str | int | float | Money | tuple[str | float, ...] | None
"""What a single field of the terms can hold."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs between two versions of the terms."""

    field: str
    before: Value
    after: Value


def fields(terms: Terms) -> Mapping[str, Value]:
    """Every field by its path, as a program file orders and names them: ``review.amount_at``, ``route.gateway``."""
    return {path: value for path, value in _leaves(terms) if path != "version"}


def same(one: Terms, other: Terms) -> bool:
    """Whether two terms say the same, whatever version they carry."""
    return not diff(one, other)


def diff(old: Terms, new: Terms) -> list[Change]:
    """What changes from one version to the other, field by field."""
    before, after = fields(old), fields(new)
    return [Change(field, before[field], after[field]) for field in before if before[field] != after[field]]


def _leaves(group: msgspec.Struct, prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name in group.__struct_fields__:
        value = getattr(group, name)
        if isinstance(value, msgspec.Struct):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
