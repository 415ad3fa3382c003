"""The third version's transfers: what is asked, what is answered, and what the book says."""

from typing import Any

import pytest
from flutterwave_house import FlutterwaveHouse, ask, item, open_flutterwave


async def test_a_transfer_is_queued_and_later_successful(flutterwave: FlutterwaveHouse) -> None:
    answer = await flutterwave.pay(reference="r-1", debit_currency="NGN", meta={"order": 7})
    assert (answer.status, answer.json["status"], answer.json["message"]) == (
        200,
        "success",
        "Transfer Queued Successfully",
    )
    data = answer.json["data"]
    assert isinstance(data.pop("id"), int)
    assert data.pop("created_at").endswith("Z")
    assert data.pop("full_name")
    assert data == {
        "account_number": "1234500001",
        "bank_code": "044",
        "bank_name": "ACCESS BANK NIGERIA",
        "currency": "NGN",
        "debit_currency": "NGN",
        "amount": 1000.5,
        "fee": 10.75,
        "status": "NEW",
        "reference": "r-1",
        "meta": {"order": 7},
        "narration": "For your work",
        "complete_message": "",
        "requires_approval": 0,
        "is_approved": 1,
    }
    await flutterwave.ended("r-1")
    assert (await flutterwave.find("r-1"))["status"] == "SUCCESSFUL"
    assert (await flutterwave.book())["totals"]["NGN"]["net_minor"] == 100_050


async def test_a_transfer_is_new_then_pending_then_at_its_end() -> None:
    async with open_flutterwave(settle_after_ms=200) as flutterwave:
        await flutterwave.pay(reference="r-1")
        seen = []
        while "SUCCESSFUL" not in seen:
            seen.append((await flutterwave.find("r-1"))["status"])
        assert list(dict.fromkeys(seen)) == ["NEW", "PENDING", "SUCCESSFUL"]


async def test_a_transfer_is_fetched_by_its_id(flutterwave: FlutterwaveHouse) -> None:
    number = (await flutterwave.pay(reference="r-1")).json["data"]["id"]
    await flutterwave.ended("r-1")
    fetched = (await flutterwave.call("GET", f"/v3/transfers/{number}")).json
    assert (fetched["message"], fetched["data"]["reference"]) == ("Transfer fetched", "r-1")
    assert (await flutterwave.call("GET", f"/v3/transfers/{number + 1}")).status == 404


async def test_the_doubled_slash_and_empty_parameter_of_the_sdk_are_forgiven(flutterwave: FlutterwaveHouse) -> None:
    number = (await flutterwave.pay(reference="r-1")).json["data"]["id"]
    assert (await flutterwave.call("GET", f"//v3/transfers/{number}")).json["data"]["id"] == number
    listed = await flutterwave.call("GET", "//v3/transfers?&reference=r-1")
    assert [line["id"] for line in listed.json["data"]] == [number]


async def test_a_reference_that_nobody_used_is_an_empty_list(flutterwave: FlutterwaveHouse) -> None:
    reply = await flutterwave.call("GET", "/v3/transfers?reference=never")
    assert (reply.status, reply.json["data"], reply.json["meta"]["page_info"]["total"]) == (200, [], 0)


async def test_a_used_reference_is_an_error_and_books_nothing(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1")
    again = await flutterwave.pay(reference="r-1")
    assert (again.status, again.json["status"], again.json["data"]) == (400, "error", None)
    assert "reference" in again.json["message"]
    assert "already exists" in again.json["message"]
    assert len((await flutterwave.book())["transfers"]) == 1


async def test_without_a_reference_one_is_made_up(flutterwave: FlutterwaveHouse) -> None:
    first = (await flutterwave.pay(reference=None)).json["data"]["reference"]
    second = (await flutterwave.pay(reference=None)).json["data"]["reference"]
    assert first != second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": 0}, "amount must be a positive number"),
        ({"amount": -1}, "amount must be a positive number"),
        ({"amount": 1.005}, "amount is invalid: NGN has 2 decimals"),
        ({"amount": "many"}, "amount is invalid"),
        ({"amount": "NaN"}, "amount is invalid: an amount has at most fifteen digits before the point"),
        ({"currency": "ngn"}, "currency is invalid"),
        ({"account_bank": None}, "account_bank is required"),
        ({"account_number": None}, "account_number is required"),
        ({"account_number": "1" * 21}, "account_number is invalid"),
        ({"account_bank": "999"}, "Invalid bank code passed"),
        ({"narration": "x" * 101}, "narration is invalid"),
        ({"reference": "x" * 101}, "reference is invalid"),
        ({"beneficiary_name": "x" * 101}, "beneficiary_name is invalid"),
        ({"destination_branch_code": "x" * 11}, "destination_branch_code is invalid"),
        ({"debit_currency": "BTN"}, "This currency pair is not supported"),
        ({"beneficiary": 1}, "Beneficiary does not exist"),
    ],
)
async def test_what_is_wrong_is_refused_in_prose(flutterwave: FlutterwaveHouse, changes: Any, message: str) -> None:
    reply = await flutterwave.pay(**changes)
    assert (reply.status, reply.json) == (400, {"status": "error", "message": message, "data": None})
    assert (await flutterwave.book())["transfers"] == []


async def test_a_missing_field_and_a_broken_body_are_refused(flutterwave: FlutterwaveHouse) -> None:
    without = ask()
    del without["amount"]
    assert (await flutterwave.call("POST", "/v3/transfers", body=without)).json["message"] == "amount is required"
    assert (await flutterwave.call("POST", "/v3/transfers", body=b"{")).status == 400


async def test_a_bulk_has_one_id_and_its_members_are_listed_by_it(flutterwave: FlutterwaveHouse) -> None:
    items = [item() for _ in range(5)]
    answer = (await flutterwave.pay_many(items)).json
    assert (answer["status"], answer["message"]) == ("success", "Bulk transfer queued")
    assert answer["data"].keys() == {"id", "created_at", "approver"}
    await flutterwave.pay()
    listed = (await flutterwave.call("GET", f"/v3/transfers?batch_id={answer['data']['id']}")).json
    assert [line["reference"] for line in listed["data"]] == [item["reference"] for item in reversed(items)]
    assert listed["meta"]["page_info"] == {"total": 5, "current_page": 1, "total_pages": 1}


async def test_pages_cover_a_bulk_without_gaps() -> None:
    async with open_flutterwave(page_size=10) as flutterwave:
        items = [item() for _ in range(25)]
        number = (await flutterwave.pay_many(items)).json["data"]["id"]
        seen = []
        for page in (1, 2, 3, 4):
            reply = (await flutterwave.call("GET", f"/v3/transfers?batch_id={number}&page={page}")).json
            assert reply["meta"]["page_info"] == {"total": 25, "current_page": page, "total_pages": 3}
            seen += [line["reference"] for line in reply["data"]]
        assert seen == [item["reference"] for item in reversed(items)]


async def test_a_list_can_be_narrowed_to_a_status(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="good")
    await flutterwave.pay(reference="bad", account_number="1234500003")
    await flutterwave.ended("good", "bad")
    listed = (await flutterwave.call("GET", "/v3/transfers?status=failed")).json
    assert [line["reference"] for line in listed["data"]] == ["bad"]


async def test_a_bulk_of_the_wrong_form_books_nothing(flutterwave: FlutterwaveHouse) -> None:
    for items in ([], [item(), item(amount=0)], [item(), {"bank_code": "044"}], [item(bank_code=None)]):
        assert (await flutterwave.pay_many(items)).status == 400
    assert (await flutterwave.book())["transfers"] == []


async def test_what_is_wrong_with_an_account_shows_in_the_item_of_a_bulk(flutterwave: FlutterwaveHouse) -> None:
    items = [
        item(reference="good"),
        item(reference="blacklisted", account_number="0690000036"),
        item(reference="missing", account_number="1234500009"),
        item(reference="no-bank", bank_code="999"),
    ]
    assert (await flutterwave.pay_many(items)).status == 200
    ended = await flutterwave.ended("good", "blacklisted", "missing", "no-bank")
    assert [line["status"] for line in ended] == ["SUCCESSFUL", "FAILED", "FAILED", "FAILED"]
    assert ended[1]["complete_message"] == "Payout was made to a blacklisted account number"


async def test_a_used_reference_is_left_out_of_a_bulk(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1")
    number = (await flutterwave.pay_many([item(reference="r-1"), item(reference="r-2")])).json["data"]["id"]
    members = (await flutterwave.call("GET", f"/v3/transfers?batch_id={number}")).json["data"]
    assert [line["reference"] for line in members] == ["r-2"]
    assert (await flutterwave.find("r-1"))["status"] != "FAILED"


async def test_a_failed_transfer_is_retried_as_a_new_one(flutterwave: FlutterwaveHouse) -> None:
    number = (await flutterwave.pay(reference="r-1", account_number="1234500002")).json["data"]["id"]
    await flutterwave.ended("r-1")
    answer = (await flutterwave.call("POST", f"/v3/transfers/{number}/retries")).json
    assert (answer["status"], answer["message"]) == ("success", "Transfer retry attempt queued.")
    assert answer["data"]["id"] != number
    assert (answer["data"]["reference"], answer["data"]["status"]) == ("r-1_RETRY_1", "NEW")
    assert "fullname" in answer["data"]
    [_, second] = await flutterwave.receiver.until(2)
    assert second.json["data"]["status"] == "SUCCESSFUL"
    listed = (await flutterwave.call("GET", f"/v3/transfers/{number}/retries")).json["data"]
    assert [line["reference"] for line in listed] == ["r-1_RETRY_1"]
    book = await flutterwave.book()
    assert [line["attemptNumber"] for line in book["transfers"]] == [1, 2]
    assert book["paid_more_than_once"] == []


async def test_retries_are_numbered_from_their_original(flutterwave: FlutterwaveHouse) -> None:
    number = (await flutterwave.pay(reference="r-1", account_number="1234500003")).json["data"]["id"]
    for count in (1, 2):
        await flutterwave.receiver.until(count)
        answer = (await flutterwave.call("POST", f"/v3/transfers/{number}/retries")).json["data"]
        assert answer["reference"] == f"r-1_RETRY_{count}"
        number = answer["id"]


async def test_only_a_failed_transfer_is_retried(flutterwave: FlutterwaveHouse) -> None:
    number = (await flutterwave.pay(reference="r-1")).json["data"]["id"]
    await flutterwave.ended("r-1")
    assert (await flutterwave.call("POST", f"/v3/transfers/{number}/retries")).status == 400
    assert (await flutterwave.call("POST", "/v3/transfers/1/retries")).status == 404


async def test_whoever_shows_another_key_is_refused(flutterwave: FlutterwaveHouse) -> None:
    for key in ("", "FLWSECK-wrong"):
        reply = await flutterwave.call("POST", "/v3/transfers", body=ask(), key=key)
        assert (reply.status, reply.json["status"], reply.json["data"]) == (401, "error", None)
    assert (await flutterwave.book())["transfers"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v3/nothing"), ("POST", "/v3/transfers/1"), ("PUT", "/v3/transfers"), ("GET", "/v2/transfers/x")],
)
async def test_a_path_that_leads_nowhere_is_not_found(flutterwave: FlutterwaveHouse, method: str, path: str) -> None:
    assert (await flutterwave.call(method, path)).status == 404


async def test_the_book_knows_what_is_paid_twice(flutterwave: FlutterwaveHouse) -> None:
    """References that differ in an attempt's number alone pay for the same."""
    order = "0196c1a0-0000-7000-8000-000000000001"
    for attempt in (1, 2):
        await flutterwave.pay(reference=f"{order.replace('-', '')}-{attempt}")
    await flutterwave.receiver.until(2)
    assert (await flutterwave.book())["paid_more_than_once"] == [order]


async def test_the_mock_bank_keeps_a_book_of_its_own(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1")
    root = flutterwave.base.removesuffix("/flutterwave")
    async with flutterwave.session.get(f"{root}/book") as reply:
        assert (await reply.json())["transfers"] == []
