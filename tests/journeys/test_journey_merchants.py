"""From a merchant's request to the end of the story, through the doors, with real workers and a bank."""

from pathlib import Path

import pytest

from bursar import payouts, programs
from ground import person
from world import World, open_world

LARGE = "150000.00"


async def test_each_account_comes_to_the_end_its_suffix_stands_for(world: World) -> None:
    acme = await world.merchant()
    await world.ask(acme, count=15, suffixes="0001 0002 0003 0004 0005")
    async with world.working():
        await world.until_at_rest()
    await world.audit()


async def test_processes_do_the_same_and_tell_no_secret_however_much_they_log(
    database_url: str, tmp_path: Path
) -> None:
    """Two workers and a web server, each a process, at the most talkative level; the auditor reads all they wrote."""
    talkative = {"log_level": "debug"}
    async with open_world(database_url, tmp_path, settings=talkative, web_faults="") as world:
        acme = await world.merchant()
        async with world.process("worker") as one, world.process("worker") as other:
            await world.ask(acme, count=20, suffixes="0001 0002 0003 0004 0005")
            await world.until_at_rest()
            await one.stop()
            await other.stop()
        assert all(log.stat().st_size for log in world.logs), "they did say something"
        await world.audit()


async def test_a_large_payout_waits_for_a_person_and_then_leaves(world: World) -> None:
    acme = await world.merchant()
    large = (await world.ask(acme, amount=LARGE))[0]
    small = (await world.ask(acme))[0]
    async with world.working():
        await world.until("state = 'completed'")
        assert await world.states() == {large: "in_review", small: "completed"}
        async with world.database.transaction() as tx:
            await payouts.approve(tx, [large], person=await person(tx), book=programs.Book())
        await world.until_at_rest()
    await world.audit()


@pytest.mark.parametrize(
    "tampering",
    [
        "amount = amount * 10",
        "destination = (SELECT destination FROM payouts o WHERE o.id <> payouts.id LIMIT 1)",
        "state = 'approved'",
    ],
    ids=["another amount", "another payout's destination", "approved by nobody"],
)
async def test_what_was_altered_behind_everybodys_back_is_not_sent(world: World, tampering: str) -> None:
    """Between the approval and the sending, by somebody who can write to the database."""
    acme = await world.merchant()
    altered = (await world.ask(acme, amount=LARGE))[0]
    others = await world.ask(acme, count=5)
    if not tampering.startswith("state"):
        async with world.database.transaction() as tx:
            await payouts.approve(tx, [altered], person=await person(tx), book=programs.Book())
    await world.connection.execute(f"UPDATE payouts SET {tampering} WHERE id = $1", altered)
    async with world.working():
        await world.until("state = 'completed'", least=5)
        await world.until("payout_id = $1 AND closed_at IS NULL", altered, table="breaks")
    assert {line["orderId"] for line in (await world.book())["transfers"]} == {str(one) for one in others}
    assert await world.count("payout_id = $1", altered, table="attempts") == 0
    assert (await world.states())[altered] == "approved"
