"""What changes between a request and its run: terms, destinations, what is known of an account, and lists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bursar import holders
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring, read_key
from bursar.holders import NewDenial
from providers_world import EASED, PAYOUTS, Providers, open_providers


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Providers]:
    """The shipped program, for people who are known already."""
    async with open_providers(database_url, tmp_path, **EASED) as here:
        yield here


async def test_the_name_on_an_account_is_shown_to_whoever_looks_even_if_it_comes_late(here: Providers) -> None:
    """The bank's word comes while a payout waits for people: they see it, and what they say then counts."""
    await here.change_terms(risk__successes_min=3)
    staff, eve = await here.staff(), await here.provider("Eve Adams")
    await here.known_as(eve, "Musa Danjuma")
    payout = await here.ask(eve)
    assert await staff.findings(payout) == {"few_completed_payouts": "medium"}
    async with here.world.working():
        await here.until_checked(eve)
        assert await staff.findings(payout) == {"few_completed_payouts": "medium", "account_name_differs": "high"}
        await staff.approve(payout)
        await here.run()
        await here.until_status(eve, payout, "COMPLETED")
        await here.world.until_at_rest()
    await here.world.audit()


async def test_who_agreed_before_the_name_was_known_is_asked_again(here: Providers) -> None:
    await here.change_terms(risk__successes_min=3, review__approvals_needed=2)
    one, two, eve = await here.staff(), await here.staff(), await here.provider("Eve Adams")
    await here.known_as(eve, "Musa Danjuma")
    half, whole = await here.ask(eve), await here.ask(eve)
    await one.approve(half)
    await one.approve(whole)
    await two.approve(whole)
    async with here.world.working():
        await here.until_checked(eve)
        await two.approve(half)
        assert await eve.status(half) == "REQUESTED", "one of the two had not seen it"
        await here.until_finished(await here.run())
        assert await eve.status(whole) == "REQUESTED", "neither of the two had"
        assert await here.world.count("true", table="attempts") == 0
        for person, payout in ((one, half), (one, whole), (two, whole)):
            await person.approve(payout)
        await here.run()
        await here.until_status(eve, half, "COMPLETED")
        await here.until_status(eve, whole, "COMPLETED")
        await here.world.until_at_rest()
    await here.world.audit()


async def test_who_is_denied_after_the_approval_is_not_paid_until_people_agree(here: Providers) -> None:
    staff, ada, bola = await here.staff(), await here.provider(), await here.provider("Bola Adeyemi")
    payout, other = await here.ask(ada), await here.ask(bola)
    async with here.world.working():
        await here.until_checked(ada)
        await here.until_checked(bola)
        await deny(here, NewDenial("account taken over", holder_id=ada.holder))
        await here.run()
        await here.until_status(ada, payout, "REQUESTED")
        assert await staff.findings(payout) == {"denied": "high"}
        await here.until_status(bola, other, "COMPLETED")
        assert await here.world.count("payout_id = $1", payout, table="attempts") == 0
        await staff.approve(payout)
        await here.run()
        await here.until_status(ada, payout, "COMPLETED")
        await here.world.until_at_rest()
    await here.world.audit()


async def deny(here: Providers, new: NewDenial) -> None:
    """Put somebody on the denied list, as ``bursar risk deny`` does."""
    key = here.world.settings.encryption_key
    assert key is not None
    async with here.world.database.transaction() as tx:
        keyring = Keyring([read_key(key.get_secret_value())])
        await holders.deny(tx, [new], keyring=keyring, actor="cli:test", at=SystemClock().now())


async def test_the_key_of_a_providers_own_system_is_no_way_around_the_check(here: Providers) -> None:
    """The merchants' door stores no destinations: through it, a provider is paid to what is stored, or not at all."""
    ada = await here.provider()
    system, once = await here.system(ada), {"X-IDEMPOTENCY-KEY": "one"}
    method = {name: value for name, value in ada.method().items() if name != "type"}
    body = {"merchantReference": "one", "amount": "1000.00", "currency": "NGN", "destType": "BANK", **method}
    refused = await system.post("/api/v1/payouts", json=body, headers=once)
    assert (refused.status, refused.error["code"]) == (400, "destination_not_allowed"), refused.body
    await here.store(ada)
    assert (await system.post("/api/v1/payouts", json=body, headers=once)).status == 201


async def test_terms_that_change_between_the_approval_and_the_run_void_it(here: Providers) -> None:
    """Neither what the terms approved nor what people agreed to leaves on the old word."""
    staff, ada, bola = await here.staff(), await here.provider(), await here.provider("Bola Adeyemi")
    by_terms, by_people = await here.ask(ada, "40000.00"), await here.ask(bola, "60000.00")
    await staff.approve(by_people)
    async with here.world.working():
        await here.until_checked(ada)
        await here.until_checked(bola)
        await here.change_terms(review__amount_at=30000)
        await here.until_finished(await here.run())
        assert await here.world.count("true", table="attempts") == 0
        assert (await staff.findings(by_terms))["amount_over_review_threshold"] == "high"
        assert (await staff.findings(by_people))["terms_changed"] == "high"
        for by, payout in ((ada, by_terms), (bola, by_people)):
            assert await by.status(payout) == "REQUESTED"
            await staff.approve(payout)
        await here.run()
        await here.until_status(ada, by_terms, "COMPLETED")
        await here.until_status(bola, by_people, "COMPLETED")
        await here.world.until_at_rest()
    await here.world.audit()


async def test_an_account_that_is_removed_or_replaced_after_the_approval(here: Providers) -> None:
    """The payout goes where it was agreed that it goes; and removing an account ends no cool-off."""
    ada = await here.provider()
    old = await here.ask(ada)
    new = await here.ask(ada, ending="0004")
    stored = (await ada.get("/api/provider/destinations")).json["data"]
    async with here.world.working():
        await here.until_checked(ada)
        for each in stored:
            assert (await ada.call("DELETE", f"/api/provider/destinations/{each['id']}")).status == 204
        nowhere = await ada.post(PAYOUTS, json={"amount": 100})
        assert nowhere.status in {400, 409}, nowhere.body
        again = await here.ask(ada, ending="0004")
        await here.until_checked(ada)
        await here.until_finished(await here.run())
        await here.until_status(ada, old, "COMPLETED")
        for payout in (new, again):
            assert (await ada.payout(payout))["waiting"]["reason"] == "cool_off"
            assert await here.world.count("payout_id = $1", payout, table="attempts") == 0
