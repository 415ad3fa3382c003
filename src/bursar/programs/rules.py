"""What each field of a program file must be, as one table that mirrors ``model.Terms``.

A field's rule is the sentence a user reads, so it says what is allowed rather than what was wrong. A field that
may be left out is one with a default in the model, and it may be empty when that default is None.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from babel import Locale
from cronsim import CronSim, CronSimError

from bursar.foundation import texts
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, exponent
from bursar.programs import model

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
CRON_PARTS: Final = 5  # cronsim would also read a sixth one, for seconds; our runs are not that fine.
LEASE_SECONDS_MIN: Final = 35.0  # A call may take 30 s, and its outcome must still be written down by its owner.
WEBHOOK_ATTEMPTS_MIN: Final = 3  # The merchants document promises up to three retries; fewer tries would break it.
SOME_MONDAY: Final = datetime(2026, 1, 5, tzinfo=UTC)  # From where a schedule is tried out; any day does.


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: the rule, and how its text is read. ``read`` raises ValueError or Refusal for any other text."""

    rule: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Several:
    """A list of such values."""

    item: Scalar
    least: int = 1
    distinct: bool = True


@dataclass(frozen=True, slots=True)
class Agreement:
    """A rule between fields of one group. It is about ``field``, and asked when all ``between`` could be read."""

    field: str
    rule: str
    between: tuple[str, ...]
    holds: Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of fields: the struct it becomes, the rule of each field, and the rules between them."""

    struct: type[msgspec.Struct]
    fields: Mapping[str, "Rule"]
    agreements: tuple[Agreement, ...] = ()


Rule = Scalar | Several | Group


def terms(currency: str | None) -> Group:
    """The whole file, with amounts of this currency; None when it is not known, and amounts cannot be judged."""
    return Group(
        model.Terms,
        {
            "program": _name(),
            "title": Scalar("one line of 1 to 80 characters", _title),
            "holder_kinds": Several(_name()),
            "currency": CURRENCY,
            "funding": _one_of(model.Funding),
            "credits": _one_of(model.Credits),
            "limits": _limits(_amount(currency)),
            "review": _review(_amount(currency)),
            "risk": _risk(),
            "dispatch": _dispatch(),
            "route": Group(model.Route, {"gateway": _name(), "float_seconds": _seconds(0.05, HOUR)}),
            "retry": _retry(),
            "unknown": _unknown(),
            "webhooks": _webhooks(),
            "notices": Group(model.Notices, {"about": Several(_one_of(model.About), least=0)}),
            "destinations": _destinations(),
            "returns_to": _one_of(model.ReturnsTo),
            "bulk": Group(model.Bulk, {"rows_max": _whole(1, 100_000)}),
        },
        (
            Agreement(
                "returns_to",
                "must be suspense when funding is program: its holders have no balance to return money to",
                ("funding", "returns_to"),
                lambda funding, returns_to: funding is model.Funding.HOLDER or returns_to is model.ReturnsTo.SUSPENSE,
            ),
            Agreement(
                "credits",
                "must be deposits when funding is program: its holders have no balance to credit",
                ("funding", "credits"),
                lambda funding, credits: funding is model.Funding.HOLDER or credits is model.Credits.DEPOSITS,  # noqa: A006 - the field's name
            ),
        ),
    )


def _limits(amount: Scalar) -> Group:
    return Group(
        model.Limits,
        {"minimum": amount, "maximum": amount, "per_day": amount},
        (
            Agreement("maximum", "must be at least the minimum", ("minimum", "maximum"), _ascends),
            Agreement("per_day", "must be at least the maximum", ("maximum", "per_day"), _ascends),
            Agreement("per_day", "must be at least the minimum", ("minimum", "per_day"), _ascends),
        ),
    )


def _review(amount: Scalar) -> Group:
    return Group(
        model.Review,
        {
            "amount_at": amount,
            "at_level": _one_of(model.Severity),
            "approvals_needed": _whole(1, 5),
            "expires_after_hours": _whole(1, 24 * 90),
        },
    )


def _risk() -> Group:
    return Group(
        model.Risk,
        {
            "verified": _yes_or_no(),
            "successes_min": _whole(0, 1000),
            "failures_max": _whole(0, 1000),
            "failures_days": _whole(1, 365),
            "amount_factor": _number(1, 1000),
            "frequency_factor": _number(1, 1000),
            "history_days": _whole(7, 3650),
            "per_hour_max": _whole(1, 100_000),
            "per_day_max": _whole(1, 100_000),
            "changed_hours": _whole(1, 24 * 90),
            "shared_max": _whole(0, 1000),
            "name_score_min": _number(0, 1),
            "denied": _yes_or_no(),
        },
    )


def _dispatch() -> Group:
    fields: dict[str, Rule] = {
        "mode": _one_of(model.Mode),
        "every_seconds": _seconds(0.05, DAY),
        "cron": Scalar("a cron expression of five parts that names some moment, such as 0 9 1 * *", _cron),
        "time_zone": Scalar("a time zone of the IANA database, such as UTC or Asia/Karachi", _time_zone),
        "batch_size": _whole(1, 1000),
        "group_by": _one_of(model.GroupBy),
        "concurrency": _whole(1, 500),
        "rate_per_second": _number(0.01, 10_000),
        "lease_seconds": _seconds(LEASE_SECONDS_MIN, HOUR),
    }
    continuous, schedule = model.Mode.CONTINUOUS, model.Mode.SCHEDULE
    return Group(
        model.Dispatch,
        fields,
        (
            _belongs("every_seconds", to=continuous),
            _belongs("cron", to=schedule),
            _belongs("time_zone", to=schedule),
        ),
    )


def _belongs(field: str, *, to: model.Mode) -> Agreement:
    """The field is given in its mode, and only there: elsewhere it would say something that is not done."""
    rule = f"must be given when mode is {to}, and only then"
    return Agreement(field, rule, ("mode", field), lambda mode, value: (mode is to) == (value is not None))


def _retry() -> Group:
    return Group(
        model.Retry,
        {
            "max_attempts": _whole(1, model.ATTEMPTS_MAX),
            "base_seconds": _seconds(0.05, DAY),
            "factor": _number(1, 10),
            "max_seconds": _seconds(0.05, 7 * DAY),
            "jitter": _number(0, 1),
        },
        (Agreement("max_seconds", "must be at least base_seconds", ("base_seconds", "max_seconds"), _ascends),),
    )


def _unknown() -> Group:
    waits = Several(_seconds(0.05, 7 * DAY), distinct=False)
    return Group(
        model.Unknown,
        {"schedule_seconds": waits, "limit_hours": _whole(1, 24 * 30), "poll_seconds": waits},
        (
            Agreement("schedule_seconds", "must not grow shorter", ("schedule_seconds",), _backs_off),
            Agreement("poll_seconds", "must not grow shorter", ("poll_seconds",), _backs_off),
            Agreement(
                "limit_hours",
                "must leave time for at least the first inquiry of schedule_seconds",
                ("schedule_seconds", "limit_hours"),
                lambda schedule, hours: schedule[0] < hours * HOUR,
            ),
        ),
    )


def _webhooks() -> Group:
    return Group(
        model.Webhooks,
        {
            "max_attempts": _whole(WEBHOOK_ATTEMPTS_MIN, model.ATTEMPTS_MAX),
            "schedule_seconds": Several(_seconds(0.05, 7 * DAY), distinct=False),
            "timeout_seconds": _seconds(1, 60),
        },
        (
            Agreement(
                "schedule_seconds",
                "must have one wait less than max_attempts: one after each try but the last",
                ("max_attempts", "schedule_seconds"),
                lambda attempts, schedule: len(schedule) == attempts - 1,
            ),
        ),
    )


def _destinations() -> Group:
    kinds = ", ".join(model.DestinationType)
    bank_only = "is for the type BANK, which is not among the types"
    return Group(
        model.Destinations,
        {
            "types": Several(Scalar(f"one of {kinds}", model.DestinationType)),
            "country": Scalar("a country's two-letter code of ISO 3166, such as PK", _country),
            "bank_codes": Several(_matching(r"[A-Z0-9]{2,20}", "2 to 20 capital letters and digits"), least=0),
            "account_number": Scalar(
                "a plain pattern of letters, digits, [A-Z0-9], {8,24} and | such as [0-9]{8,24}", _number_pattern
            ),
            "account_title_max": _whole(1, 140),
            "cool_off_hours": _number(0, 24 * 30, "a number of hours"),
            "validate": _yes_or_no(),
        },
        (
            Agreement("bank_codes", bank_only, ("types", "bank_codes"), _only_for_banks),
            Agreement("account_number", bank_only, ("types", "account_number"), _only_for_banks),
            Agreement("validate", bank_only, ("types", "validate"), _only_for_banks),
        ),
    )


def _ascends(low: Any, high: Any) -> bool:
    return low is None or high is None or low <= high


def _backs_off(waits: tuple[float, ...]) -> bool:
    return list(waits) == sorted(waits)


def _only_for_banks(types: tuple[model.DestinationType, ...], value: object) -> bool:
    return not value or model.DestinationType.BANK in types


def _name() -> Scalar:
    # The shape that the table ``programs`` checks as well.
    return _matching(r"[a-z][a-z0-9_-]{0,39}", "1 to 40 small letters, digits, - and _, with a letter first")


def _matching(pattern: str, rule: str) -> Scalar:
    def read(text: str) -> str:
        return text if re.fullmatch(pattern, text) else _refuse(text)

    return Scalar(rule, read)


def _one_of(choices: type[StrEnum]) -> Scalar:
    return Scalar(f"one of {', '.join(choices)}", choices)


def _yes_or_no() -> Scalar:
    words = {"true": True, "false": False}
    return Scalar("true or false", lambda text: words[text] if text in words else _refuse(text))


def _whole(least: int, most: int) -> Scalar:
    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else _refuse(text)
        return number if least <= number <= most else _refuse(text)

    return Scalar(f"a whole number from {least} to {most}", read)


def _seconds(least: float, most: float) -> Scalar:
    return _number(least, most, "a number of seconds")


def _number(least: float, most: float, what: str = "a number") -> Scalar:
    def read(text: str) -> float:
        number = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) else _refuse(text)
        return number if least <= number <= most else _refuse(text)

    return Scalar(f"{what} from {least:g} to {most:g}", read)


def _amount(currency: str | None) -> Scalar:
    if currency is None:  # The currency's own problem is reported; these would only repeat it.
        return Scalar("an amount", lambda _: None)
    decimals = exponent(currency)
    some = f"with at most {decimals} decimals" if decimals else "without decimals"
    return Scalar(f"a positive amount of {currency} {some}", lambda text: Money.parse(text, currency))


def _title(text: str) -> str:
    texts.insist_line(text, field="title", most=80)
    return text


def _currency(text: str) -> str:
    exponent(text)
    return text if re.fullmatch(r"[A-Z]{3}", text) else _refuse(text)


def _country(text: str) -> str:
    known = re.fullmatch(r"[A-Z]{2}", text) and text in Locale("en").territories
    return text if known else _refuse(text)


def _cron(text: str) -> str:
    """Reads what cronsim reads, and comes true some day: there is no 30 February."""
    try:
        next(CronSim(text, SOME_MONDAY))
    except (CronSimError, StopIteration):
        _refuse(text)
    return text if len(text.split()) == CRON_PARTS else _refuse(text)


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Asia.
        _refuse(text)
    return text


def _number_pattern(text: str) -> str:
    """Without groups and open repetition, no crafted account number can send the matching astray."""
    plain = r"([A-Za-z0-9|]|\[[A-Za-z0-9-]+\]|\{[0-9]{1,2}(,[0-9]{1,2})?\})+"
    if not re.fullmatch(plain, text):
        _refuse(text)
    try:
        re.compile(text)
    except re.error:
        _refuse(text)
    return text


def _refuse(text: str) -> Any:
    raise ValueError(text)


CURRENCY: Final = Scalar("an ISO 4217 currency code such as PKR", _currency)
"""Read before everything else, because the amounts depend on it."""

REFUSED: Final = (ValueError, Refusal)
"""What reading a text may raise when it is not what the rule says."""
