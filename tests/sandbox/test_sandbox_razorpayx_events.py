"""What RazorpayX tells: webhooks, their signatures, downtimes, whose an account is; and its bad days."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from razorpayx_house import (
    ACCOUNT,
    HOOK_SECRET,
    RazorpayXHouse,
    StandingClock,
    ask,
    ask_upi,
    bank,
    open_razorpayx,
    vpa,
)
from sandbox_house import Received, until


def signed_with(letter: Received, secret: str) -> bool:
    """Whether this secret signed it."""
    expected = hmac.new(secret.encode(), letter.body, hashlib.sha256).hexdigest()
    return bool(letter.headers["X-Razorpay-Signature"] == expected)


async def test_a_webhook_has_the_documented_form(business: RazorpayXHouse) -> None:
    payout = await business.paid()
    [event] = await business.told("payout.processed")
    assert (event["entity"], event["contains"]) == ("event", ["payout"])
    assert event["account_id"].startswith("acc_")
    told = event["payload"]["payout"]["entity"]
    assert (told["id"], told["status"], told["amount"]) == (payout["id"], "processed", 100_000)
    assert told["fund_account"]["bank_account"]["account_number"] == "765432100001"
    assert told["utr"]


async def test_each_event_has_a_name_and_a_signature_over_its_bytes(business: RazorpayXHouse) -> None:
    await business.paid()
    await business.told("payout.updated")
    inbox = business.receiver.inbox
    assert len({letter.headers["X-Razorpay-Event-Id"] for letter in inbox}) == len(inbox)
    assert all(signed_with(letter, HOOK_SECRET) for letter in inbox)


async def test_movements_of_the_account_are_told_too(business: RazorpayXHouse) -> None:
    await business.reaches(await business.paid(number="765432100008"), "reversed")
    debit, credit = await business.told("transaction.created", count=2)
    assert debit["payload"]["transaction"]["entity"]["debit"] == 100_118
    assert credit["payload"]["transaction"]["entity"]["source"]["entity"] == "reversal"


async def test_a_retry_carries_the_signature_of_its_time(business: RazorpayXHouse) -> None:
    """Whoever changes the secret has to believe in the old one for as long as retries may come."""
    business.receiver.answers = [500]
    payout = await business.paid(number="765432100004")
    await until(lambda: len(business.receiver.inbox) >= 1)
    await business.control("secret", secret="the-new-secret")
    await business.control(f"transfers/{payout['id']}", status="processed")
    await business.told("payout.processed")
    await until(lambda: len(business.receiver.inbox) >= 5)
    by_event: dict[str, set[bool]] = {}
    for letter in business.receiver.inbox:
        by_event.setdefault(letter.json["event"], set()).add(signed_with(letter, "the-new-secret"))
    assert by_event["payout.initiated"] == {False}
    assert by_event["payout.processed"] == {True}


async def test_what_is_not_answered_in_time_is_sent_again(business: RazorpayXHouse) -> None:
    business.receiver.answers = [503, 503]
    await business.paid(number="765432100004")
    await until(lambda: len(business.receiver.inbox) >= 4)  # Two events; two of the tries failed.
    names = [letter.headers["X-Razorpay-Event-Id"] for letter in business.receiver.inbox]
    assert len(set(names)) == 2


async def test_while_a_bank_is_down_payouts_to_it_fail(business: RazorpayXHouse) -> None:
    started = await business.control("downtime", bank="HDFC", status="started", method=["IMPS"])
    assert (started["status"], started["method"], started["instrument"]) == ("started", ["IMPS"], {"bank": "HDFC"})
    [event] = await business.told("payout.downtime.started")
    assert event["payload"]["payout.downtime"]["entity"]["id"] == started["id"]
    failed = await business.reaches(await business.paid(), "failed")
    assert failed["status_details"] == {
        "description": "The beneficiary bank is offline. Please retry after 30 min",
        "source": "beneficiary_bank",
        "reason": "beneficiary_bank_offline",
    }
    await business.reaches(await business.paid(mode="NEFT"), "processed")
    await business.reaches(await business.paid(fund_account=bank(ifsc="ICIC0000001")), "processed")
    await business.reaches(await business.paid(body=ask_upi()), "processed")
    resolved = await business.control("downtime", bank="HDFC", status="resolved")
    assert resolved["end"] >= resolved["begin"]
    await business.told("payout.downtime.resolved")
    await business.reaches(await business.paid(), "processed")
    again = await business.call("POST", "/control/downtime", body={"bank": "HDFC", "status": "resolved"})
    assert again.status == 400


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (bank(), ("active", "Gaurav Kumar", 100)),
        (vpa(), ("active", "Gaurav Kumar", 100)),
        (bank("765432100009"), ("invalid", None, 0)),
        (vpa("asha0009@ybl"), ("invalid", None, 0)),
    ],
)
async def test_whose_an_account_is(
    business: RazorpayXHouse, account: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    begun = await business.post("/v1/fund_accounts/validations", validation(account))
    assert (begun["entity"], begun["status"]) == ("fund_account.validation", "created")
    [event] = await business.told("fund_account.validation.completed")
    found = await business.get(f"/v1/fund_accounts/validations/{begun['id']}")
    assert event["payload"]["fund_account.validation"]["entity"] == found
    results = found["validation_results"]
    assert (results["account_status"], results["registered_name"], results["name_match_score"]) == expected


async def test_a_tester_says_whose_an_account_is(business: RazorpayXHouse) -> None:
    await business.control("accounts", bankCode="HDFC0000053", accountNumber="765432100001", name="Asha Rao")
    await business.post("/v1/fund_accounts/validations", validation(bank()))
    [event] = await business.told("fund_account.validation.completed")
    results = event["payload"]["fund_account.validation"]["entity"]["validation_results"]
    assert (results["registered_name"], results["name_match_score"]) == ("Asha Rao", 0)


async def test_a_known_fund_account_is_asked_about_by_its_id(business: RazorpayXHouse) -> None:
    payout = await business.paid()
    wanted = {"account_number": ACCOUNT, "fund_account": {"id": payout["fund_account_id"]}, "amount": 100}
    begun = await business.post("/v1/fund_accounts/validations", wanted)
    assert begun["fund_account"]["id"] == payout["fund_account_id"]


async def test_in_test_mode_nobody_is_asked_about() -> None:
    async with open_razorpayx(mode="test") as business:
        reply = await business.call("POST", "/v1/fund_accounts/validations", body=validation(bank()))
        assert (reply.status, "test mode" in reply.json["error"]["description"]) == (400, True)


@pytest.mark.parametrize(
    ("fault", "status", "is_booked"),
    [("down", 503, False), ("rate_limit", 429, False), ("error_before_accept", 500, False),
     ("error_after_accept", 500, True)],
)  # fmt: skip
async def test_a_fault_answers_in_its_words(business: RazorpayXHouse, fault: str, status: int, is_booked: bool) -> None:
    body, key = ask(), "one-key-of-mine"
    await business.control("faults", **{fault: {"next": 1}})
    reply = await business.pay(body=body, key=key)
    assert (reply.status, "error" in reply.json) == (status, True)
    assert len(await business.book()) == is_booked
    again = await business.pay(body=body, key=key)
    assert (again.status, len(await business.book())) == (200, 1)


async def test_a_lie_is_in_the_answer_alone(business: RazorpayXHouse) -> None:
    await business.control("faults", wrong_amount_answer={"next": 1})
    payout = await business.paid()
    assert payout["amount"] == 100_001
    assert (await business.payout(payout))["amount"] == 100_000


async def test_the_book_says_what_became_of_each_payout() -> None:
    clock = StandingClock()
    async with open_razorpayx(clock=clock, reverse_after_ms=1000) as business:
        for ending in ("0001", "0003", "0004", "0007"):
            await business.paid(number=f"76543210{ending}", reference_id=f"{ending}-1")
        clock.at_ms += 1000
        lines = {line["orderId"]: line for line in await business.book()}
    assert statuses(lines) == {"0001": "SUCCESS", "0003": "FAILED", "0004": "PENDING", "0007": "RETURNED"}
    expected = hashlib.sha256(b"HDFC0000053|765432100001").hexdigest()
    assert lines["0001"]["destinationHash"] == expected
    assert (lines["0007"]["paidAt"], lines["0007"]["returnedMinor"]) != (None, 0)


async def test_money_that_came_back_may_be_paid_again(business: RazorpayXHouse) -> None:
    for number in (1, 2):
        await business.reaches(await business.paid(number="765432100007", reference_id=f"order-{number}"), "reversed")
    assert (await business.get("/book/totals"))["paid_more_than_once"] == []


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("behaviour", {"mode": "dead"}),
        ("float", {"available": "1.001"}),
        ("float", {"available": "1.00", "currency": "USD"}),
        ("downtime", {"bank": "", "status": "started"}),
        ("transfers/nothing", {"status": "processed"}),
    ],
)
async def test_a_tester_who_asks_for_what_there_is_not_is_told(
    business: RazorpayXHouse, what: str, wrong: Mapping[str, Any]
) -> None:
    assert (await business.call("POST", f"/control/{what}", body=wrong)).status in {400, 404}


def validation(account: dict[str, Any]) -> dict[str, Any]:
    """Ask whose an account is that nobody has made known."""
    return {"source_account_number": ACCOUNT, "validation_type": "optimized", "fund_account": account}


def statuses(lines: Mapping[str, Any]) -> dict[str, str]:
    """Where each line of a book stands."""
    return {order: line["status"] for order, line in lines.items()}
