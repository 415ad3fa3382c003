"""Facts, findings and verdicts: what the rules look at, what they say, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from bursar.foundation.money import Money


class Level(IntEnum):
    """How strong a finding is; from which level on people look, the terms say."""

    PASS = 0  # Asked, and nothing is wrong.
    LOW = 1  # Unusual, but there is little to compare with.
    MEDIUM = 2  # Unusual.
    HIGH = 3  # Not without a person.

    @property
    def word(self) -> str:
        """As stored and shown."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose money it is."""

    name: str
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """How the holder's payouts have ended before.

    ``completed`` is counted up to what the terms want, ``failed`` within their ``failures_days`` and as far as it tells
    something, and ``largest`` is the largest of the last ``comparable`` completed payouts of their ``history_days``.
    """

    completed: int = 0
    failed: int = 0
    largest: Money | None = None
    comparable: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the holder asks, this payout included.

    ``earlier`` is how many were asked for in the ``weeks`` of the holder's history before the last seven days.
    """

    in_hour: int = 1
    in_day: int = 1
    in_week: int = 1
    earlier: int = 0
    weeks: float = 0.0

    @property
    def usual(self) -> float:
        """The usual number in a week; one at least, so that whoever asks seldom may ask again."""
        return max(self.earlier / self.weeks, 1.0) if self.weeks else 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where the money is to go: since when the holder has it, who else has, and whose name is on it.

    ``since`` is when the holder stored it or first asked to be paid there; None when it is new with this payout.
    ``others`` is how many other holders have it, counted to a limit.
    """

    title: str = ""  # As whoever asked gave it.
    title_found: str | None = None  # As the gateway has it.
    since: datetime | None = None
    usable_at: datetime | None = None  # The end of its cool-off.
    others: int = 0


@dataclass(frozen=True, slots=True)
class Denied:
    """An entry of the denied list that may be meant: ``what`` is holder, destination or name."""

    what: str
    reason: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known about a payout when it is judged; what no rule of its terms asks about is left out."""

    amount: Money
    at: datetime
    owner: Owner | None = None
    past: Past | None = None
    pace: Pace | None = None
    target: Target | None = None
    denied: tuple[Denied, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's remark: its level, the sentence a reviewer reads, and the facts behind it.

    Facts are stored as JSON; neither they nor the sentence ever hold an account number.
    """

    rule: str
    level: Level
    sentence: str
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As stored with the payout and shown in its timeline."""
        return {
            "rule": self.rule,
            "level": self.level.word,
            "sentence": self.sentence,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The strongest level found, everything that was found, and whether the terms want people to look at it."""

    level: Level
    findings: tuple[Finding, ...]
    needs_review: bool

    @property
    def reason(self) -> str | None:
        """The rule whose finding is the strongest, where one asks for people; the first of several."""
        return next(f.rule for f in self.findings if f.level is self.level) if self.needs_review else None
