"""The tester's hand: moving transfers, letting money come back, and changing how it behaves."""

from typing import Any

import pytest
from flutterwave_house import FlutterwaveHouse


async def test_a_pending_transfer_can_be_brought_to_either_end(flutterwave: FlutterwaveHouse) -> None:
    for reference in ("good", "bad"):
        await flutterwave.pay(reference=reference, account_number="1234500004")
    assert (await flutterwave.force("good", "SUCCESSFUL")).json["status"] == "SUCCESSFUL"
    await flutterwave.force("bad", "FAILED", message="DISBURSE FAILED: wallet currently restricted.")
    good, bad = await flutterwave.ended("good", "bad")
    assert (good["status"], bad["status"]) == ("SUCCESSFUL", "FAILED")
    assert bad["complete_message"] == "DISBURSE FAILED: wallet currently restricted."
    assert (await flutterwave.book())["totals"]["NGN"]["count_paid"] == 1


async def test_a_transfer_that_was_stopped_by_hand_stays_where_it_is(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("behaviour", settleAfterMs=50)
    await flutterwave.pay(reference="r-1")
    await flutterwave.force("r-1", "PENDING")
    await flutterwave.pay(reference="r-2")
    await flutterwave.ended("r-2")
    assert (await flutterwave.find("r-1"))["status"] == "PENDING"


async def test_final_words_may_contradict_each_other(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="5000.00")
    await flutterwave.pay(reference="r-1", account_number="1234500003")
    await flutterwave.receiver.until(1)
    await flutterwave.force("r-1", "SUCCESSFUL")
    await flutterwave.receiver.until(2)
    assert (await flutterwave.book())["totals"]["NGN"]["count_paid"] == 1
    await flutterwave.force("r-1", "FAILED")
    await flutterwave.receiver.until(3)
    assert (await flutterwave.book())["totals"]["NGN"]["count_paid"] == 0
    assert (await flutterwave.call("GET", "/v3/balances/NGN")).json["data"]["available_balance"] == 5000


async def test_money_that_comes_back_is_a_credit_and_nothing_is_told(flutterwave: FlutterwaveHouse) -> None:
    """This version has no status for it, so the book and the wallet alone know."""
    await flutterwave.control("float", currency="NGN", available="5000.00")
    await flutterwave.pay(reference="r-1", amount=1000)
    await flutterwave.ended("r-1")
    assert (await flutterwave.force("r-1", "RETURNED")).json["isReturned"] is True
    assert (await flutterwave.find("r-1"))["status"] == "SUCCESSFUL"
    assert len((await flutterwave.call("GET", "/control/webhooks")).json["items"]) == 1
    assert (await flutterwave.call("GET", "/v3/balances/NGN")).json["data"]["available_balance"] == 4989.25
    book = await flutterwave.book()
    assert book["transfers"][0]["status"] == "RETURNED"
    assert book["totals"]["NGN"]["net_minor"] == 0


async def test_money_comes_back_once_and_approval_is_for_what_waits_for_it(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1")
    await flutterwave.ended("r-1")
    assert (await flutterwave.force("r-1", "APPROVED")).status == 400
    assert [(await flutterwave.force("r-1", "RETURNED")).status for _ in range(2)] == [200, 400]


async def test_less_can_come_back_than_was_paid(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1", amount=1000)
    await flutterwave.ended("r-1")
    await flutterwave.force("r-1", "RETURNED", amount="400.00")
    assert (await flutterwave.book())["totals"]["NGN"]["net_minor"] == 60_000


@pytest.mark.parametrize(
    ("reference", "body", "status"),
    [
        ("r-1", {"status": "DONE"}, 400),
        ("r-1", {}, 400),
        ("r-1", {"status": "FAILED", "colour": "red"}, 400),
        ("r-1", {"status": "RETURNED"}, 400),
        ("r-2", {"status": "FAILED"}, 404),
    ],
)
async def test_a_wrong_order_is_refused(
    flutterwave: FlutterwaveHouse, reference: str, body: dict[str, Any], status: int
) -> None:
    await flutterwave.pay(reference="r-1", account_number="1234500004")
    assert (await flutterwave.control(f"transfers/{reference}", **body)).status == status


async def test_behaviour_is_shown_and_changed_one_thing_at_a_time(flutterwave: FlutterwaveHouse) -> None:
    before = (await flutterwave.call("GET", "/control/behaviour")).json
    assert before == {
        "mode": "live",
        "settleAfterMs": 0,
        "minuteMs": 60_000,
        "pageSize": 100,
        "refusesUnfunded": False,
        "restricted": False,
    }
    assert (await flutterwave.control("behaviour", mode="test")).json == {**before, "mode": "test"}
    for wrong in ({"mode": "dream"}, {"colour": "red"}, {"pageSize": 0}):
        assert (await flutterwave.control("behaviour", **wrong)).status == 400


async def test_the_float_is_shown_and_a_wrong_one_is_refused(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="12.50")
    assert (await flutterwave.call("GET", "/control/float")).json["NGN"] == 12.5
    for wrong in ({"currency": "NGN", "available": "x"}, {"currency": "ABC", "available": None}, {}):
        assert (await flutterwave.control("float", **wrong)).status == 400


async def test_the_book_says_what_the_wire_said(flutterwave: FlutterwaveHouse) -> None:
    created = (await flutterwave.pay(reference="r-1")).json["data"]
    await flutterwave.ended("r-1")
    [line] = (await flutterwave.book())["transfers"]
    assert (line["pspReference"], line["amount"], line["status"]) == (str(created["id"]), "1000.50", "SUCCESS")
    totals = (await flutterwave.call("GET", "/book/totals")).json
    assert totals["totals"]["NGN"] == {
        "paid_minor": 100_050,
        "returned_minor": 0,
        "net_minor": 100_050,
        "count_paid": 1,
    }
