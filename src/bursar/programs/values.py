"""What a single value in a program file must be, and what a group of fields is made of.

A value's rule is the sentence a user reads, so it says what is allowed rather than what was wrong.
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
from bursar.programs.crons import five_parts

CRON_PARTS: Final = 5  # cronsim would also read a sixth one, for seconds; our runs are not that fine.
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


def name() -> Scalar:
    """A name of ours, in the shape that the table ``programs`` checks as well."""
    return matching(r"[a-z][a-z0-9_-]{0,39}", "1 to 40 small letters, digits, - and _, with a letter first")


def matching(pattern: str, rule: str) -> Scalar:
    """A text that matches this pattern as a whole."""

    def read(text: str) -> str:
        return text if re.fullmatch(pattern, text) else _refuse(text)

    return Scalar(rule, read)


def one_of(choices: type[StrEnum]) -> Scalar:
    """One word of these."""
    return Scalar(f"one of {', '.join(choices)}", choices)


def yes_or_no() -> Scalar:
    """True or false, in small letters."""
    words = {"true": True, "false": False}
    return Scalar("true or false", lambda text: words[text] if text in words else _refuse(text))


def whole(least: int, most: int) -> Scalar:
    """A whole number within bounds."""

    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else _refuse(text)
        return number if least <= number <= most else _refuse(text)

    return Scalar(f"a whole number from {least} to {most}", read)


def seconds(least: float, most: float) -> Scalar:
    """A number of seconds within bounds."""
    return number(least, most, "a number of seconds")


def number(least: float, most: float, what: str = "a number") -> Scalar:
    """A number within bounds, with up to six decimals."""

    def read(text: str) -> float:
        number = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) else _refuse(text)
        return number if least <= number <= most else _refuse(text)

    return Scalar(f"{what} from {least:g} to {most:g}", read)


def amount(currency: str | None) -> Scalar:
    """A positive amount of this currency; None where the currency itself could not be read."""
    if currency is None:  # The currency's own problem is reported; these would only repeat it.
        return Scalar("an amount", lambda _: None)
    decimals = exponent(currency)
    some = f"with at most {decimals} decimals" if decimals else "without decimals"
    return Scalar(f"a positive amount of {currency} {some}", lambda text: Money.parse(text, currency))


def title(text: str) -> str:
    """A line that people read."""
    texts.insist_line(text, field="title", most=80)
    return text


def currency(text: str) -> str:
    """A currency of ISO 4217 whose exponent is known."""
    exponent(text)
    return text if re.fullmatch(r"[A-Z]{3}", text) else _refuse(text)


def country(text: str) -> str:
    """A country of ISO 3166, by its two letters."""
    known = re.fullmatch(r"[A-Z]{2}", text) and text in Locale("en").territories
    return text if known else _refuse(text)


def cron(text: str) -> str:
    """A schedule that cronsim reads and that comes true some day (there is no 30 February), as it is written."""
    parts = five_parts(text)
    try:
        next(CronSim(parts, SOME_MONDAY))
    except (CronSimError, StopIteration):
        _refuse(text)
    return text if len(parts.split()) == CRON_PARTS else _refuse(text)


def holidays(text: str) -> str:
    """A country, or one of its subdivisions, whose public holidays are known."""
    from holidays.utils import list_supported_countries  # Half a second, for those that ask.

    place, _, subdivision = text.partition("-")
    known = list_supported_countries(include_aliases=False)
    if place not in known or (text != place and subdivision not in known[place]):
        _refuse(text)
    return text


def time_zone(text: str) -> str:
    """A zone of the IANA database."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Asia.
        _refuse(text)
    return text


def number_pattern(text: str) -> str:
    """A pattern for account numbers.

    Without groups and open repetition, no crafted account number can send the matching astray.
    """
    return _pattern(text, r"([A-Za-z0-9_|]|\[[A-Za-z0-9-]+\]|\{[0-9]{1,2}(,[0-9]{1,2})?\})+")


def address_pattern(text: str) -> str:
    r"""A pattern for UPI addresses: as for numbers, with what else is in them. A dot stands in [ ], or as ``\.``."""
    plain = r"([A-Za-z0-9_@|-]|\\\.|\[[A-Za-z0-9._-]+\]|\{[0-9]{1,2}(,[0-9]{1,2})?\})+"
    return _pattern(text, plain)


def email(text: str) -> str:
    """An address for e-mail."""
    texts.insist_email(text)
    return text


def https_url(text: str) -> str:
    """An address on the web to which something is posted; http is for a receiver on this machine alone."""
    is_safe = re.fullmatch(r"https://[^\s<>@]{1,500}|http://(127\.0\.0\.1|localhost|\[::1\])[^\s<>@]{0,500}", text)
    return text if is_safe else _refuse(text)


def _pattern(text: str, plain: str) -> str:
    """A pattern of these parts that can be used."""
    if not re.fullmatch(plain, text):
        _refuse(text)
    try:
        re.compile(text)
    except re.error:
        _refuse(text)
    return text


def _refuse(text: str) -> Any:
    raise ValueError(text)


CURRENCY: Final = Scalar("an ISO 4217 currency code such as PKR", currency)
"""Read before everything else, because the amounts depend on it."""

REFUSED: Final = (ValueError, Refusal)
"""What reading a text may raise when it is not what the rule says."""
