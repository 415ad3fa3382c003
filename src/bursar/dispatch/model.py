"""Attempts, and what an outcome means for one of them. Decisions only; nothing here touches a database or a gateway."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from bursar.dispatch.floats.model import LOW_FLOAT
from bursar.foundation.money import Money
from bursar.gateways.model import Instruction, Outcome, Word
from bursar.programs.model import Terms

RESEND_SHARE: Final = 0.8
"""How much of a gateway's idempotency window may pass before the same key is no longer sent again."""


PARKED: Final = "unknown_outcome"
"""Why an attempt waits for two people: nobody else can say what became of it."""


class AttemptState(StrEnum):
    """What is known about an attempt. The first four are live: only one such attempt exists per payout."""

    OPEN = "open"  # Written before the call; no answer has been recorded.
    UNKNOWN = "unknown"  # The answer proved nothing; somebody has to ask.
    ACCEPTED = "accepted"
    HELD = "held"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"


LIVE: Final = frozenset({AttemptState.OPEN, AttemptState.UNKNOWN, AttemptState.ACCEPTED, AttemptState.HELD})


class Attempt(msgspec.Struct, frozen=True):
    """One try for one payout.

    ``lease_no`` is the fencing number: an answer that carries a lower one came too late to count. ``look_at`` is when
    somebody must look again; None when nothing more is to be done or people have to decide. ``unfunded`` counts the
    payout's attempts that were refused because our own account lacked funds: they are no fault of the payout's.
    ``is_busy`` says that somebody is asking the gateway about it at this moment, or sending it. ``correlation_id`` is
    its payout's, and so is ``tries_max``: how often it may be tried, where its run says so and not the terms.
    """

    id: UUID
    payout_id: UUID
    holder_id: UUID
    program: str
    terms_version: int
    amount: Money
    generation: int
    gateway: str
    key: str
    outcome: AttemptState
    reason: str | None
    gateway_reference: str | None
    inquiries: int
    lease_no: int
    look_at: datetime | None
    window_ends_at: datetime
    sent_at: datetime
    unfunded: int = 0
    is_busy: bool = False
    correlation_id: str | None = None
    tries_max: int | None = None


class Prepared(msgspec.Struct, frozen=True):
    """An attempt that is written down and may now be sent, by whoever holds this lease."""

    attempt_id: UUID
    lease_no: int
    instruction: Instruction
    group: str
    correlation_id: str | None = None


class Told(msgspec.Struct, frozen=True):
    """Something that was learned about an attempt.

    ``lease_no`` is the asker's fencing number; a gateway's own report has none and counts whoever is asking.
    ``heard_at`` is when a report came in.
    """

    attempt_id: UUID
    outcome: Outcome
    source: str
    lease_no: int | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from an outcome: the payout's verbs, the attempt's state, and when to look again.

    Waits are in seconds. ``trouble`` names a break for two people; without ``look_in`` nothing more is done alone.
    ``blocker`` is why the payout waits, where that is not what the gateway said.
    """

    state: AttemptState
    verbs: tuple[str, ...] = ()
    look_in: float | None = None
    retry_in: float | None = None
    trouble: str | None = None
    blocker: str | None = None


def gateway_key(payout_id: UUID, generation: int) -> str:
    """The key a gateway knows an attempt by: derived, so that it survives even the loss of our own rows."""
    return f"{payout_id.hex}-{generation}"


def plan(attempt: Attempt, outcome: Outcome, *, terms: Terms, chance: float, now: datetime) -> Plan:
    """Decide what an outcome means for an attempt that is still live.

    ``chance`` in [0, 1) spreads retries. What is not known moves nothing: it is asked about again, and after the
    terms' limit it is parked for two people with the money still reserved.
    """
    assert attempt.outcome in LIVE, "closed attempts are judged by contradiction()"
    match outcome.word:
        case Word.PAID:
            return Plan(AttemptState.PAID, ("settle",))
        case Word.RETURNED:
            return Plan(AttemptState.RETURNED, ("settle", "return"))
        case Word.ACCEPTED:
            verbs = {AttemptState.HELD: ("resume",), AttemptState.ACCEPTED: ()}.get(attempt.outcome, ("accept",))
            return Plan(AttemptState.ACCEPTED, verbs, look_in=_poll(attempt, terms))
        case Word.HELD:
            verbs = () if attempt.outcome is AttemptState.HELD else ("hold",)
            return Plan(AttemptState.HELD, verbs, look_in=_poll(attempt, terms))
        case Word.REFUSED:
            return _refused(attempt, outcome, terms=terms, chance=chance)
        case Word.UNKNOWN:
            return _unknown(attempt, outcome, terms=terms, now=now)


def contradiction(attempt: Attempt, outcome: Outcome) -> Plan | str | None:
    """Decide what an outcome means for an attempt that is closed.

    A return after payment is news and gives a plan. A success after a refusal, or a refusal after payment, moves
    nothing: it gives the name of a break for two people. Everything else is late or a duplicate, and gives None.
    """
    match attempt.outcome, outcome.word:
        case AttemptState.PAID, Word.RETURNED:
            return Plan(AttemptState.RETURNED, ("return",))
        case AttemptState.PAID, Word.REFUSED:
            return "refused_after_paid"
        case AttemptState.REFUSED, Word.PAID | Word.RETURNED:
            return "paid_after_refused"
        case _:
            return None


def is_news(attempt: Attempt, outcome: Outcome) -> bool:
    """Whether an outcome, were it true, would tell more about an attempt than is known: a reason to ask the gateway."""
    if attempt.outcome not in LIVE:
        return contradiction(attempt, outcome) is not None
    return outcome.word not in {Word.UNKNOWN, _SAYS.get(attempt.outcome)}


_SAYS: Final = {AttemptState.ACCEPTED: Word.ACCEPTED, AttemptState.HELD: Word.HELD}


def _refused(attempt: Attempt, outcome: Outcome, *, terms: Terms, chance: float) -> Plan:
    if attempt.outcome is AttemptState.HELD:  # The table has no way back.
        return Plan(AttemptState.REFUSED, ("fail",))
    if outcome.lacks_funds:  # It waits for the float and not for a time of its own.
        return Plan(AttemptState.REFUSED, ("defer",), retry_in=0.0, blocker=LOW_FLOAT)
    tries = attempt.generation - attempt.unfunded
    if not outcome.retryable or tries >= (attempt.tries_max or terms.retry.max_attempts):
        return Plan(AttemptState.REFUSED, ("fail",))
    wait = max(terms.retry.delay(tries, chance), outcome.retry_after or 0.0)
    return Plan(AttemptState.REFUSED, ("defer",), retry_in=wait)


def _unknown(attempt: Attempt, outcome: Outcome, *, terms: Terms, now: datetime) -> Plan:
    """Accepted and held attempts stay what they were: a look-up that failed tells nothing new about them."""
    if attempt.outcome in {AttemptState.ACCEPTED, AttemptState.HELD}:
        return Plan(attempt.outcome, look_in=_poll(attempt, terms))
    if (now - attempt.sent_at).total_seconds() > terms.unknown.limit_hours * 3600:
        return Plan(AttemptState.UNKNOWN, trouble=PARKED)
    wait = max(terms.unknown.delay(attempt.inquiries), outcome.retry_after or 0.0)
    return Plan(AttemptState.UNKNOWN, look_in=wait)


def _poll(attempt: Attempt, terms: Terms) -> float:
    return terms.unknown.poll_delay(attempt.inquiries)
