"""What traces and log lines are told of sending: each payout's story under its own correlation id."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from babel.numbers import get_currency_symbol

from bursar.dispatch.model import Attempt, AttemptState, Plan, Prepared, Told
from bursar.foundation import ids, log, tracing
from bursar.foundation.money import Money
from bursar.gateways import Outcome, Word
from bursar.holders import Holder

_ENDS: Final = frozenset({"settle", "fail"})
"""The verbs of an outcome with which a payout comes to rest."""

_log = log.get(__name__)


@contextmanager
def calling(what: str, gateway: str, prepared: Sequence[Prepared]) -> Iterator[tracing.Span]:
    """A call to a gateway is part of its payouts' story, log lines included.

    A bulk of several stories keeps the id of whatever makes the call; its span is linked to each of them.
    """
    stories = [(one.correlation_id, one.instruction.payout_id) for one in prepared if one.correlation_id is not None]
    named = {correlation for correlation, _ in stories}
    is_one = len(named) == 1 and len(stories) == len(prepared)
    alone = stories[0][1] if is_one and len(prepared) == 1 else None
    with (
        log.correlated(named.pop() if is_one else log.correlation_id()) as correlation,
        tracing.span(
            f"gateway {what}",
            side=tracing.Side.CLIENT,
            correlation=correlation,
            payout_id=alone,
            links=() if alone else stories,
            gateway=gateway,
            count=len(prepared),
        ) as span,
    ):
        yield span


def heard(span: tracing.Span, outcomes: Sequence[Outcome]) -> None:
    """What a call gave; one that proved nothing of anything has failed."""
    words = sorted({outcome.word.value for outcome in outcomes})
    span.note(outcome=" ".join(words))
    _log.debug("gateway.called", count=len(outcomes), outcome=words)
    if words == [Word.UNKNOWN.value]:
        span.fail(outcomes[0].reason or "unknown")


def tell(told: Told, attempt: Attempt, plan: Plan, *, at: datetime) -> None:
    """Tell of what was learned about an attempt, and of its payout when that has come to rest.

    It is told before the commit: a transaction that has to be run again tells it once more, which harms no reader.
    """
    if not tracing.is_on():
        return
    with tracing.told(
        f"attempt {told.source}",
        correlation=attempt.correlation_id,
        payout_id=attempt.payout_id,
        since=told.heard_at or attempt.sent_at,
        until=at,
        gateway=attempt.gateway,
        attempt=attempt.generation,
        outcome=plan.state.value,
    ) as span:
        if told.outcome.word is Word.REFUSED:
            span.fail(told.outcome.reason or "refused")
    if not _ENDS.isdisjoint(plan.verbs):
        _tell_payout(attempt, plan, at=at)


def is_an_end(plan: Plan) -> bool:
    """Whether a payout has come to rest with this, also where it had before: its money has come back since."""
    return "return" in plan.verbs or not _ENDS.isdisjoint(plan.verbs)


def log_end(told: Told, attempt: Attempt, plan: Plan, owner: Holder) -> None:
    """Log how a payout of a run has ended, with the marketplace document's sentence; before the commit, as above."""
    payout, owner_id, program = str(attempt.payout_id), str(attempt.holder_id), attempt.program
    with log.correlated(attempt.correlation_id or log.correlation_id()):
        if plan.state is AttemptState.PAID:
            text = f"✅ Payout {payout} completed: {_shown(attempt.amount)} to user {owner.reference}"
            _log.info("payout.completed", payout_id=payout, holder_id=owner_id, program=program, text=text)
        else:
            reason, text = told.outcome.reason or plan.state.value, f"❌ Payout {payout} failed"
            _log.warning(
                "payout.failed", payout_id=payout, holder_id=owner_id, program=program, reason_code=reason, text=text
            )


def _shown(amount: Money) -> str:
    """An amount with its currency's sign, such as ``₹10.00``; with its code where there is none."""
    sign = get_currency_symbol(amount.currency, locale="en")
    return str(amount) if sign == amount.currency else f"{sign}{amount.decimal:,f}"


def _tell_payout(attempt: Attempt, plan: Plan, *, at: datetime) -> None:
    with tracing.told(
        "payout",
        correlation=attempt.correlation_id,
        payout_id=attempt.payout_id,
        since=ids.moment(attempt.payout_id),
        until=at,
        is_payout=True,
        program=attempt.program,
        outcome=plan.state.value,
    ) as span:
        if "fail" in plan.verbs:
            span.fail(plan.blocker or "failed")
