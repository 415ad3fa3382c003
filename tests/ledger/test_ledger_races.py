"""Many at once: one balance is never spent twice, one reference never credited twice, and nobody waits for ever."""

import asyncio
import random
from uuid import UUID, uuid4

from bursar import ledger
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.ledger import InsufficientFunds, Movement, TransferKind
from ground import AT, funding, merchant, program


async def funded(database: Database, count: int, *, money: str) -> tuple[str, list[UUID]]:
    """A program of its own, and so many holders with money."""
    async with database.transaction() as tx:
        terms = await program(tx)
        return terms.program, [await merchant(tx, terms.program, money=money) for _ in range(count)]


def reserve(holder: UUID, program: str, minor: int) -> Movement:
    return Movement(TransferKind.RESERVE, holder, Money(minor, "PKR"), program, payout_id=uuid4(), reservation=1)


async def figures(database: Database, holder: UUID) -> tuple[int, int]:
    async with database.transaction(readonly=True) as tx:
        found = (await ledger.balances(tx, [holder]))[0]
        assert await ledger.discrepancies(tx) == []
        return found.available, found.reserved


async def test_fifty_at_once_cannot_spend_a_balance_twice(database: Database) -> None:
    name, (holder,) = await funded(database, 1, money="30.00")

    async def spend() -> bool:
        async with database.transaction() as tx:
            return isinstance((await ledger.apply(tx, [reserve(holder, name, 100)], at=AT))[0], UUID)

    spent = await asyncio.gather(*(spend() for _ in range(50)))
    assert spent.count(True) == 30
    assert await figures(database, holder) == (0, 3_000)


async def test_a_reference_that_comes_from_many_sides_at_once_is_credited_once(database: Database) -> None:
    """Even for a holder that has no balance yet, so that there is no row to lock at first."""
    async with database.transaction() as tx:
        terms = await program(tx)
        holder = await merchant(tx, terms.program, money=None)

    async def credit() -> bool:
        same = funding(holder, "10.00", program=terms.program, reference="transfer-1")
        async with database.transaction() as tx:
            return isinstance((await ledger.credit(tx, [same], at=AT))[0], UUID)

    credited = await asyncio.gather(*(credit() for _ in range(20)))
    assert credited.count(True) == 1
    assert await figures(database, holder) == (1_000, 0)


async def test_batches_over_the_same_holders_in_any_order_never_deadlock(database: Database) -> None:
    """``transaction``, not ``retrying``: a deadlock would be an error here."""
    name, everybody = await funded(database, 6, money="1000.00")

    async def batch(seed: int) -> int:
        chosen = random.Random(seed).sample(everybody, k=4)
        async with database.transaction() as tx:
            results = await ledger.apply(tx, [reserve(holder, name, 100) for holder in chosen], at=AT)
        return sum(not isinstance(result, InsufficientFunds) for result in results)

    moved = await asyncio.gather(*(batch(seed) for seed in range(40)))
    assert moved == [4] * 40
    reserved = [(await figures(database, holder))[1] for holder in everybody]
    assert sum(reserved) == 40 * 4 * 100


async def test_posting_and_reserving_side_by_side_keep_the_figures(database: Database) -> None:
    name, (holder,) = await funded(database, 1, money="1000.00")

    async def life(seed: int) -> None:
        end = random.Random(seed).choice([TransferKind.POST, TransferKind.VOID])
        begun = reserve(holder, name, 100)
        ended = Movement(
            end, holder, begun.amount, name, payout_id=begun.payout_id, reservation=1, gateway=f"bank-{name}"
        )
        for movement in (begun, ended):
            async with database.transaction() as tx:
                await ledger.apply(tx, [movement], at=AT)

    await asyncio.gather(*(life(seed) for seed in range(40)))
    posted = sum(random.Random(seed).choice([True, False]) for seed in range(40))
    assert await figures(database, holder) == (100_000 - posted * 100, 0)
