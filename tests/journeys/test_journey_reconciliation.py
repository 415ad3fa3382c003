"""What the bank lists is held against what we know; what differs is ended by two people, and the laws hold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bursar import bootstrap, dispatch, programs
from bursar.approvals import RequesterMayNotApprove
from bursar.ledger import InsufficientFunds
from bursar.monitoring import check_laws, reconciliation
from bursar.monitoring.reconciliation import Action, Comparison, Item, Kind, Query
from ground import person
from ways import V3
from world import Merchant, World, open_world

TODAY = timedelta(days=1)


async def compare(world: World) -> list[Comparison]:
    """Compare everything, as the daily job does."""
    async with bootstrap.gateways_of(world.settings) as gateways:
        since = datetime.now(UTC) - TODAY
        return await reconciliation.compare_all(world.database, gateways, actor="test", since=since)


async def items(world: World) -> list[Item]:
    async with world.database.transaction(readonly=True) as tx:
        return await reconciliation.items(tx, Query())


async def propose(world: World, item: Item, action: Action) -> tuple[UUID, UUID]:
    """Somebody proposes a correction: its id, and theirs."""
    async with world.database.transaction() as tx:
        anna = await person(tx, "anna")
        made = await reconciliation.propose(tx, item.id, action=action, person=anna, reason="as the bank's list has it")
    return made.id, anna


async def approve(world: World, correction: UUID, *, by: UUID | None = None) -> Item:
    async with world.database.transaction() as tx:
        voter = by or await person(tx, "ben")
        return await reconciliation.approve(tx, correction, person=voter, scribe=dispatch.Scribe(programs.Book()))


async def refused_then_paid(world: World, merchant: Merchant) -> UUID:
    """A payout that the bank refused, and then paid after all without anybody hearing of it."""
    [payout] = await world.ask(merchant, suffixes="0003")
    async with world.working():
        await world.until("state = 'failed'")
        await world.until_at_rest()
    await world.faults(drop_webhooks={"rate": 1})
    await world.force(f"{payout.hex}-1", "SUCCESS")
    return payout


async def laws(world: World) -> list[str]:
    async with world.database.transaction(readonly=True) as tx:
        return [f"{breach.what} {breach.subject}" for breach in await check_laws(tx)]


async def test_where_all_is_as_the_bank_says_nothing_differs(world: World) -> None:
    await world.ask(await world.merchant(), count=10, suffixes="0001 0002 0003 0004 0005")
    async with world.working():
        await world.until_at_rest()
    listed, books = await compare(world)
    assert (books.passed, listed.passed, listed.gateway, await items(world)) == (True, True, "mockbank", [])
    assert listed.payments == len((await world.book())["transfers"])


async def test_what_was_paid_after_it_was_refused_is_settled_by_two_people_and_the_laws_hold(world: World) -> None:
    payout = await refused_then_paid(world, await world.merchant())
    await compare(world)
    [item] = await items(world)
    assert (item.kind, item.payout_id, item.suggestion) == (Kind.PAID_AFTER_REFUSED, payout, Action.SETTLE)
    correction, anna = await propose(world, item, Action.SETTLE)
    with pytest.raises(RequesterMayNotApprove):
        await approve(world, correction, by=anna)
    assert (await world.states())[payout] == "failed"
    closed = await approve(world, correction)
    assert (closed.resolution, (await world.states())[payout]) == ("settle", "completed")
    async with world.working():
        await world.until_at_rest(s0003="completed")
    assert [one.passed for one in await compare(world)] == [True, True]
    await world.audit()


async def test_when_the_holder_has_spent_it_since_the_program_may_bear_it(world: World) -> None:
    merchant = await world.merchant(money="1000.00")
    payout = await refused_then_paid(world, merchant)
    await compare(world)
    [item] = await items(world)
    await world.faults(drop_webhooks={"rate": 0})
    await world.ask(merchant, suffixes="0001")
    async with world.working():
        await world.until("state = 'completed'")
        await world.until_at_rest()
    charged, _ = await propose(world, item, Action.SETTLE)
    with pytest.raises(InsufficientFunds):
        await approve(world, charged)
    async with world.database.transaction() as tx:
        await reconciliation.reject(tx, charged, person=await person(tx, "cleo"), reason="the money is spent")
    borne, _ = await propose(world, item, Action.WRITE_OFF)
    assert (await approve(world, borne)).resolution == "write_off"
    assert (await world.states())[payout] == "failed"
    await compare(world)
    assert (await items(world), await laws(world)) == ([], [])


async def test_a_worker_compares_when_it_is_asked_to(world: World) -> None:
    await refused_then_paid(world, await world.merchant())
    async with world.database.transaction() as tx:
        await reconciliation.ask(tx, actor="test")
    async with world.working():
        await world.until("state = 'done'", table="comparisons", least=2)
    assert [item.kind for item in await items(world)] == [Kind.PAID_AFTER_REFUSED]


async def test_what_another_gateway_lists_is_understood_as_well(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, through=V3) as world:
        await world.ask(await world.merchant(), count=8, suffixes="0001 0003")
        async with world.working():
            await world.until_at_rest()
        listed, books = await compare(world)
        assert (listed.gateway, listed.payments, listed.passed, books.passed) == (V3.gateway, 8, True, True)
        [payout] = await world.connection.fetch("SELECT id FROM payouts WHERE state = 'completed' LIMIT 1")
        await world.faults(drop_webhooks={"rate": 1})
        await world.force(f"{payout['id'].hex}-1", "FAILED")
        await compare(world)
        [item] = await items(world)
        assert (item.kind, item.payout_id, item.suggestion) == (Kind.REFUSED_AFTER_PAID, payout["id"], Action.RETURN)
        correction, _ = await propose(world, item, Action.RETURN)
        await approve(world, correction)
        assert (await world.states())[payout["id"]] == "returned"
        await compare(world)
        assert (await items(world), await laws(world)) == ([], [])
