"""Taking money out of suspense: what came back after a payout was completed goes to its holder, or to its program."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bursar import earnings, ledger
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.payouts import store
from bursar.payouts.errors import NoSuchPayout, NotInSuspense
from bursar.payouts.model import Payout


async def release(tx: Transaction, payout_ids: Sequence[UUID]) -> list[Payout | Refusal]:
    """Give holders what came back of these payouts: it is available again, and so are the earnings behind it.

    Each one is done or refused on its own; the payouts stay returned. A constant number of statements.
    """
    return await _take_out(tx, payout_ids, ledger.TransferKind.RELEASE)


async def reclaim(tx: Transaction, payout_ids: Sequence[UUID]) -> list[Payout | Refusal]:
    """Give the programs what came back of these payouts; their holders get it no more, and earnings stay set aside.

    Each one is done or refused on its own; the payouts stay returned. A constant number of statements.
    """
    return await _take_out(tx, payout_ids, ledger.TransferKind.RECLAIM)


async def _take_out(tx: Transaction, payout_ids: Sequence[UUID], kind: ledger.TransferKind) -> list[Payout | Refusal]:
    locked, at = await store.lock(tx, payout_ids)
    suspended = await ledger.in_suspense(tx, locked)
    taken = [_suspended(locked.get(payout_id), payout_id, payout_id in suspended) for payout_id in payout_ids]
    found = {payout.id: payout for payout in taken if isinstance(payout, Payout)}
    if found:
        await _move(tx, [_movement(payout, kind) for payout in found.values()], at=at)
    return taken


async def _move(tx: Transaction, movements: Sequence[ledger.Movement], *, at: datetime) -> None:
    results = await ledger.apply(tx, movements, at=at)
    assert all(isinstance(result, UUID) for result in results), "what lies in suspense can be taken out"
    await earnings.follow(tx, [move for move in movements if move.kind is ledger.TransferKind.RELEASE], at=at)


def _suspended(payout: Payout | None, payout_id: UUID, is_there: bool) -> Payout | Refusal:
    if payout is None:
        return NoSuchPayout(payout=str(payout_id))
    return payout if is_there else NotInSuspense(payout=str(payout_id))


def _movement(payout: Payout, kind: ledger.TransferKind) -> ledger.Movement:
    return ledger.Movement(
        kind=kind,
        holder_id=payout.holder_id,
        amount=payout.amount,
        program=payout.program,
        payout_id=payout.id,
        reservation=payout.reservation,
    )
