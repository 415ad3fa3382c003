"""RazorpayX's payouts: what is taken on, what becomes of it, what it costs, and how it is found again."""

import asyncio
from typing import Any

import pytest
from razorpayx_house import ACCOUNT, RazorpayXHouse, StandingClock, ask, ask_upi, bank, open_razorpayx, vpa


async def test_a_composite_payout_is_answered_with_everything_that_it_made(business: RazorpayXHouse) -> None:
    payout = await business.paid(body=ask(narration="Acme order 7", notes={"order": "7"}))
    assert payout["id"].startswith("pout_")
    assert len(payout["id"]) == len("pout_") + 14
    assert (payout["entity"], payout["status"], payout["utr"]) == ("payout", "processing", None)
    assert (payout["amount"], payout["fees"], payout["tax"]) == (100_000, 118, 18)
    assert (payout["narration"], payout["notes"], payout["purpose"]) == ("Acme order 7", {"order": "7"}, "payout")
    account = payout["fund_account"]
    assert (account["id"], account["entity"]) == (payout["fund_account_id"], "fund_account")
    assert account["bank_account"] == {
        "ifsc": "HDFC0000053",
        "bank_name": "HDFC Bank",
        "name": "Gaurav Kumar",
        "account_number": "765432100001",
        "notes": [],
    }
    assert account["contact"]["name"] == "Gaurav Kumar"
    assert "vpa" not in account


async def test_a_upi_payout_goes_to_an_address(business: RazorpayXHouse) -> None:
    payout = await business.paid(body=ask_upi("asha@ybl"))
    assert payout["fund_account"]["vpa"] == {"username": "asha", "handle": "ybl", "address": "asha@ybl"}
    assert (await business.reaches(payout, "processed"))["mode"] == "UPI"


async def test_a_plain_payout_names_a_fund_account(business: RazorpayXHouse) -> None:
    """Contact, fund account and payout, one call each; what is the same again is not made again."""
    contact = await business.post("/v1/contacts", {"name": "Gaurav Kumar", "type": "vendor"}, status=201)
    assert await business.post("/v1/contacts", {"name": "Gaurav Kumar", "type": "vendor"}) == contact
    wanted = {key: value for key, value in bank().items() if key != "contact"} | {"contact_id": contact["id"]}
    account = await business.post("/v1/fund_accounts", wanted, status=201)
    assert await business.post("/v1/fund_accounts", wanted) == account
    assert await business.get(f"/v1/fund_accounts/{account['id']}") == account
    payout = await business.paid(body=ask(fund_account=None, fund_account_id=account["id"]))
    assert "fund_account" not in payout
    assert payout["fund_account_id"] == account["id"]
    found = (await business.get(f"/v1/payouts?account_number={ACCOUNT}&contact_id={contact['id']}"))["items"]
    assert [each["id"] for each in found] == [payout["id"]]
    await business.call("PATCH", f"/v1/fund_accounts/{account['id']}", body={"active": False})
    error = await business.refused(body=ask(fund_account=None, fund_account_id=account["id"]))
    assert "inactive" in error["description"]


@pytest.mark.parametrize(
    ("ending", "statuses", "reason"),
    [
        ("0001", ["processing", "processed"], None),
        ("0003", ["processing", "failed"], "bank_account_closed"),
        ("0007", ["processing", "processed", "reversed"], "beneficiary_bank_rejected"),
        ("0008", ["processing", "reversed"], "npci_beneficiary_timeout"),
        ("0009", ["processing", "failed"], "invalid_beneficiary"),
        ("0010", ["queued", "processing", "processed"], None),
        ("0011", ["processing", "failed"], "imps_not_allowed"),
    ],
)
@pytest.mark.parametrize("to", ["bank", "vpa"])
async def test_an_account_ends_in_its_fate(
    business: RazorpayXHouse, to: str, ending: str, statuses: list[str], reason: str | None
) -> None:
    if to == "vpa" and ending == "0011":
        statuses, reason = ["processing", "processed"], None
    body = ask(f"76543210{ending}") if to == "bank" else ask_upi(f"asha{ending}@okaxis")
    payout = await business.paid(body=body)
    last = await business.reaches(payout, statuses[-1])
    assert last["status_details"]["reason"] == reason
    events = {"processing": "initiated"}
    await business.told(f"payout.{events.get(statuses[-1], statuses[-1])}")
    told = [letter.json["event"] for letter in business.receiver.inbox if "payout" in letter.json["contains"]]
    assert sorted(told) == sorted(
        [f"payout.{events.get(status, status)}" for status in statuses] + ["payout.updated"] * ("processed" in statuses)
    )


@pytest.mark.parametrize(("ending", "status"), [("0004", "processing"), ("0005", "pending")])
async def test_some_stay_where_they_are(ending: str, status: str) -> None:
    clock = StandingClock()
    async with open_razorpayx(clock=clock) as business:
        payout = await business.paid(body=ask(f"76543210{ending}"))
        clock.at_ms += 90 * 86_400_000
        assert (await business.payout(payout))["status"] == status


@pytest.mark.parametrize("ending", ["0002", "0008"])
async def test_a_second_attempt_at_the_same_order_gets_through(business: RazorpayXHouse, ending: str) -> None:
    first = await business.paid(body=ask(f"76543210{ending}", reference_id="order-1"))
    last = await business.reaches(first, "failed" if ending == "0002" else "reversed")
    assert last["utr"] is None
    second = await business.paid(body=ask(f"76543210{ending}", reference_id="order-2"))
    assert (await business.reaches(second, "processed"))["utr"]


async def test_time_decides_in_live_mode_and_a_hand_in_test_mode() -> None:
    clock = StandingClock()
    async with open_razorpayx(clock=clock, settle_after_ms=300, mode="test") as business:
        payout = await business.paid()
        clock.at_ms += 10**9
        assert (await business.payout(payout))["status"] == "processing"
        for status in ("processed", "reversed", "failed", "queued", "pending", "rejected", "cancelled"):
            moved = await business.control(f"transfers/{payout['id']}", status=status)
            assert moved["status"] == status
        await business.control("behaviour", mode="live")
        other = await business.paid()
        clock.at_ms += 299
        assert (await business.payout(other))["status"] == "processing"
        clock.at_ms += 1
        assert (await business.payout(other))["status"] == "processed"


async def test_the_same_key_answers_alike_and_pays_once(business: RazorpayXHouse) -> None:
    body = ask()
    answers = await asyncio.gather(*(business.pay(key="one-key-of-mine", body=body) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1, "also once it is processed: the answer is kept"
    assert len(await business.book()) == 1
    error = await business.refused(key="one-key-of-mine", body=body | {"amount": 100_001})
    assert (error["code"], error["field"]) == ("BAD_REQUEST_ERROR", "X-Payout-Idempotency")


@pytest.mark.parametrize("key", ["", "abc", "k" * 37, "payout:53cda91c"])
async def test_a_payout_needs_a_key_of_the_documented_form(business: RazorpayXHouse, key: str) -> None:
    reply = await business.call("POST", "/v1/payouts", body=ask(), X_Payout_Idempotency=key)
    assert reply.status == 400
    assert reply.json["error"]["field"] == "X-Payout-Idempotency"
    assert await business.book() == []


async def test_a_refusal_leaves_its_key_free(business: RazorpayXHouse) -> None:
    await business.refused(key="one-key-of-mine", amount=99)
    assert (await business.pay(key="one-key-of-mine")).status == 200


async def test_two_keys_for_one_order_pay_twice_and_the_book_says_so(business: RazorpayXHouse) -> None:
    """Its references are not unique: nothing but the key keeps a client from paying twice."""
    body = ask(reference_id="order-1")
    for _ in range(2):
        await business.reaches(await business.paid(body=body), "processed")
    totals = await business.get("/book/totals")
    assert totals["paid_more_than_once"] == ["order"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 99}, "amount"),
        ({"amount": 100.5}, "amount"),
        ({"amount": 50_000_001}, "amount"),
        ({"amount": 19_999_999, "mode": "RTGS"}, "amount"),
        ({"fund_account": vpa(), "mode": "UPI", "amount": 10_000_001}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"mode": "imps"}, "mode"),
        ({"mode": "UPI"}, "mode"),
        ({"fund_account": vpa(), "mode": "IMPS"}, "mode"),
        ({"purpose": "bribe"}, "purpose"),
        ({"account_number": "1"}, "account_number"),
        ({"account_number": None}, "account_number"),
        ({"narration": "Order #7"}, "narration"),
        ({"narration": "n" * 31}, "narration"),
        ({"reference_id": "r" * 41}, "reference_id"),
        ({"notes": {f"n{number}": "x" for number in range(16)}}, "notes"),
        ({"fund_account_id": "fa_1"}, "fund_account_id"),
        ({"fund_account": None}, "fund_account_id"),
        ({"fund_account": None, "fund_account_id": "fa_1"}, "id"),
        ({"fund_account": bank(ifsc="HDFC1")}, "fund_account.bank_account.ifsc"),
        ({"fund_account": bank("12")}, "fund_account.bank_account.account_number"),
        ({"fund_account": bank(name="Bo")}, "fund_account.bank_account.name"),
        ({"fund_account": vpa("nobody")}, "fund_account.vpa.address"),
        ({"fund_account": bank() | {"account_type": "vpa"}}, "bank_account"),
        ({"fund_account": bank("765432100006")}, "fund_account"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_what_is_not_valid_is_refused_and_makes_nothing(
    business: RazorpayXHouse, changes: dict[str, Any], field: str
) -> None:
    error = await business.refused(**changes)
    assert (error["code"], error["reason"]) == ("BAD_REQUEST_ERROR", "input_validation_failed")
    assert error["field"] == field
    assert await business.book() == []


async def test_large_amounts_go_by_rtgs_and_any_by_neft(business: RazorpayXHouse) -> None:
    for mode in ("RTGS", "NEFT"):
        payout = await business.paid(mode=mode, amount=100_000_000)
        assert (await business.reaches(payout, "processed"))["fees"] == 1180


async def test_the_account_pays_amount_and_fees_and_gets_both_back(business: RazorpayXHouse) -> None:
    before = await business.balance()
    paid = await business.paid()
    await business.reaches(paid, "processed")
    assert before - await business.balance() == 100_118
    await business.reaches(await business.paid(number="765432100007"), "reversed")
    await business.reaches(await business.paid(number="765432100003"), "failed")
    assert before - await business.balance() == 100_118
    lines = (await business.get(f"/v1/transactions?account_number={ACCOUNT}"))["items"]
    assert [(line["debit"], line["credit"], line["source"]["entity"]) for line in reversed(lines)] == [
        (100_118, 0, "payout"),
        (100_118, 0, "payout"),
        (0, 100_118, "reversal"),
        (100_118, 0, "payout"),
        (0, 100_118, "reversal"),
    ]
    assert lines[0]["balance"] == await business.balance()
    assert await business.get(f"/v1/transactions/{lines[0]['id']}") == lines[0]


async def test_what_the_account_does_not_cover_is_refused(business: RazorpayXHouse) -> None:
    await business.control("float", available="1001.17")
    error = await business.refused()
    assert (error["reason"], error["source"]) == ("insufficient_funds", "business")
    await business.control("float", available="1001.18")
    await business.paid()
    assert await business.balance() == 0


async def test_or_it_is_queued_until_money_comes_the_oldest_first(business: RazorpayXHouse) -> None:
    await business.control("float", available="0.00")
    first, second, third = [await business.paid(queue_if_low_balance=True) for _ in range(3)]
    assert (first["status"], first["status_details"]["reason"]) == ("queued", "low_balance")
    cancelled = await business.post(f"/v1/payouts/{second['id']}/cancel", {})
    assert cancelled["status"] == "cancelled"
    await business.control("float", available="1001.18")
    await business.reaches(first, "processed")
    assert (await business.payout(third))["status"] == "queued"
    await business.control("float", available=None)
    await business.reaches(third, "processed")
    again = await business.call("POST", f"/v1/payouts/{third['id']}/cancel")
    assert (again.status, again.json["error"]["reason"]) == (400, "input_validation_failed")


async def test_payouts_are_listed_newest_first_page_by_page(business: RazorpayXHouse) -> None:
    made = [await business.paid(reference_id=f"r{number}") for number in range(12)]
    whole = f"/v1/payouts?account_number={ACCOUNT}"
    first, rest = await business.get(whole), await business.get(f"{whole}&skip=10&count=100")
    assert (first["entity"], first["count"], rest["count"]) == ("collection", 10, 2)
    assert [each["id"] for each in first["items"] + rest["items"]] == [each["id"] for each in reversed(made)]
    [found] = (await business.get(f"{whole}&reference_id=r7"))["items"]
    assert found["id"] == made[7]["id"]
    assert (await business.get(f"{whole}&reference_id=r7&mode=UPI"))["items"] == []
    created = made[0]["created_at"]
    assert (await business.get(f"{whole}&to={created - 1}"))["items"] == []
    assert (await business.get(f"{whole}&from={created}&count=100"))["count"] == 12


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/payouts", 400),
        ("GET", f"/v1/payouts?account_number={ACCOUNT}&count=101", 400),
        ("GET", f"/v1/payouts?account_number={ACCOUNT}&count=many", 400),
        ("GET", "/v1/payouts/pout_1", 400),
        ("GET", "/v1/contacts/cont_1", 400),
        ("GET", "/v1/fund_accounts/fa_1", 400),
        ("GET", "/v1/fund_accounts/validations/fav_1", 400),
        ("GET", "/v1/transactions/txn_1", 400),
        ("DELETE", "/v1/payouts/pout_1", 404),
        ("GET", "/v2/payouts", 404),
        ("GET", "/v1/nothing", 404),
    ],
)
async def test_what_there_is_not_is_no_500(business: RazorpayXHouse, method: str, path: str, status: int) -> None:
    reply = await business.call(method, path)
    assert (reply.status, reply.json["error"]["code"]) == (status, "BAD_REQUEST_ERROR")


async def test_a_wrong_key_is_not_let_in(business: RazorpayXHouse) -> None:
    reply = await business.call("GET", "/v1/banking_balances", secret="another")
    assert (reply.status, reply.json["error"]["description"]) == (401, "Authentication failed.")


async def test_contacts_are_listed_and_changed(business: RazorpayXHouse) -> None:
    contact = await business.post("/v1/contacts", {"name": "Gaurav Kumar"}, status=201)
    reply = await business.call("PATCH", f"/v1/contacts/{contact['id']}", body={"email": "g@example.org"})
    assert reply.json["email"] == "g@example.org"
    assert (await business.get("/v1/contacts"))["items"] == [reply.json]
    assert (await business.get(f"/v1/fund_accounts?contact_id={contact['id']}"))["items"] == []
