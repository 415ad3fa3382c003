"""Risk through the doors: what is unusual waits, terms that change void an approval, and what was denied is held."""

from typing import Any
from uuid import UUID

from bursar import holders, monitoring, payouts, programs
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring
from bursar.holders import NewDenial
from ground import person, program
from world import QUICK, Merchant, World

LARGE = "150000.00"


async def approve(world: World, payout_id: UUID) -> None:
    """Let somebody agree to a payout."""
    async with world.database.transaction() as tx:
        [agreed] = await payouts.approve(tx, [payout_id], person=await person(tx), book=programs.Book())
        assert isinstance(agreed, payouts.Payout), agreed


async def change(world: World, **terms: Any) -> None:
    """Apply other terms to the merchants' program."""
    async with world.database.transaction() as tx:
        await program(tx, "merchants", **QUICK | terms)


async def status(world: World, by: Merchant, payout_id: UUID) -> str:
    """What the merchant is told about a payout."""
    url = f"{world.web_url}/api/v1/payouts/{payout_id}"
    async with world.session.get(url, headers={"X-API-KEY": by.key}) as reply:
        return str((await reply.json())["status"])


async def test_terms_that_change_after_an_approval_void_it(world: World) -> None:
    """Nothing is sent on the old agreement; on a new one it leaves, once."""
    acme = await world.merchant()
    [large] = await world.ask(acme, amount=LARGE)
    await approve(world, large)
    await change(world, review__amount_at=90000.00)
    async with world.working():
        await world.until("id = $1 AND state = 'in_review'", large)
        assert await status(world, acme, large) == "IN_REVIEW"
        assert (await world.book())["transfers"] == []
        await approve(world, large)
        await world.until_at_rest()
    assert await status(world, acme, large) == "SUCCESS"
    async with world.database.transaction(readonly=True) as tx:
        story = await monitoring.timeline(tx, await payouts.get(tx, large))
    kinds = ("vote", "check")
    told = [entry.facts.get("verb", entry.kind) for entry in story if entry.kind in {"move", *kinds}]
    assert told == [
        "request", "review", "vote", "approve",
        "check", "check", "check", "review", "vote", "approve",
        "send", *told[11:],
    ]  # fmt: skip
    await world.audit()


async def test_a_burst_waits_for_people_however_it_arrives(world: World) -> None:
    """Twenty requests at once, in whatever batches: five leave by themselves."""
    await change(world, risk__per_hour_max=5)
    acme = await world.merchant()
    asked = await world.ask(acme, count=20)
    states = await world.states()
    assert sorted(states.values()) == ["approved"] * 5 + ["in_review"] * 15
    async with world.working():
        await world.until("state = 'completed'", least=5)
        for payout_id in asked:
            if states[payout_id] == "in_review":
                await approve(world, payout_id)
        await world.until_at_rest()
    await world.audit()


async def test_whoever_is_denied_is_not_paid_without_a_person(world: World) -> None:
    acme, other = await world.merchant(), await world.merchant()
    assert world.settings.encryption_key is not None
    keyring = Keyring([world.settings.encryption_key.get_secret_value().encode()])
    async with world.database.transaction() as tx:
        new = NewDenial("account taken over", holder_id=acme.holder)
        await holders.deny(tx, [new], keyring=keyring, actor="person:anna", at=SystemClock().now())
    [held], [free] = await world.ask(acme), await world.ask(other)
    async with world.working():
        await world.until("id = $1 AND state = 'completed'", free)
    assert await world.states() == {held: "in_review", free: "completed"}
    assert await status(world, acme, held) == "IN_REVIEW"
