"""Rules as small pure functions in a tuple: adding one is adding a line.

Each is asked only where a program's terms set its threshold, and then always answers: also that nothing is wrong, so
that a reviewer sees what was looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from bursar.programs import Terms
from bursar.risk.model import Denied, Facts, Finding, Level, Target, Verdict
from bursar.risk.names import name_score

DOUBLED: Final = 2  # Beyond so many times its threshold, what is unusual is no longer left to the terms' level.
COMPARABLE_MIN: Final = 3  # Fewer completed payouts or weeks than this are thin ice to compare with.
NAME_FOREIGN: Final = 0.5  # Names that have less than this in common are two people.
NAME_DENIED: Final = 0.85  # A name this close to one on the denied list is held.

Look = Callable[[Facts, Terms], tuple[Level, str, dict[str, object]]]
"""A rule's answer: level, sentence, facts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A question with a name, and the terms that ask it."""

    name: str
    is_asked: Callable[[Terms], bool]
    look: Look

    def answer(self, facts: Facts, terms: Terms) -> Finding:
        """What it has to say about these facts."""
        return Finding(self.name, *self.look(facts, terms))


def asked(terms: Terms) -> tuple[Rule, ...]:
    """The rules that a program's terms ask. Once for a batch: the others cost nothing then."""
    return tuple(rule for rule in RULES if rule.is_asked(terms))


def screen(facts: Facts, terms: Terms, rules: Sequence[Rule] | None = None) -> Verdict:
    """Judge the facts by the rules that the terms ask: all findings are kept, and the strongest decides."""
    findings = tuple(rule.answer(facts, terms) for rule in (asked(terms) if rules is None else rules))
    level = max((finding.level for finding in findings), default=Level.PASS)
    return Verdict(level, findings, needs_review=level >= Level[terms.review.at_level.name])


def amount_asks_for_review(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """Amounts from the terms' threshold on are looked at, as the merchants document's test 4 shows."""
    threshold = terms.review.amount_at
    assert threshold is not None, "asked only with a threshold"
    figures: dict[str, object] = {"amount": facts.amount.text, "threshold": threshold.text}
    if facts.amount.currency != threshold.currency:  # The program has changed its currency since.
        return Level.HIGH, f"The amount of {facts.amount} cannot be compared with {threshold}.", figures
    if not facts.amount.covers(threshold):
        return Level.PASS, f"The amount of {facts.amount} is below {threshold}, from where a person decides.", figures
    return Level.HIGH, f"The amount of {facts.amount} is at or above {threshold}, from where a person decides.", figures


def holder_is_not_verified(facts: Facts, _: Terms) -> tuple[Level, str, dict[str, object]]:
    """The platform has to vouch for who the holder is."""
    assert facts.owner is not None, "asked only with the holder at hand"
    since = facts.owner.verified_at
    if since is None:
        return Level.HIGH, "The holder is not verified.", {"verified_at": None}
    return Level.PASS, f"The holder is verified, since {since:%d %B %Y}.", {"verified_at": since.isoformat()}


def too_few_successes(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """So many payouts must have reached the holder before one leaves by itself."""
    assert facts.past is not None, "asked only with the past at hand"
    completed, wanted = facts.past.completed, terms.risk.successes_min
    figures: dict[str, object] = {"completed": completed, "wanted": wanted}
    if completed < wanted:
        return Level.MEDIUM, f"{_count(completed, 'completed payout')} before this one; {wanted} are wanted.", figures
    return Level.PASS, f"At least {wanted} of the holder's payouts were completed before.", figures


def too_many_failures(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """Failures may mean that somebody is trying out accounts."""
    assert facts.past is not None, "asked only with the past at hand"
    failed, most, days = facts.past.failed, terms.risk.failures_max, terms.risk.failures_days
    assert most is not None, "asked only with a threshold"
    figures: dict[str, object] = {"failed": failed, "most": most, "days": days}
    sentence = f"{_count(failed, 'payout')} failed within {days} days; up to {most} may."
    return _graded(failed, most), sentence, figures


def destination_is_recent(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """Whoever takes over an account changes where its money goes first of all."""
    assert facts.target is not None, "asked only with the destination at hand"
    hours, since, usable_at = terms.risk.changed_hours, facts.target.since, facts.target.usable_at
    assert hours is not None, "asked only with a threshold"
    figures: dict[str, object] = {"since": since.isoformat() if since else None, "hours": hours}
    if usable_at is not None and usable_at > facts.at:
        figures["usable_at"] = usable_at.isoformat()
        return Level.HIGH, f"The destination replaces another one and cools off until {_moment(usable_at)}.", figures
    if since is None:
        return Level.MEDIUM, "The holder has never used this destination before.", figures
    if facts.at - since < timedelta(hours=hours):
        sentence = f"The destination is new since {_moment(since)}; within {hours} hours that is recent."
        return Level.MEDIUM, sentence, figures
    return Level.PASS, f"The holder has had this destination since {_moment(since)}.", figures


def amount_rises(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """An amount far above what the holder was paid before."""
    assert facts.past is not None, "asked only with the past at hand"
    largest, factor, days = facts.past.largest, terms.risk.amount_factor, terms.risk.history_days
    assert factor is not None, "asked only with a threshold"
    if largest is None:
        sentence = f"No payout was completed within {days} days to compare the amount with."
        return Level.PASS, sentence, {"largest": None, "factor": factor, "days": days}
    times = facts.amount.decimal / largest.decimal
    figures: dict[str, object] = {"amount": facts.amount.text, "largest": largest.text, "factor": factor, "days": days}
    sentence = (
        f"The amount of {facts.amount} is {times:.1f} times {largest}, the largest completed within {days} days; "
        f"up to {factor:g} times is usual."
    )
    return _against_history(times, Decimal(str(factor)), facts.past.comparable), sentence, figures


def requests_rise(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """Far more requests in a week than the holder usually makes."""
    assert facts.pace is not None, "asked only with the pace at hand"
    pace, factor = facts.pace, terms.risk.frequency_factor
    assert factor is not None, "asked only with a threshold"
    figures: dict[str, object] = {"in_week": pace.in_week, "usual": round(pace.usual, 2), "factor": factor}
    if not pace.earlier:
        return Level.PASS, f"{_count(pace.in_week, 'request')} within a week, and none before to compare with.", figures
    sentence = (
        f"{_count(pace.in_week, 'request')} within a week, where {pace.usual:.1f} are usual; "
        f"up to {factor:g} times that is not unusual."
    )
    level = _against_history(Decimal(pace.in_week), Decimal(str(factor * pace.usual)), int(pace.weeks))
    return level, sentence, figures


def too_many_in_an_hour(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """A burst of requests."""
    assert facts.pace is not None, "asked only with the pace at hand"
    found, most = facts.pace.in_hour, terms.risk.per_hour_max
    assert most is not None, "asked only with a threshold"
    sentence = f"{_count(found, 'request')} within an hour; up to {most} are usual."
    return _graded(found, most), sentence, {"in_hour": found, "most": most}


def too_many_in_a_day(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """The same over 24 hours."""
    assert facts.pace is not None, "asked only with the pace at hand"
    found, most = facts.pace.in_day, terms.risk.per_day_max
    assert most is not None, "asked only with a threshold"
    sentence = f"{_count(found, 'request')} within 24 hours; up to {most} are usual."
    return _graded(found, most), sentence, {"in_day": found, "most": most}


def destination_is_shared(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """One account behind several holders may be one person behind several names."""
    assert facts.target is not None, "asked only with the destination at hand"
    others, most = facts.target.others, terms.risk.shared_max
    assert most is not None, "asked only with a threshold"
    level = Level.HIGH if others > most else Level.PASS
    sentence = f"Used by {_count(others, 'other holder')} as well; up to {most} may."
    return level, sentence, {"others": others, "most": most}


def name_differs(facts: Facts, terms: Terms) -> tuple[Level, str, dict[str, object]]:
    """The name on the account, as given and as the gateway found it, has to be the holder's."""
    assert facts.owner is not None, "asked only with the holder at hand"
    assert facts.target is not None, "asked only with the destination at hand"
    least = terms.risk.name_score_min
    assert least is not None, "asked only with a threshold"
    name, score = min(((n, name_score(n, facts.owner.name)) for n in _titles(facts.target)), key=lambda one: one[1])
    figures: dict[str, object] = {
        "holder": facts.owner.name,
        "title": facts.target.title,
        "title_found": facts.target.title_found,
        "score": score,
        "least": least,
    }
    sentence = (
        f'The account is in the name of "{name}", the holder is "{facts.owner.name}": {score:.0%} alike; '
        f"at least {least:.0%} is wanted."
    )
    if score >= least:
        return Level.PASS, sentence, figures
    return Level.HIGH if score < NAME_FOREIGN else Level.MEDIUM, sentence, figures


def is_denied(facts: Facts, _: Terms) -> tuple[Level, str, dict[str, object]]:
    """Holders, names and destinations that somebody has put on the denied list."""
    hits = [entry for entry in facts.denied if _is_meant(entry, facts)]
    if not hits:
        return Level.PASS, "Neither the holder nor the destination is on the denied list.", {}
    what = "; ".join(f"the {hit.what} ({hit.reason})" for hit in hits)
    shown = [{"what": hit.what, "reason": hit.reason} for hit in hits]
    return Level.HIGH, f"On the denied list: {what}.", {"denied": shown}


RULES: Final = (
    Rule("amount_over_review_threshold", lambda t: t.review.amount_at is not None, amount_asks_for_review),
    Rule("denied", lambda t: t.risk.denied, is_denied),
    Rule("holder_not_verified", lambda t: t.risk.verified, holder_is_not_verified),
    Rule("few_completed_payouts", lambda t: t.risk.successes_min > 0, too_few_successes),
    Rule("many_failed_payouts", lambda t: t.risk.failures_max is not None, too_many_failures),
    Rule("destination_recent", lambda t: t.risk.changed_hours is not None, destination_is_recent),
    Rule("destination_shared", lambda t: t.risk.shared_max is not None, destination_is_shared),
    Rule("account_name_differs", lambda t: t.risk.name_score_min is not None, name_differs),
    Rule("amount_rises", lambda t: t.risk.amount_factor is not None, amount_rises),
    Rule("requests_rise", lambda t: t.risk.frequency_factor is not None, requests_rise),
    Rule("many_in_an_hour", lambda t: t.risk.per_hour_max is not None, too_many_in_an_hour),
    Rule("many_in_a_day", lambda t: t.risk.per_day_max is not None, too_many_in_a_day),
)


def _graded(found: int, most: int) -> Level:
    """Beyond a threshold is unusual, beyond its double is high."""
    if found <= most:
        return Level.PASS
    return Level.HIGH if found > DOUBLED * max(most, 1) else Level.MEDIUM


def _against_history(found: Decimal, most: Decimal, comparable: int) -> Level:
    """The same against the holder's own history, which says little while it is short."""
    if found <= most:
        return Level.PASS
    if comparable < COMPARABLE_MIN:
        return Level.LOW
    return Level.HIGH if found > DOUBLED * most else Level.MEDIUM


def _titles(target: Target) -> list[str]:
    """The names on the account: as given, and as found where the gateway was asked."""
    return [target.title] if target.title_found is None else [target.title, target.title_found]


def _is_meant(entry: Denied, facts: Facts) -> bool:
    """Whether an entry of the denied list is about this payout; names are compared, the rest is equal already."""
    if entry.what != "name":
        return True
    names = [*(_titles(facts.target) if facts.target else ()), *([facts.owner.name] if facts.owner else ())]
    return any(name_score(entry.name, name) >= NAME_DENIED for name in names)


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y %H:%M} UTC"
