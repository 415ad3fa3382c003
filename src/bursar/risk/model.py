"""Rules as small pure functions in a tuple: adding one is adding a name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from bursar.foundation.money import Money


class Level(IntEnum):
    """How strong a finding is; anything above PASS asks for a person."""

    PASS = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at, with the thresholds that the program's terms set for them."""

    amount: Money
    review_at: Money | None  # Amounts from here on are looked at by a person; None when none are.


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's remark: its level, the sentence a reviewer reads, and the facts behind it."""

    rule: str
    level: Level
    sentence: str
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As stored with the payout and shown in its timeline."""
        return {
            "rule": self.rule,
            "level": self.level.name.lower(),
            "sentence": self.sentence,
            "facts": dict(self.facts),
        }


Rule = Callable[[Facts], Finding | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The strongest level found, and everything that was found."""

    level: Level
    findings: tuple[Finding, ...]

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look before the money leaves."""
        return self.level > Level.PASS


def amount_asks_for_review(facts: Facts) -> Finding | None:
    """Amounts from the terms' threshold on are looked at, as the merchants document's test 4 shows."""
    if facts.review_at is None or not facts.amount.covers(facts.review_at):
        return None
    return Finding(
        rule="amount_over_review_threshold",
        level=Level.HIGH,
        sentence=f"The amount of {facts.amount} is at or above {facts.review_at}, from where a person decides.",
        facts={"amount": facts.amount.text, "threshold": facts.review_at.text},
    )


RULES: Final[tuple[Rule, ...]] = (amount_asks_for_review,)


def screen(facts: Facts, rules: Iterable[Rule] = RULES) -> Verdict:
    """Judge the facts by all rules."""
    findings = tuple(finding for rule in rules if (finding := rule(facts)))
    return Verdict(max((finding.level for finding in findings), default=Level.PASS), findings)
