"""Backtest: what draft terms would have made of payouts that were decided already, with what was known back then."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar import programs, risk
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.payouts import store as payouts_store
from bursar.payouts.judging import store
from bursar.payouts.judging.facts import Seen
from bursar.payouts.judging.judge import insist_on_amount, judge
from bursar.payouts.model import Payout

PAGE: Final = 500  # Payouts judged at a time: enough to be quick, few enough to forget.


class Difference(StrEnum):
    """What the draft would have made of a decision."""

    STILL_APPROVED = "still_approved"  # By the terms, then and now.
    STILL_HELD = "still_held"  # For people.
    NEWLY_APPROVED = "newly_approved"
    NEWLY_HELD = "newly_held"
    NEWLY_REFUSED = "newly_refused"  # Beyond the draft's limits: it could not even be asked for.


@dataclass
class Tally:
    """Payouts counted and added up."""

    count: int = 0
    money: dict[str, Money] = field(default_factory=dict)

    def add(self, amount: Money) -> None:
        """Count one more."""
        self.count += 1
        self.money[amount.currency] = self.money.get(amount.currency, Money.zero(amount.currency)) + amount


@dataclass
class Backtest:
    """What came of a replay so far: tallies by difference, and of what differs by the rule that made it so.

    A payout that several rules would hold is counted under each of them.
    """

    differences: dict[Difference, Tally] = field(default_factory=lambda: {each: Tally() for each in Difference})
    rules: dict[tuple[Difference, str], Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add(self, payout: Payout, difference: Difference, rules: Iterator[str]) -> None:
        """Count one more payout."""
        self.differences[difference].add(payout.amount)
        for rule in rules:
            self.rules[difference, rule].add(payout.amount)

    @property
    def count(self) -> int:
        """How many payouts were replayed."""
        return sum(tally.count for tally in self.differences.values())


@dataclass(frozen=True, slots=True)
class Span:
    """Which payouts are replayed: those of a program asked for from ``since`` to before ``until``."""

    program: str
    since: datetime
    until: datetime


async def replay(
    tx: Transaction, span: Span, draft: programs.Terms, *, into: Backtest, after: UUID | None = None
) -> UUID | None:
    """Judge the next page of payouts by draft terms and count them in; where to go on, or None when that was all.

    A page costs a constant number of statements, and nothing of it is kept but the tallies. Facts are those of the
    moment each payout was asked for. What a holder has taken back since (a verification, a stored destination) is
    not remembered, and where destinations may be is not asked.
    """
    page = await store.asked_between(
        tx, span.program, after=after or ids.first(span.since), ending=ids.first(span.until), limit=PAGE
    )
    found = sorted(await payouts_store.by_ids(tx, page), key=lambda payout: payout.id)
    verdicts = await judge(tx, found, {span.program: draft}, seen=Seen.BACK_THEN)
    for payout, verdict in zip(found, verdicts, strict=True):
        difference = _difference(payout, verdict, draft)
        into.add(payout, difference, _rules(difference, payout, verdict, draft))
    return page[-1] if len(page) == PAGE else None


def _difference(payout: Payout, verdict: risk.Verdict, draft: programs.Terms) -> Difference:
    try:
        insist_on_amount(payout.amount, draft)
    except Refusal:
        return Difference.NEWLY_REFUSED
    if verdict.needs_review:
        return Difference.STILL_HELD if payout.reviewed else Difference.NEWLY_HELD
    return Difference.NEWLY_APPROVED if payout.reviewed else Difference.STILL_APPROVED


def _rules(difference: Difference, payout: Payout, verdict: risk.Verdict, draft: programs.Terms) -> Iterator[str]:
    """What made the difference: the draft's findings that hold it, or those that held it and no longer do."""
    match difference:
        case Difference.NEWLY_HELD:
            least = risk.Level[draft.review.at_level.name]
            yield from (finding.rule for finding in verdict.findings if finding.level >= least)
        case Difference.NEWLY_APPROVED:
            yield from (_rule(finding) for finding in payout.findings if finding["level"] != risk.Level.PASS.word)


def _rule(finding: Mapping[str, object]) -> str:
    return str(finding["rule"])
