"""What became of attempts by people's word: paid, not paid, come back, or sent and lost here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import payouts
from bursar.dispatch import store as attempts
from bursar.dispatch.concluding import store
from bursar.dispatch.errors import AlreadyKnown, NoSuchAttempt
from bursar.dispatch.model import LIVE, Attempt, AttemptState, Told, gateway_key
from bursar.dispatch.record import Scribe, record
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.gateways import Outcome, Word
from bursar.payouts import PayoutState

SOURCE: Final = "people"
ACTOR: Final = "system:reconciliation"

_AWAY: Final = {PayoutState.RETRYING: "fail", PayoutState.APPROVED: "cancel"}
"""How a payout that was about to leave once more ends, so that it can be opened again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt of which only the gateway knows, because our own record of it is gone."""

    gateway: str
    payout_id: UUID
    generation: int
    reference: str | None


async def conclude(tx: Transaction, gateway: str, *, key: str, outcome: Outcome, scribe: Scribe) -> UUID:
    """Make true of the attempt with this key what people have agreed on; the payout's id.

    One that is live is settled or fails. One that was refused and had been paid is opened again: the money is reserved
    anew, and posted. One that was paid may have come back. Whoever calls has made sure that enough people agreed.

    Raises:
        NoSuchAttempt: nothing was sent under this key.
        AlreadyKnown: it says so already, or the opposite, which cannot be made undone.
        InsufficientFunds: what was released when it was refused has been spent since.
        WrongState: another attempt has paid the payout, or may be about to.
    """
    known = await attempts.by_keys(tx, [(gateway, key)])
    if (gateway, key) not in known:
        raise NoSuchAttempt(gateway=gateway, key=key)
    attempt_id = known[gateway, key]
    locked, _ = await attempts.lock_attempts(tx, [attempt_id])
    attempt = locked[attempt_id]
    match attempt.outcome, outcome.word:
        case AttemptState.REFUSED, Word.PAID:
            await _reopen(tx, attempt, outcome, scribe=scribe)
        case AttemptState.PAID, Word.RETURNED:
            pass
        case state, Word.PAID | Word.REFUSED | Word.RETURNED if state in LIVE:
            pass
        case state, _:
            raise AlreadyKnown(key=key, outcome=state.value)
    await _write_down(tx, attempt_id, outcome, scribe=scribe)
    return attempt.payout_id


async def adopt(tx: Transaction, lost: Lost, *, scribe: Scribe) -> UUID:
    """Write down an attempt that was made and lost here, and that it was paid; the payout's id.

    Attempts between the last that is known and this one were lost as well, and had come to nothing: else this one
    would not have been made. What has to be approved has to be approved first, as if it were to leave now.

    Raises:
        WrongState: the payout is not free to leave, so that nothing can have been sent of it.
        AlreadyKnown: an attempt of this number is known.
        InsufficientFunds: the payout had failed before, and its money has been spent since.
    """
    locked, at = await payouts.hold(tx, [lost.payout_id])
    payout = locked.get(lost.payout_id)
    if payout is None:
        raise payouts.NoSuchPayout(payout=str(lost.payout_id))
    if lost.generation <= payout.tries:
        raise AlreadyKnown(key=gateway_key(payout.id, lost.generation))
    if payout.state is PayoutState.FAILED:
        payout = await _advance(tx, [_step(payout, "retry")], scribe=scribe)
    attempt_id = None
    for generation in range(payout.tries + 1, lost.generation + 1):
        is_last = generation == lost.generation
        payout = await _advance(tx, [_step(payout, "send", gateway=lost.gateway)], scribe=scribe)
        attempt_id = await _write_attempt(tx, payout, generation, gateway=lost.gateway, is_last=is_last, at=at)
        if not is_last:
            payout = await _advance(tx, [_step(payout, "defer", reason="lost")], scribe=scribe)
    assert attempt_id is not None, "there is at least the one that was asked about"
    await _write_down(tx, attempt_id, Outcome(Word.PAID, reference=lost.reference), scribe=scribe)
    return payout.id


async def _reopen(tx: Transaction, attempt: Attempt, outcome: Outcome, *, scribe: Scribe) -> None:
    """Take back that an attempt was refused, so that it can be settled like any other."""
    locked, _ = await payouts.hold(tx, [attempt.payout_id])
    payout = locked[attempt.payout_id]
    if payout.state in _AWAY:
        payout = await _advance(tx, [_step(payout, _AWAY[payout.state], reason="paid_after_refused")], scribe=scribe)
    reopened = _step(
        payout, "reopen", reason="paid_after_refused", gateway=attempt.gateway, reference=outcome.reference
    )
    await _advance(tx, [reopened], scribe=scribe)
    await store.reopen(tx, attempt.id)


async def _write_down(tx: Transaction, attempt_id: UUID, outcome: Outcome, *, scribe: Scribe) -> None:
    words = await record(tx, [Told(attempt_id, outcome, SOURCE)], scribe=scribe)
    assert words == ["applied"], f"it was looked at before: {words}"


async def _write_attempt(
    tx: Transaction, payout: payouts.Payout, generation: int, *, gateway: str, is_last: bool, at: datetime
) -> UUID:
    """Write down that an attempt was made; all but the last are known to have come to nothing."""
    attempt_id, batch_id = ids.series(at, 2)
    await store.insert_lost(
        tx,
        (attempt_id, payout.id, payout.holder_id, payout.program, payout.terms_version, payout.amount.minor,
         payout.amount.currency, generation, gateway, gateway_key(payout.id, generation), batch_id,
         (AttemptState.UNKNOWN if is_last else AttemptState.REFUSED).value, at),
    )  # fmt: skip
    return attempt_id


async def _advance(tx: Transaction, steps: Sequence[payouts.Step], *, scribe: Scribe) -> payouts.Payout:
    """Take one step, in this transaction.

    Raises:
        Refusal: it cannot be taken.
    """
    [after] = await payouts.advance(tx, steps, book=scribe.book)
    if isinstance(after, Refusal):
        raise after
    return after


def _step(
    payout: payouts.Payout,
    verb: str,
    *,
    reason: str | None = None,
    gateway: str | None = None,
    reference: str | None = None,
) -> payouts.Step:
    return payouts.Step(
        payout_id=payout.id,
        verb=verb,
        actor=ACTOR,
        reason=reason,
        facts={"source": SOURCE},
        gateway=gateway,
        gateway_reference=reference,
    )
