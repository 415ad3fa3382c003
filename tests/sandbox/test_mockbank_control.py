"""The tester's hand: moving transfers, limiting the float, reading the book."""

import csv
from typing import Any

import pytest
from sandbox_house import SandboxHouse, ask


async def test_a_held_transfer_can_be_resumed_and_settled(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1", accountNumber="1234500005")
    await bank.receiver.until(1)
    assert (await bank.force("r-1", status="PENDING")).json["status"] == "PENDING"
    await bank.receiver.until(2)
    assert (await bank.force("r-1", status="SUCCESS")).json["reason"] is None
    await bank.receiver.until(3)
    assert bank.receiver.statuses == ["ON_HOLD", "PENDING", "SUCCESS"]
    assert (await bank.book())["totals"]["PKR"]["count_paid"] == 1


async def test_a_paid_transfer_can_come_back(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1")
    await bank.force("r-1", status="RETURNED", reason="account_dormant")
    assert await bank.status_of("r-1") == "RETURNED"
    _, returned = await bank.receiver.until(2)
    assert returned.json["amount"] == "1000.00"
    assert returned.json["reason"] == {"code": "account_dormant", "message": "account_dormant"}
    book = await bank.book()
    assert book["totals"]["PKR"] == {
        "paid_minor": 100_000,
        "returned_minor": 100_000,
        "net_minor": 0,
        "count_paid": 1,
    }
    assert book["transfers"][0]["paidAt"] <= book["transfers"][0]["returnedAt"]


async def test_less_can_come_back_than_was_paid(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1")
    await bank.force("r-1", status="RETURNED", amount="400.00")
    _, returned = await bank.receiver.until(2)
    assert returned.json["amount"] == "400.00"
    book = await bank.book()
    assert book["totals"]["PKR"]["net_minor"] == 60_000
    assert book["transfers"][0]["returnedMinor"] == 40_000


async def test_another_amount_can_be_paid_than_was_asked_for(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1", accountNumber="1234500004")
    await bank.force("r-1", status="SUCCESS", amount="999.99")
    assert (await bank.look_up("r-1")).json["amount"] == "999.99"
    assert (await bank.book())["totals"]["PKR"]["paid_minor"] == 99_999


async def test_final_words_may_contradict_each_other(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1", accountNumber="1234500003")
    await bank.force("r-1", status="SUCCESS")
    await bank.force("r-1", status="FAILED", reason={"code": "recalled", "message": "Taken back."})
    await bank.receiver.until(3)
    assert sorted(bank.receiver.statuses) == ["FAILED", "FAILED", "SUCCESS"]
    assert (await bank.book())["totals"]["PKR"]["count_paid"] == 0


@pytest.mark.parametrize(
    ("reference", "body", "status"),
    [
        ("r-1", {"status": "DONE"}, 400),
        ("r-1", {}, 400),
        ("r-1", {"status": "SUCCESS", "amount": "1.001"}, 400),
        ("r-1", {"status": "SUCCESS", "colour": "red"}, 400),
        ("r-2", {"status": "SUCCESS"}, 404),
    ],
)
async def test_a_wrong_order_is_refused(bank: SandboxHouse, reference: str, body: Any, status: int) -> None:
    await bank.pay(reference="r-1")
    assert (await bank.force(reference, **body)).status == status


async def test_the_float_is_unlimited_until_it_is_limited(bank: SandboxHouse) -> None:
    assert (await bank.call("GET", "/v1/balance?currency=PKR")).json == {"currency": "PKR", "available": None}
    limit = await bank.call("POST", "/control/float", body={"currency": "PKR", "available": "1500.00"})
    assert limit.status == 200
    first, second = await bank.pay(), await bank.pay(reference="r-2")
    assert [first.json["status"], second.json["status"]] == ["SUCCESS", "RETRY"]
    assert second.json["reason"]["code"] == "insufficient_float"
    assert (await bank.call("GET", "/v1/balance")).json == {"items": [{"currency": "PKR", "available": "500.00"}]}
    await bank.call("POST", "/control/float", body={"currency": "PKR", "available": None})
    assert (await bank.pay()).json["status"] == "SUCCESS"
    assert await bank.status_of("r-2") == "RETRY"


async def test_a_wrong_float_is_refused(bank: SandboxHouse) -> None:
    for body in ({"currency": "PKR", "available": "x"}, {"currency": "ABC", "available": "1.00"}, {}):
        assert (await bank.call("POST", "/control/float", body=body)).status == 400
    assert (await bank.call("GET", "/v1/balance?currency=ABC")).status == 400


async def test_the_book_needs_no_key_and_shows_every_transfer(bank: SandboxHouse) -> None:
    paid = (await bank.pay(reference="r-1", orderId="o-1")).json
    await bank.pay(reference="r-2", orderId="o-2", accountNumber="1234500002")
    async with bank.session.get(bank.url + "/book") as reply:
        book = await reply.json()
    assert book["transfers"][0] == {
        "reference": "r-1",
        "orderId": "o-1",
        "pspReference": paid["pspReference"],
        "status": "SUCCESS",
        "amount": "1000.00",
        "amountMinor": 100_000,
        "currency": "PKR",
        "destinationHash": paid["destinationHash"],
        "paidAt": paid["processedAt"],
        "returnedAt": None,
        "returnedMinor": 0,
        "attemptNumber": 1,
    }
    assert book["transfers"][1]["status"] == "RETRY"
    assert book["paid_more_than_once"] == []


async def test_a_double_payment_stands_in_the_book_and_its_totals(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1", orderId="o-1")
    await bank.pay(reference="r-2", orderId="o-1")
    book, totals = await bank.book(), (await bank.call("GET", "/book/totals")).json
    assert totals == {"totals": book["totals"], "paid_more_than_once": ["o-1"]}
    assert book["paid_more_than_once"] == ["o-1"]
    assert [line["attemptNumber"] for line in book["transfers"]] == [1, 2]


async def test_an_empty_book_is_a_book(bank: SandboxHouse) -> None:
    assert await bank.book() == {"transfers": [], "totals": {}, "paid_more_than_once": []}


async def test_a_long_book_is_complete_in_both_forms(bank: SandboxHouse) -> None:
    for _ in range(5):
        await bank.pay_many([ask() for _ in range(500)])
    lines = (await bank.book())["transfers"]
    reply = await bank.call("GET", "/book?format=csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(reply.body.decode().splitlines()))
    assert len({line["reference"] for line in lines}) == 2500
    assert [row["reference"] for row in rows] == [line["reference"] for line in lines]
    assert rows[0] == {name: "" if value is None else str(value) for name, value in lines[0].items()}
