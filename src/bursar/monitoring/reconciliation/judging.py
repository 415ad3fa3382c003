"""What it means when a gateway, or a statement, says something else about a payment than we do. Pure decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bursar.foundation.money import Money
from bursar.gateways import Word
from bursar.monitoring.reconciliation.model import Finding, Kind

GRACE: Final = timedelta(hours=1)
"""How long a difference that time alone ends is nobody's concern: a report is on its way, or an inquiry due."""

_LIVE: Final = frozenset({"open", "unknown", "accepted", "held"})
_OVER: Final = frozenset({"completed", "returned"})
_NOTHING_MOVED: Final = frozenset({Word.REFUSED, Word.UNKNOWN})
_UNDER_WAY: Final = frozenset({Word.ACCEPTED, Word.HELD})


@dataclass(frozen=True, slots=True)
class Theirs:
    """A payment as the other side has it; ``payout_id`` is what our key in it names."""

    reference: str
    key: str | None
    payout_id: UUID | None
    amount: Money
    word: Word
    at: datetime


@dataclass(frozen=True, slots=True)
class Ours:
    """What we have of it: its payout as far as there is one, and the attempt as far as we know of it."""

    state: str | None
    program: str | None
    outcome: str | None = None
    amount: Money | None = None


def judge(theirs: Theirs, ours: Ours, *, gateway: str, now: datetime) -> Finding | None:
    """The difference between what they say and what we do; None where there is none, or where time will end it."""
    kind = _kind(theirs, ours)
    if kind is None or (kind in _PASSING and now - theirs.at < GRACE):
        return None
    of_payout = ours.state is not None and kind is not Kind.PAID_TWICE
    return Finding(
        kind=kind,
        subject=str(theirs.payout_id) if of_payout else f"{gateway}:{theirs.reference}",
        happened_at=theirs.at,
        payout_id=theirs.payout_id if ours.state is not None else None,
        program=ours.program,
        gateway=gateway,
        attempt_key=theirs.key,
        gateway_reference=theirs.reference,
        amount=theirs.amount,
        facts=_facts(theirs, ours),
    )


def _kind(theirs: Theirs, ours: Ours) -> Kind | None:
    if ours.outcome is None:
        return _without_attempt(theirs, ours)
    if theirs.amount != ours.amount and theirs.word not in _NOTHING_MOVED:
        return Kind.AMOUNT_MISMATCH
    if ours.outcome in _LIVE:
        return _STILL_LIVE_HERE.get(theirs.word)
    if (theirs.word, ours.outcome) == (Word.PAID, "refused"):
        return Kind.PAID_TWICE if ours.state in _OVER else Kind.PAID_AFTER_REFUSED
    return _OVER_HERE.get((theirs.word, ours.outcome))


def _without_attempt(theirs: Theirs, ours: Ours) -> Kind | None:
    """A payment that we know nothing of; a refused one has moved nothing and needs no attempt."""
    if theirs.word in _NOTHING_MOVED:
        return None
    if ours.state is None:
        return Kind.ORPHAN_PAYMENT
    return Kind.PAID_TWICE if ours.state in _OVER else Kind.LOST_ATTEMPT


def _facts(theirs: Theirs, ours: Ours) -> Mapping[str, str | None]:
    facts = {"said": theirs.word.value, "known": ours.outcome, "state": ours.state}
    if ours.amount is not None and ours.amount != theirs.amount:
        facts["expected"] = f"{ours.amount.text} {ours.amount.currency}"
    return facts


_STILL_LIVE_HERE: Final = {
    Word.PAID: Kind.PAID_NOT_SETTLED,
    Word.REFUSED: Kind.REFUSED_NOT_FAILED,
    Word.RETURNED: Kind.RETURNED_NOT_BOOKED,
}
_OVER_HERE: Final = {
    (Word.REFUSED, "paid"): Kind.REFUSED_AFTER_PAID,
    (Word.RETURNED, "paid"): Kind.RETURNED_NOT_BOOKED,
    **{(word, outcome): Kind.OPEN_THERE for word in _UNDER_WAY for outcome in ("paid", "refused")},
}
_PASSING: Final = frozenset({Kind.PAID_NOT_SETTLED, Kind.REFUSED_NOT_FAILED, Kind.RETURNED_NOT_BOOKED, Kind.OPEN_THERE})
"""What a report or an inquiry under way ends. A lost attempt is none: attempts are committed before they are sent."""
