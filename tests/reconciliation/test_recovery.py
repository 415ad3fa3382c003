"""After a restore nothing is sent until a reconciliation has shown what these books may lack."""

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from recon_house import ReconHouse, open_recon

from bursar import dispatch, payouts
from bursar.dispatch import Scope, gateway_key
from bursar.foundation import db
from bursar.foundation.settings import Settings
from bursar.gateways import Gateway
from bursar.monitoring import recovery
from bursar.monitoring.reconciliation import Action, Format, Kind, compare_statement
from bursar.monitoring.recovery import Outlook
from ground import AT, KEYRING, ask, emptied, own_database


@pytest.fixture(scope="module")
def own_url(server_url: str, template: str) -> Iterator[str]:
    """A database for these tests alone: a recovery is everybody's."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture
async def house(own_url: str) -> AsyncIterator[ReconHouse]:
    """That database with one program in it, which pays through its own bank."""
    await emptied(own_url)
    database = await db.connect(Settings(database_url=own_url, _env_file=None))
    yield await open_recon(database)
    await database.close()


def installed(house: ReconHouse) -> dict[str, Gateway]:
    """What is installed: the house's bank, under the name that its program's route has."""
    house.bank.name = house.terms.route.gateway
    return {house.bank.name: house.bank}


async def pursue(house: ReconHouse) -> Outlook | None:
    """What a worker does every few seconds."""
    return await recovery.pursue(house.database, installed(house))


async def waiting(house: ReconHouse) -> payouts.Payout:
    """A payout that is free to leave."""
    async with house.database.transaction() as tx:
        desk = payouts.Desk(house.book, KEYRING)
        [made] = await payouts.request(tx, [ask(house.holder, house.terms.program)], desk=desk, at=AT)
    assert isinstance(made, payouts.Payout)
    return made


async def restored(house: ReconHouse, *, elsewhere: str = "timeline") -> None:
    """The database was restored: it says of itself that it was another one, an hour ago."""
    await pursue(house)
    change = {"timeline": "timeline = '0000FFFF'", "system": "system_identifier = 7", "dump": "only_one = true"}
    await house.run(f"UPDATE database_identity SET {change[elsewhere]}, seen_at = now() - interval '1 hour'")
    if elsewhere == "dump":  # It makes the same tables once more, with the same rows.
        await house.run("ALTER TABLE database_identity RENAME TO dumped")
        await house.run("CREATE TABLE database_identity (LIKE dumped INCLUDING ALL)")
        await house.run("INSERT INTO database_identity SELECT * FROM dumped")
        await house.run("DROP TABLE dumped")


async def blocker(house: ReconHouse) -> str | None:
    return (await house.prepare()).blocker


async def test_a_database_that_is_what_it_was_sends(house: ReconHouse) -> None:
    await waiting(house)
    assert await pursue(house) is None
    assert await pursue(house) is None
    assert len((await house.prepare()).prepared) == 1


@pytest.mark.parametrize("elsewhere", ["timeline", "system", "dump"])
async def test_a_restored_database_sends_nothing_even_before_anybody_has_looked(
    house: ReconHouse, elsewhere: str
) -> None:
    await waiting(house)
    await restored(house, elsewhere=elsewhere)
    batch = await house.prepare()
    assert (batch.prepared, batch.blocker) == ((), "recovery")


async def test_no_switch_lets_it_go(house: ReconHouse) -> None:
    await waiting(house)
    await restored(house)
    async with house.database.transaction() as tx:
        await dispatch.stop(tx, Scope.GLOBAL, subject="", reason="also", actor="test")
    async with house.database.transaction() as tx:
        assert await dispatch.go(tx, Scope.GLOBAL, subject="", actor="test")
    assert await blocker(house) == "recovery"


async def test_it_is_over_once_the_gateways_list_shows_that_nothing_was_lost(house: ReconHouse) -> None:
    await waiting(house)
    await restored(house)
    assert await pursue(house) is None
    assert len((await house.prepare()).prepared) == 1
    notes = await house.rows("SELECT action FROM audit_notes WHERE action LIKE 'recovery.%' ORDER BY id")
    assert [row["action"] for row in notes] == ["recovery.begun", "recovery.ended"]


async def test_a_payment_that_was_lost_is_found_adopted_by_two_people_and_not_made_again(house: ReconHouse) -> None:
    payout = await waiting(house)
    await restored(house)
    installed(house)
    house.list_(gateway_key(payout.id, 1), at=datetime.now(UTC) - timedelta(minutes=30))
    outlook = await pursue(house)
    assert outlook is not None
    assert (outlook.open_items, outlook.not_compared) == (1, [])
    assert await blocker(house) == "recovery"
    [item] = await house.items()
    assert item.kind is Kind.LOST_ATTEMPT
    await house.correct(item, Action.SETTLE)
    assert await pursue(house) is None
    assert ((await house.prepare()).prepared, await blocker(house)) == ((), None)
    await house.insist_on_laws()


async def test_a_gateway_that_does_not_answer_keeps_sending_off(house: ReconHouse) -> None:
    await waiting(house)
    await restored(house)
    house.list_("anything")
    house.bank.breaks_after = 0
    outlook = await pursue(house)
    assert outlook is not None
    assert outlook.not_compared == [house.bank.name]
    house.bank.lines.clear()
    assert await pursue(house) is None


async def test_a_gateway_without_a_list_waits_for_two_people_or_for_its_statement(house: ReconHouse) -> None:
    await waiting(house)
    await restored(house)
    house.bank.capabilities = replace(house.bank.capabilities, lists=False)
    assert await pursue(house) is not None
    [item] = await house.items()
    assert (item.kind, item.gateway) == (Kind.NOT_COMPARED, house.bank.name)
    assert await blocker(house) == "recovery"
    await house.correct(item, Action.ACCEPT)
    assert await pursue(house) is None
    assert await blocker(house) is None


async def test_a_statement_does_as_well_as_a_list(house: ReconHouse) -> None:
    await restored(house)
    house.bank.capabilities = replace(house.bank.capabilities, lists=False)
    assert await pursue(house) is not None
    today, before = datetime.now(UTC), datetime.now(UTC) - timedelta(days=1)
    lines = [f"x{at.day},,1.00,PKR,{at.isoformat()},failed" for at in (before, today)]
    file = io.BytesIO("\n".join(["reference,key,amount,currency,date,status", *lines]).encode())
    await compare_statement(house.database, file, gateway=house.bank.name, form=Format.CSV, actor="test")
    assert await pursue(house) is None
    assert await house.items() == []


async def test_somebody_may_begin_one_by_hand_and_it_reaches_as_far_back_as_anybody_asks(house: ReconHouse) -> None:
    now = datetime.now(UTC)
    house.bank.breaks_after = 0
    installed(house)
    house.list_("anything")
    for hours in (2, 5, 1):
        async with house.database.transaction() as tx:
            await dispatch.recovery.begin(tx, known_until=now - timedelta(hours=hours), reason="snapshot", actor="test")
    outlook = await pursue(house)
    assert outlook is not None
    assert (outlook.recovery.known_until, outlook.recovery.reason) == (now - timedelta(hours=5), "snapshot")
    assert await blocker(house) == "recovery"


async def test_what_is_in_doubt_is_not_sent_again_either(house: ReconHouse) -> None:
    """An inquiry that finds nothing would send the same key again; during a recovery it only asks."""
    await restored(house)
    async with house.database.transaction(readonly=True) as tx:
        standing = await dispatch.standing(tx)
    assert standing.stops(program=house.terms.program, gateway=house.bank.name, holder=house.holder)
