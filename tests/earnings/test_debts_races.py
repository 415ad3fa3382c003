"""Many at once: a debt is kept back, recovered or forgiven once, whoever comes first."""

import asyncio
from dataclasses import replace
from uuid import UUID

import asyncpg
from debts_house import DebtsHouse
from earnings_house import money, open_house

import auditor
from bursar import earnings, payouts
from bursar.earnings import Recovery
from bursar.foundation.db import Database, Transaction
from bursar.payouts import Payout
from ground import AT, KEYRING, ask


async def opened(database: Database, *, earned: str, owed: str) -> tuple[DebtsHouse, UUID]:
    """A committed house whose holder has earned this and owes that; also the debt."""
    async with database.transaction() as tx:
        found = await open_house(tx)
        house = DebtsHouse(found.tx, found.program, found.holder, found.reference)
        await house.earn(earned)
        [debt] = await house.owe(owed)
    return house, debt.id


def within(house: DebtsHouse, tx: Transaction) -> DebtsHouse:
    """The same house in another transaction."""
    return replace(house, tx=tx)


async def insist_on_the_debts(database_url: str) -> None:
    """The auditor finds every unit explained."""
    connection = await asyncpg.connect(database_url)
    found = await auditor.complaints(connection)
    await connection.close()
    assert [said for said in found if said.startswith(("debts", "earnings", "accounts", "reservations"))] == []


async def test_two_requests_at_once_keep_a_debt_back_once(database: Database, database_url: str) -> None:
    house, _ = await opened(database, earned="1000.00", owed="150.00")

    async def request() -> Payout:
        async with database.transaction() as tx:
            asks = [ask(house.holder, house.program, amount="200.00")]
            [made] = await payouts.request(tx, asks, desk=payouts.Desk(house.book, KEYRING), at=AT)
        assert isinstance(made, Payout), made
        return made

    made = await asyncio.gather(*(request() for _ in range(5)))
    assert sorted((one.amount.text, one.netted) for one in made) == [("200.00", 0)] * 4 + [("50.00", 15_000)]
    await insist_on_the_debts(database_url)


async def test_a_debt_comes_down_once_whoever_brings_it_down(database: Database, database_url: str) -> None:
    house, debt_id = await opened(database, earned="1000.00", owed="150.00")

    async def recover() -> object:
        async with database.transaction() as tx:
            return await earnings.recover(tx, [Recovery(house.holder, money("100.00"))], at=AT)

    async def settle() -> object:
        async with database.transaction() as tx:
            return await earnings.settle(tx, [debt_id], actor="test", at=AT)

    async def forgive() -> object:
        async with database.transaction() as tx:
            return await earnings.forgive(tx, [debt_id], actor="test", reason="old", at=AT)

    await asyncio.gather(*(work() for work in (recover, settle, forgive) * 4))
    async with database.transaction(readonly=True) as tx:
        assert (await within(house, tx).owed()).minor == 0
        found = await earnings.debt(tx, debt_id)
        available, _ = await within(house, tx).balance()
    assert found.recovered + found.forgiven == money("150.00")
    assert available == 100_000 - found.recovered.minor
    await insist_on_the_debts(database_url)


async def test_a_debt_that_is_noted_by_many_at_once_is_owed_once(database: Database, database_url: str) -> None:
    house, _ = await opened(database, earned="10.00", owed="1.00")
    wanted = house.debt("30.00")

    async def owe() -> UUID:
        async with database.transaction() as tx:
            [debt] = await earnings.owe(tx, [wanted], at=AT)
        return debt.id

    assert len(set(await asyncio.gather(*(owe() for _ in range(6))))) == 1
    async with database.transaction(readonly=True) as tx:
        assert await within(house, tx).owed() == money("31.00")
    await insist_on_the_debts(database_url)
