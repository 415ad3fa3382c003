"""Corrections: one person proposes what is to be done about an item, another agrees, and with that it is done.

Nothing is moved here: payouts, the ledger and dispatch do it by their own verbs, and refuse what they would refuse
anybody. A correction that is refused leaves the item open, and itself waiting.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

from bursar import approvals, dispatch, ledger, payouts, programs
from bursar.foundation import ids, journal, texts
from bursar.foundation.db import Transaction, UniqueViolation
from bursar.foundation.errors import Refusal
from bursar.gateways import Outcome, Word
from bursar.identity import actor
from bursar.monitoring.reconciliation import store
from bursar.monitoring.reconciliation.errors import (
    CorrectionWaits,
    ItemClosed,
    NoSuchCorrection,
    NoSuchItem,
    NotForThisItem,
)
from bursar.monitoring.reconciliation.model import Action, Correction, Item, Kind

OTHERS_NEEDED: Final = 1
"""Who has to agree besides the one who proposes: two people in all."""
ACTOR: Final = dispatch.concluding.ACTOR
REASON_LENGTH_MAX: Final = 2_000

_WAITING: Final = frozenset({payouts.PayoutState.APPROVED, payouts.PayoutState.RETRYING})


async def propose(
    tx: Transaction, item_id: UUID, *, action: Action, person: UUID, reason: str, program: str | None = None
) -> Correction:
    """Say what is to be done about an item; nothing is, until somebody else agrees.

    ``program`` says who bears a loss where the item does not.

    Raises:
        NoSuchItem, ItemClosed: there is nothing to correct.
        NotForThisItem: this cannot be done about such an item, or nobody would bear the loss.
        CorrectionWaits: another one waits for its second person.
        Invalid: the reason is missing or too long.
    """
    texts.insist_text(reason, field="reason", most=REASON_LENGTH_MAX)
    item = await _open_item(tx, item_id)
    if action not in item.actions:
        allowed = [one.value for one in item.actions]
        raise NotForThisItem(field="action", rule=f"one of {', '.join(allowed) or 'none'}", given=action.value)
    bearer = item.program or program
    if action is Action.WRITE_OFF:
        if bearer is None:
            raise NotForThisItem(field="program", rule="named: nobody knows who was paid")
        await programs.current(tx, [bearer])
    at = await tx.now()
    proposed = Correction(
        ids.new(at), item_id, action, bearer, reason, person, at, state="waiting", decided_by=None, decided_at=None
    )
    try:
        await store.insert_correction(tx, proposed)
    except UniqueViolation as violation:
        raise CorrectionWaits(item=str(item_id)) from violation
    request = approvals.Request(proposed.id, _digest(item, proposed), OTHERS_NEEDED, requester=person)
    await approvals.open(tx, [request])
    await _note(tx, "correction.proposed", proposed, person=person, reason=reason)
    return proposed


async def approve(
    tx: Transaction, correction_id: UUID, *, person: UUID, reason: str = "", scribe: dispatch.Scribe
) -> Item:
    """Agree to a correction, which is carried out at once; the item, closed.

    Raises:
        NoSuchCorrection, ItemClosed: there is nothing to agree to.
        RequesterMayNotApprove: it is their own.
        NothingToApprove: it was decided before.
        Refusal: what would have to move cannot; nothing was done, and the correction still waits.
    """
    correction, item = await _waiting(tx, correction_id)
    await _vote(tx, correction, item, person=person, in_favour=True, reason=reason)
    await _CARRY_OUT[correction.action](tx, item, correction, scribe)
    if item.break_id is not None:
        await dispatch.concluding.close_breaks(tx, [item.break_id], resolution=correction.action.value)
    if item.payout_id is not None:
        await dispatch.concluding.close_disputes(
            tx, [item.payout_id], resolution=correction.action.value, kind=item.kind.value
        )
    await store.close(tx, item.id, resolution=correction.action)
    await store.decide(tx, correction.id, state="done", person=person)
    await _note(tx, "correction.approved", correction, person=person, reason=reason)
    closed = await store.item(tx, item.id)
    assert closed is not None, "items are never deleted"
    return closed


async def reject(tx: Transaction, correction_id: UUID, *, person: UUID, reason: str) -> Item:
    """Turn a correction down, or withdraw one's own; the item stays open, and another may be proposed.

    Raises:
        NoSuchCorrection, ItemClosed: there is nothing to turn down.
        NothingToApprove: it was decided before.
    """
    correction, item = await _waiting(tx, correction_id)
    if person != correction.proposed_by:
        await _vote(tx, correction, item, person=person, in_favour=False, reason=reason)
    await store.decide(tx, correction.id, state="rejected", person=person)
    await _note(tx, "correction.rejected", correction, person=person, reason=reason)
    return item


async def _open_item(tx: Transaction, item_id: UUID) -> Item:
    item = await store.item(tx, item_id, lock=True)
    if item is None:
        raise NoSuchItem(item=str(item_id))
    return _insist_on_open(item)


def _insist_on_open(item: Item) -> Item:
    if item.closed_at is not None:
        raise ItemClosed(resolution=item.resolution)
    return item


async def _waiting(tx: Transaction, correction_id: UUID) -> tuple[Correction, Item]:
    """A correction that waits, and its item: held first, as by comparisons, which end both when the item is gone."""
    known = await store.correction(tx, correction_id)
    if known is None:
        raise NoSuchCorrection(correction=str(correction_id))
    item = await store.item(tx, known.item_id, lock=True)
    correction = await store.correction(tx, correction_id)
    assert item is not None and correction is not None, "neither is ever deleted"  # noqa: PT018 - one fact
    if correction.state != "waiting":
        raise approvals.NothingToApprove(standing=correction.state)
    return correction, _insist_on_open(item)


async def _vote(
    tx: Transaction, correction: Correction, item: Item, *, person: UUID, in_favour: bool, reason: str
) -> None:
    ballot = approvals.Ballot(correction.id, person, _digest(item, correction), in_favour=in_favour, reason=reason)
    [standing] = await approvals.vote(tx, [ballot])
    if isinstance(standing, Refusal):
        raise standing
    assert standing is not approvals.Standing.WAITING, "one more is enough, either way"


def _digest(item: Item, correction: Correction) -> bytes:
    """What is agreed on: this item about this much, and what is done about it at whose expense."""
    amount = f"{item.amount.minor} {item.amount.currency}" if item.amount else ""
    parts = (str(item.id), item.kind, item.subject, item.attempt_key or "", amount, correction.action,
             correction.program or "")  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


async def _note(tx: Transaction, what: str, correction: Correction, *, person: UUID, reason: str) -> None:
    await journal.note(
        tx,
        what,
        actor=actor("person", person),
        subject=str(correction.item_id),
        correction=str(correction.id),
        wanted=correction.action.value,
        program=correction.program,
        reason=reason,
    )


async def _settle(tx: Transaction, item: Item, _correction: Correction, scribe: dispatch.Scribe) -> None:
    if item.kind is not Kind.LOST_ATTEMPT:
        await _conclude(tx, item, Word.PAID, scribe)
        return
    assert item.payout_id is not None and item.attempt_key is not None, "a lost attempt is one of a payout of ours"  # noqa: PT018 - one fact
    generation = int(item.attempt_key.rpartition("-")[2])
    lost = dispatch.concluding.Lost(item.gateway or "", item.payout_id, generation, item.gateway_reference)
    await dispatch.concluding.adopt(tx, lost, scribe=scribe)
    if item.facts.get("said") == "returned":
        await _conclude(tx, item, Word.RETURNED, scribe)


async def _refuse(tx: Transaction, item: Item, _correction: Correction, scribe: dispatch.Scribe) -> None:
    """It was not paid: a live attempt ends, and a payout that waited for this may leave again."""
    if item.kind is Kind.PAID_AFTER_REFUSED:
        assert item.payout_id is not None, "breaks of this kind are about payouts"
        await payouts.hurry(tx, [item.payout_id])  # Refused where it does not wait, and then there is nothing to do.
        return
    await _conclude(tx, item, Word.REFUSED, scribe)


async def _return(tx: Transaction, item: Item, _correction: Correction, scribe: dispatch.Scribe) -> None:
    await _conclude(tx, item, Word.RETURNED, scribe)


async def _conclude(tx: Transaction, item: Item, word: Word, scribe: dispatch.Scribe) -> None:
    """Make the word true of the item's attempt.

    Raises:
        NotForThisItem: nothing leads from it to an attempt.
    """
    if item.gateway is None or item.attempt_key is None:
        raise NotForThisItem(field="action", rule="one that needs no attempt: none is known here")
    outcome = Outcome(word, reference=item.gateway_reference, reason=None if word is Word.PAID else "reconciled")
    await dispatch.concluding.conclude(tx, item.gateway, key=item.attempt_key, outcome=outcome, scribe=scribe)


async def _write_off(tx: Transaction, item: Item, correction: Correction, scribe: dispatch.Scribe) -> None:
    """Let the program bear a payment that no holder's money stands for; what waits to be paid again is cancelled."""
    assert item.amount is not None and correction.program is not None, "seen to when it was proposed"  # noqa: PT018 - one fact
    if item.payout_id is not None:
        payout = await payouts.get(tx, item.payout_id)
        if payout.state in _WAITING:
            reason = f"paid_by_{item.gateway}"
            [result] = await payouts.cancel(tx, [payout.id], actor=ACTOR, book=scribe.book, reason=reason)
            if isinstance(result, Refusal):
                raise result
    move = ledger.Movement(
        kind=ledger.TransferKind.WRITE_OFF,
        holder_id=ledger.NOBODY,
        amount=item.amount,
        program=correction.program,
        gateway=item.gateway,
        reference=f"correction:{correction.id}",
    )
    await ledger.apply(tx, [move], at=await tx.now())


async def _release(tx: Transaction, item: Item, _correction: Correction, _scribe: dispatch.Scribe) -> None:
    _insist(await payouts.release(tx, [_payout(item)]))


async def _reclaim(tx: Transaction, item: Item, _correction: Correction, _scribe: dispatch.Scribe) -> None:
    _insist(await payouts.reclaim(tx, [_payout(item)]))


async def _accept(_tx: Transaction, _item: Item, _correction: Correction, _scribe: dispatch.Scribe) -> None:
    """Nothing moves: that two people know of it is all."""


def _payout(item: Item) -> UUID:
    assert item.payout_id is not None, "what lies in suspense came back of a payout"
    return item.payout_id


def _insist(results: list[payouts.Payout | Refusal]) -> None:
    for result in results:
        if isinstance(result, Refusal):
            raise result


_CARRY_OUT: Final[Mapping[Action, Callable[[Transaction, Item, Correction, dispatch.Scribe], Awaitable[None]]]] = {
    Action.SETTLE: _settle,
    Action.REFUSE: _refuse,
    Action.RETURN: _return,
    Action.WRITE_OFF: _write_off,
    Action.RELEASE: _release,
    Action.RECLAIM: _reclaim,
    Action.ACCEPT: _accept,
}
