"""The one function that moves payouts: lock, state, money, history and event in one transaction, for a whole batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bursar import earnings, ledger, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.log import correlation_id
from bursar.payouts import store
from bursar.payouts.errors import NoSuchPayout
from bursar.payouts.model import MOVES, Effect, Payout, PayoutState, Step, approved_due

_KINDS: Final = {
    Effect.RESERVE: ledger.TransferKind.RESERVE,
    Effect.POST: ledger.TransferKind.POST,
    Effect.VOID: ledger.TransferKind.VOID,
    Effect.REVERSE: ledger.TransferKind.REVERSE,
}
_OURS: Final = ("system:", "gateway:")
"""How actors begin that nobody's request makes act."""


async def advance(
    tx: Transaction,
    steps: Sequence[Step],
    *,
    book: programs.Book,
    locked: Mapping[UUID, Payout] | None = None,
    at: datetime | None = None,
) -> list[Payout | Refusal]:
    """Take these steps in order, each accepted (the payout after it) or refused on its own.

    A payout may appear more than once: its second step starts where the first one led. Callers that hold the rows
    already pass them as ``locked`` with the database's time ``at``. Costs at most six statements, whatever the batch,
    and at most four more where money moves that may stand for earnings.
    """
    assert len({s.payout_id for s in steps}) == len(steps) or all(
        MOVES[s.verb].money is not Effect.RESERVE for s in steps
    ), "a reservation may be refused for want of money, so no second step can count on it"
    if locked is None or at is None:
        locked, at = await store.lock(tx, {step.payout_id for step in steps})
    steps = await _with_their_run(tx, steps, locked, book=book, at=at)
    standing = dict(locked)
    taken = [_take(standing, step, at) for step in steps]
    moves = [(i, after) for i, after in enumerate(taken) if isinstance(after, Payout)]
    refused = await _move_money(tx, [(steps[i], after) for i, after in moves], book=book, at=at)
    for (i, _), refusal in zip(moves, refused, strict=True):
        if refusal is not None:
            taken[i] = refusal
    await _write(tx, locked, list(zip(steps, taken, strict=True)))
    return taken


async def _with_their_run(
    tx: Transaction, steps: Sequence[Step], locked: Mapping[UUID, Payout], *, book: programs.Book, at: datetime
) -> Sequence[Step]:
    """Make payouts that become approved wait for the next run, where their programs pay in runs today."""
    freed = {s.payout_id for s in steps if MOVES[s.verb].target is PayoutState.APPROVED and s.payout_id in locked}
    if not freed:
        return steps
    terms = await book.judge(tx, {locked[payout_id].program for payout_id in freed})
    return [
        msgspec.structs.replace(step, due_at=approved_due(terms[locked[step.payout_id].program], at=at))
        if step.payout_id in freed and MOVES[step.verb].target is PayoutState.APPROVED
        else step
        for step in steps
    ]


def _take(standing: dict[UUID, Payout], step: Step, at: datetime) -> Payout | Refusal:
    """One step from where the payout stands now; remembered for the steps after it."""
    payout = standing.get(step.payout_id)
    if payout is None:
        return NoSuchPayout(payout=str(step.payout_id))
    try:
        after = payout.after(step, at=at)
    except Refusal as refusal:
        return refusal
    standing[payout.id] = after
    return after


async def _move_money(
    tx: Transaction, moves: Sequence[tuple[Step, Payout]], *, book: programs.Book, at: datetime
) -> list[Refusal | None]:
    """Carry out what the table says the money does; only a fresh reservation can be refused."""
    refusals: list[Refusal | None] = [None] * len(moves)
    paid = [(i, step, after) for i, (step, after) in enumerate(moves) if MOVES[step.verb].money is not Effect.NONE]
    if not paid:
        return refusals
    terms = await book.at_versions(tx, {(after.program, after.terms_version) for _, _, after in paid})
    movements = [_movement(after, MOVES[step.verb].money, _own(terms, after)) for _, step, after in paid]
    for (i, _, _), movement, result in zip(paid, movements, await ledger.apply(tx, movements, at=at), strict=True):
        if isinstance(result, Refusal):
            assert movement.kind is ledger.TransferKind.RESERVE, "what was reserved can always be posted or released"
            refusals[i] = result
    followed = [
        movement
        for (i, _, after), movement in zip(paid, movements, strict=True)
        if refusals[i] is None and _may_have_earnings(after, _own(terms, after))
    ]
    await earnings.follow(tx, followed, at=at)
    return refusals


def _own(terms: Mapping[tuple[str, int], programs.Terms], payout: Payout) -> programs.Terms:
    """The terms that judged a payout."""
    return terms[payout.program, payout.terms_version]


def _movement(payout: Payout, effect: Effect, terms: programs.Terms) -> ledger.Movement:
    suspended = effect is Effect.REVERSE and terms.returns_to is programs.ReturnsTo.SUSPENSE
    return ledger.Movement(
        kind=ledger.TransferKind.REVERSE_TO_SUSPENSE if suspended else _KINDS[effect],
        holder_id=payout.holder_id,
        amount=payout.amount,
        program=payout.program,
        payout_id=payout.id,
        reservation=payout.reservation,
        gateway=payout.gateway,
    )


def _may_have_earnings(payout: Payout, terms: programs.Terms) -> bool:
    """Whether a payout's money may stand for earnings, by its own terms.

    Its program may have begun with earnings after those; a retry then takes some where its first reservation took none.
    """
    return terms.credits is programs.Credits.EARNINGS or payout.reservation > 1


async def _write(
    tx: Transaction, before: Mapping[UUID, Payout], taken: Sequence[tuple[Step, Payout | Refusal]]
) -> None:
    """Store where each payout ended up, and one event for each step that was taken."""
    ended: dict[UUID, Payout] = {}
    events = []
    for step, after in taken:
        if isinstance(after, Payout):
            source = ended.get(after.id, before[after.id]).state
            ended[after.id] = after
            events.append(_event(step, after, from_state=source.value))
    if ended:
        await store.update(tx, list(ended.values()), events)


def _event(step: Step, after: Payout, *, from_state: str) -> store.Event:
    return (
        after.id,
        after.holder_id,
        after.version,
        step.verb,
        from_state,
        after.state.value,
        step.reason,
        step.facts,
        step.actor,
        _correlation(step, after),
    )


def _correlation(step: Step, after: Payout) -> str | None:
    """What we and gateways do belongs to the payout's own story; what people do, to the request they did it with."""
    if step.actor.startswith(_OURS):
        return after.correlation_id or correlation_id()
    return correlation_id() or after.correlation_id
