"""The second lock: what the database itself refuses, whoever asks it."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from bursar import ledger
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind
from ground import AT, merchant, program

K = TransferKind


@pytest.fixture
async def holder(tx: Transaction) -> UUID:
    """A holder with a payment that was posted."""
    terms = await program(tx, "merchants")
    return await merchant(tx, terms.program, money="1000.00")


def movement(kind: TransferKind, holder: UUID, payout: UUID, minor: int = 100) -> Movement:
    return Movement(kind, holder, Money(minor, "PKR"), "merchants", payout_id=payout, reservation=1, gateway="bank")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfers SET amount = amount + 1",
        "UPDATE transfers SET recorded_at = now()",
        "DELETE FROM transfers",
        "UPDATE transfers SET amount = 1 WHERE holder_id = '00000000-0000-0000-0000-000000000000' OR true",
    ],
)
async def test_transfers_are_append_only(tx: Transaction, holder: UUID, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await tx.run(statement)


@pytest.mark.parametrize("figure", ["available", "reserved"])
async def test_no_figure_goes_below_zero(tx: Transaction, holder: UUID, figure: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=f"{figure}_never_below_zero"):
        await tx.run(f"UPDATE balances SET {figure} = -1 WHERE holder_id = $1", holder)


@pytest.mark.parametrize("ends", [(K.POST, K.POST), (K.VOID, K.VOID), (K.POST, K.VOID), (K.VOID, K.POST)])
async def test_a_reservation_ends_once(tx: Transaction, holder: UUID, ends: tuple[TransferKind, TransferKind]) -> None:
    payout = uuid4()
    await ledger.apply(tx, [movement(K.RESERVE, holder, uuid4()), movement(K.RESERVE, holder, payout)], at=AT)
    await ledger.apply(tx, [movement(ends[0], holder, payout)], at=AT)
    with pytest.raises(asyncpg.UniqueViolationError, match="each_reservation_ends_once"):
        await ledger.apply(tx, [movement(ends[1], holder, payout)], at=AT)


@pytest.mark.parametrize("kind", [K.RESERVE, K.REVERSE])
async def test_a_reservation_begins_once_and_is_reversed_once(
    tx: Transaction, holder: UUID, kind: TransferKind
) -> None:
    payout = uuid4()
    steps = [K.RESERVE] if kind is K.RESERVE else [K.RESERVE, K.POST, K.REVERSE]
    await ledger.apply(tx, [movement(step, holder, payout) for step in steps], at=AT)
    with pytest.raises(asyncpg.UniqueViolationError, match="each_reservation_ends_once"):
        await ledger.apply(tx, [movement(kind, holder, payout)], at=AT)


async def test_a_reference_counts_once(tx: Transaction, holder: UUID) -> None:
    copied = "kind, debit_account, credit_account, amount, currency, holder_id, reference"
    with pytest.raises(asyncpg.UniqueViolationError, match="each_credit_counts_once"):
        await tx.run(f"INSERT INTO transfers (id, {copied}) SELECT gen_random_uuid(), {copied} FROM transfers")


@pytest.mark.parametrize(("column", "value"), [("amount", "0"), ("amount", "-5"), ("credit_account", "debit_account")])
async def test_a_transfer_moves_something_somewhere(tx: Transaction, holder: UUID, column: str, value: str) -> None:
    others = {"debit_account", "credit_account", "amount"} - {column}
    with pytest.raises(asyncpg.CheckViolationError):
        await tx.run(
            f"INSERT INTO transfers (id, kind, currency, holder_id, {column}, {', '.join(sorted(others))}) "
            f"SELECT gen_random_uuid(), kind, currency, holder_id, {value}, {', '.join(sorted(others))} FROM transfers"
        )


async def test_the_books_own_audit_sees_a_figure_that_nobody_moved(tx: Transaction, holder: UUID) -> None:
    assert await ledger.discrepancies(tx) == []
    await tx.run("UPDATE balances SET available = available + 1 WHERE holder_id = $1", holder)
    found = await ledger.discrepancies(tx)
    assert [(one.law, one.expected, one.found) for one in found] == [
        ("available equals its transfers", 100_000, 100_001)
    ]


async def test_the_books_own_audit_sees_an_end_for_another_amount(tx: Transaction, holder: UUID) -> None:
    payout = uuid4()
    await ledger.apply(tx, [movement(K.RESERVE, holder, payout, 100), movement(K.POST, holder, payout, 60)], at=AT)
    assert [one.subject for one in await ledger.discrepancies(tx)] == [str(payout)]


async def test_the_books_own_audit_sees_a_transfer_between_currencies(tx: Transaction, holder: UUID) -> None:
    await ledger.open_balances(tx, {(holder, "USD"): "merchants"})
    await tx.run(
        """
        INSERT INTO transfers (id, kind, debit_account, credit_account, amount, currency, holder_id)
        SELECT gen_random_uuid(), 'credit', p.available_account, u.available_account, 100, 'PKR', p.holder_id
        FROM balances p JOIN balances u ON u.holder_id = p.holder_id AND u.currency = 'USD'
        WHERE p.holder_id = $1 AND p.currency = 'PKR'
        """,
        holder,
    )
    assert await ledger.discrepancies(tx) != []
