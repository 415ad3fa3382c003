"""The providers document from beginning to end, through the HTTP door, numbered as its steps are.

Flutterwave's simulator pays; the program is the shipped one, with waits that fit into a test.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from providers_world import EASED, Providers, open_providers


@pytest.fixture
async def shipped(database_url: str, tmp_path: Path) -> AsyncIterator[Providers]:
    """The program as it is shipped."""
    async with open_providers(database_url, tmp_path) as here:
        yield here


@pytest.fixture
async def eased(database_url: str, tmp_path: Path) -> AsyncIterator[Providers]:
    """The same for people who are known already, so that a payout need not be agreed to."""
    async with open_providers(database_url, tmp_path, **EASED) as here:
        yield here


async def test_1_a_request_is_checked_against_what_was_earned_and_recorded(shipped: Providers) -> None:
    ada = await shipped.provider(earned="800.00")
    refused = await shipped.try_to_ask(ada, "800.01")
    assert refused.status == 400, refused.body
    figures = {name: refused.error[name] for name in ("available", "requested", "currency")}
    assert figures == {"available": "800.00", "requested": "800.01", "currency": "NGN"}
    assert await ada.balance() == ("800.00", "0.00")
    payout = await shipped.ask(ada, "500.00")
    assert await ada.balance() == ("300.00", "500.00")
    assert [line["status"] for line in (await ada.payout(payout))["history"]] == ["REQUESTED", "REQUESTED"]
    as_in_the_picture = await ada.post("/api/payouts", json={"amount": 100, "method": ada.method()})
    assert (as_in_the_picture.status, as_in_the_picture.json["status"]) == (201, "REQUESTED")
    await shipped.world.audit()


async def test_1_earnings_are_paid_off_oldest_first_and_lead_to_their_payouts(eased: Providers) -> None:
    ada = await eased.provider(earned=None)
    await eased.earn(ada.reference, "100.00", "200.00", "300.00")
    async with eased.world.working():
        first, second = await eased.ask(ada, "250.00"), await eased.ask(ada, "50.00")
        assert await ada.earnings() == [("RESERVED", "100.00"), ("RESERVED", "200.00"), ("AVAILABLE", "300.00")]
        await eased.until_checked(ada)
        await eased.run()
        await eased.until_status(ada, first, "COMPLETED")
        await eased.until_status(ada, second, "COMPLETED")
        await eased.world.until_settled()
    assert await ada.earnings() == [("PAID_OUT", "100.00"), ("PAID_OUT", "200.00"), ("AVAILABLE", "300.00")]
    known = {each["id"]: each for each in (await ada.get("/api/provider/earnings")).json["data"]}
    for payout, amounts in {first: ["100.00", "150.00"], second: ["50.00"]}.items():
        parts = (await ada.payout(payout))["earnings"]
        assert [part["amount"] for part in parts] == amounts
        assert all(str(payout) in {used["payoutId"] for used in known[part["earningId"]]["payouts"]} for part in parts)
    assert await ada.balance() == ("300.00", "0.00")
    await eased.world.audit()


async def test_2_risk_lets_the_usual_pass_and_says_what_is_unusual(shipped: Providers) -> None:
    staff, ada = await shipped.staff(), await shipped.provider()
    emeka = await shipped.provider("Emeka Nwosu", verified=False)
    new = await shipped.ask(ada)
    assert (await ada.payout(new))["flagged"]
    assert await staff.findings(new) == {"few_completed_payouts": "medium", "destination_recent": "medium"}
    unverified = await shipped.ask(emeka)
    assert (await staff.findings(unverified))["holder_not_verified"] == "high"
    shared = await shipped.try_to_ask(emeka, method=ada.method())
    told = await staff.findings(UUID(shared.json["id"]))
    assert (told["destination_shared"], told["account_name_differs"]) == ("high", "high")
    await shipped.change_terms(**EASED)
    bola = await shipped.provider("Bola Adeyemi", earned="200000.00")
    limit, above = await shipped.ask(bola, "50000.00"), await shipped.ask(bola, "50000.01", method=None)
    assert [await bola.status(one) for one in (limit, above)] == ["APPROVED", "REQUESTED"]
    assert await staff.findings(above) == {"amount_over_review_threshold": "high"}
    await shipped.world.audit()


async def test_3_after_three_payouts_that_people_agreed_to_the_next_leaves_by_itself(shipped: Providers) -> None:
    await shipped.change_terms(risk__changed_hours=None, risk__per_hour_max=10)
    staff, ada = await shipped.staff(), await shipped.provider()
    async with shipped.world.working():
        for _ in range(3):
            payout = await shipped.ask(ada)
            assert await ada.status(payout) == "REQUESTED"
            await staff.approve(payout)
            assert (await ada.payout(payout))["waiting"]["reason"] == "next_run"
            await shipped.run()
            await shipped.until_status(ada, payout, "COMPLETED")
        last = await shipped.ask(ada)
        assert await ada.status(last) == "APPROVED"
        await shipped.world.until_settled()
    await shipped.world.audit()


async def test_3_whoever_may_approve_is_told_and_the_provider_of_what_they_decide(shipped: Providers) -> None:
    staff, ada = await shipped.staff(), await shipped.provider(earned="70000.00")
    async with shipped.world.working():
        payout = await shipped.ask(ada, "60000.00")
        waiting = (await staff.get("/api/payouts", params={"status": "in_review"})).json["data"]
        assert [one["id"] for one in waiting] == [str(payout)]
        await shipped.do_not_wait_for_more_mail()
        letter = await shipped.post.until(staff.email, "A payout of 60,000.00 NGN waits for your review")
        assert "at or above 50,000.01 NGN" in letter
        assert (await staff.post(f"/api/payouts/{payout}/reject", json={})).status == 400, "a reason is needed"
        turned_down = await staff.decide(payout, "reject", "The invoice is missing.")
        assert turned_down.status == 200, turned_down.body
        assert "The invoice is missing." in await shipped.post.until(ada.email, "Your payout of 60,000.00 NGN was not")
        await shipped.world.until_settled()
    seen = await ada.payout(payout)
    assert (seen["status"], seen["reason"]) == ("REJECTED", "The invoice is missing.")
    assert await ada.balance() == ("70000.00", "0.00")
    assert await ada.earnings() == [("AVAILABLE", "70000.00")]
    await shipped.world.audit()


async def test_4_and_5_approved_payouts_wait_for_the_run_and_flutterwaves_word_completes_them(eased: Providers) -> None:
    ada = await eased.provider()
    await eased.change_terms(unknown__poll_seconds=[60])  # So that the webhook is what makes us ask.
    await eased.world.control("behaviour", settleAfterMs=700)
    async with eased.world.working():
        payout = await eased.ask(ada, "2500.00")
        await eased.until_checked(ada)
        assert (await ada.payout(payout))["waiting"]["reason"] == "next_run"
        assert await eased.world.count("true", table="attempts") == 0
        await eased.run()
        await eased.until_status(ada, payout, "PROCESSING")
        assert (await ada.balance(), await ada.earnings()) == (("97500.00", "2500.00"), [("AVAILABLE", "100000.00")])
        done = await eased.until_status(ada, payout, "COMPLETED")
        assert done["processedAt"] is not None
        assert await ada.balance() == ("97500.00", "0.00")
        await eased.world.until("result = 'asked'", table="reports")
        letter = await eased.post.until(ada.email, "Your payout of 2,500.00 NGN has been paid")
        assert "0001" in letter
        assert ada.bank not in letter
        await eased.world.until_at_rest()
        await eased.world.until_settled()
    await eased.world.audit()


async def test_5_a_failure_is_tried_again_three_times_and_then_waits_for_a_person(eased: Providers) -> None:
    """Each attempt fails, until somebody has had another look."""
    staff, ada = await eased.staff(), await eased.provider()
    fatal = "DISBURSE FAILED: A fatal error occured while proccesing your request."
    async with eased.world.working():
        payout = await eased.ask(ada, ending="0004")
        await eased.until_checked(ada)
        await eased.run()
        for attempt in range(1, 5):
            await eased.world.until("generation = $1 AND outcome = 'accepted'", attempt, table="attempts")
            assert await ada.status(payout) == "PROCESSING"
            await eased.world.force(f"{payout.hex}-{attempt}", "FAILED", message=fatal)
        failed = await eased.until_final(ada, payout, "FAILED")
        assert failed["reason"]
        assert [line["status"] for line in failed["history"]].count("FAILED") == 4
        assert await ada.balance() == ("100000.00", "0.00")
        letter = await eased.post.until(ada.email, "Your payout of 1,000.00 NGN could not be paid")
        assert "one of us now looks at this payout" in letter
        again = await staff.decide(payout, "retry", "The bank is back")
        assert again.status == 200, again.body
        assert await ada.balance() == ("99000.00", "1000.00")
        await eased.run()
        await eased.world.until("generation = 5 AND outcome = 'accepted'", table="attempts")
        await eased.world.force(f"{payout.hex}-5", "SUCCESSFUL")
        await eased.until_status(ada, payout, "COMPLETED")
        assert await ada.earnings() == [("AVAILABLE", "100000.00")]
        await eased.world.until_at_rest(s0004="completed")
        await eased.world.until_settled()
    await eased.world.audit()


async def test_5_one_that_fails_for_now_is_retried_by_itself_and_one_for_good_is_not(eased: Providers) -> None:
    ada, bola = await eased.provider(), await eased.provider("Bola Adeyemi")
    async with eased.world.working():
        for_now, for_good = await eased.ask(ada, ending="0002"), await eased.ask(bola, ending="0003")
        await eased.until_checked(ada)
        await eased.until_checked(bola)
        await eased.run()
        await eased.world.until_at_rest()
        assert await eased.world.count("payout_id = $1", for_now, table="attempts") == 2
        assert await eased.world.count("payout_id = $1", for_good, table="attempts") == 1
        await eased.world.until_settled()
    assert (await bola.payout(for_good))["retryAt"] is None
    await eased.world.audit()


async def test_6_a_new_account_is_announced_to_the_old_address_and_cools_off(eased: Providers) -> None:
    """Whoever takes over an account changes the e-mail first, and where the money goes next."""
    ada = await eased.provider()
    async with eased.world.working():
        first = await eased.ask(ada)
        await eased.post.until(ada.email, "A new bank account was added")
        thief = {"reference": ada.reference, "name": ada.name, "email": "thief@example.com"}
        assert (await eased.platform.post("/api/holders", json={"holders": [thief]})).status == 200
        second = await eased.ask(ada, ending="0007")
        await eased.post.until("thief@example.com", "A new bank account was added")
        await eased.post.until(ada.email, "A new bank account was added", least=2)
        assert (await ada.payout(second))["flagged"] is False
        assert (await ada.payout(second))["waiting"]["reason"] == "cool_off"
        await eased.until_checked(ada)
        run = await eased.run()
        await eased.until_finished(run)
        await eased.until_status(ada, first, "COMPLETED")
        assert await ada.status(second) == "APPROVED"
        assert await eased.world.count("payout_id = $1", second, table="attempts") == 0


async def test_8_the_account_is_validated_before_the_first_payout_and_the_answer_kept(eased: Providers) -> None:
    staff, ada, eve = await eased.staff(), await eased.provider(), await eased.provider("Eve Adams")
    await eased.known_as(eve, "Musa Danjuma")
    async with eased.world.working():
        good, bad = await eased.ask(ada), await eased.ask(eve)
        await eased.run()
        await eased.until_status(ada, good, "COMPLETED")
        held = await eased.until_status(eve, bad, "REQUESTED")
        assert held["flagged"]
        assert await staff.findings(bad) == {"account_name_differs": "high"}
        [stored] = (await ada.get("/api/provider/destinations")).json["data"]
        assert (stored["check"], stored["nameScore"]) == ("confirmed", 1.0)
        [stored] = (await eve.get("/api/provider/destinations")).json["data"]
        assert stored["nameScore"] < 0.5
        assert "Musa" not in str(stored), "else anybody could ask whose any account is"
        await staff.approve(bad)
        await eased.run()
        await eased.until_status(eve, bad, "COMPLETED")
        await eased.world.until_at_rest()
        await eased.world.until_settled()
    await eased.world.audit()
