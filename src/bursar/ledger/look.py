"""The transfers themselves, with both their accounts: for exports, and for a payout's timeline."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.foundation.money import Money
from bursar.ledger import store
from bursar.ledger.model import Account, AccountKind, Transfer, TransferKind


async def transfers(
    tx: Transaction, *, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[Transfer]:
    """All transfers, oldest first, without holding them all in memory; ``until`` is excluded."""
    async for row in store.transfers(tx, since=since, until=until):
        yield _transfer(row)


async def transfers_of(tx: Transaction, payout_id: UUID) -> list[Transfer]:
    """What a payout has moved, in the order of its reservations and their steps."""
    return [_transfer(row) for row in await store.transfers_of(tx, payout_id)]


async def in_suspense(tx: Transaction, payout_ids: Collection[UUID]) -> set[UUID]:
    """Those of these payouts whose money came back and still lies on their program's suspense account. One query."""
    return await store.in_suspense(tx, payout_ids)


def _transfer(row: Record) -> Transfer:
    return Transfer(
        id=row["id"],
        at=row["recorded_at"],
        kind=TransferKind(row["kind"]),
        amount=Money(row["amount"], row["currency"]),
        debit=Account(AccountKind(row["debit_kind"]), row["debit_owner"]),
        credit=Account(AccountKind(row["credit_kind"]), row["credit_owner"]),
        holder_id=row["holder_id"],
        payout_id=row["payout_id"],
        reservation=row["reservation"],
        reference=row["reference"],
    )
