"""What becomes of a transfer: by its account number in live mode, by its reference in test mode, and by its wallet."""

import asyncio

import pytest
from flutterwave_house import FlutterwaveHouse, item, open_flutterwave

BLACKLISTED = "Payout was made to a blacklisted account number"
UNRESOLVED = "Sorry, recipient account could not be validated. Please try again"
NO_FUNDS = "DISBURSE FAILED: Insufficient wallet balance"


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        ("1234500001", "SUCCESSFUL", "Transaction was successful"),
        ("1234512345", "SUCCESSFUL", "Transaction was successful"),
        ("1234500002", "FAILED", "DISBURSE FAILED: A fatal error occured while proccesing your request."),
        ("1234500003", "FAILED", "DISBURSE FAILED: Unable to obtain user details"),
        ("1234500007", "FAILED", "DISBURSE FAILED: You can only spend NGN 100.00 at once"),
        ("1234500008", "FAILED", "DISBURSE FAILED: Transfer failed. Please contact support"),
    ],
)
async def test_the_account_decides(flutterwave: FlutterwaveHouse, number: str, status: str, message: str) -> None:
    await flutterwave.pay(reference="r-1", account_number=number)
    [ended] = await flutterwave.ended("r-1")
    assert (ended["status"], ended["complete_message"]) == (status, message)


@pytest.mark.parametrize(
    ("bank", "number", "message"),
    [
        ("044", "0690000036", BLACKLISTED),
        ("058", "1234500006", BLACKLISTED),
        ("058", "1234500009", UNRESOLVED),
    ],
)
async def test_some_accounts_are_refused_at_once(
    flutterwave: FlutterwaveHouse, bank: str, number: str, message: str
) -> None:
    reply = await flutterwave.pay(account_bank=bank, account_number=number)
    assert (reply.status, reply.json) == (400, {"status": "error", "message": message, "data": None})
    assert (await flutterwave.book())["transfers"] == []


async def test_a_second_attempt_at_the_same_order_may_get_through(flutterwave: FlutterwaveHouse) -> None:
    for attempt in (1, 2):
        await flutterwave.pay(reference=f"order-{attempt}", account_number="1234500002")
    first, second = await flutterwave.ended("order-1", "order-2")
    assert (first["status"], second["status"]) == ("FAILED", "SUCCESSFUL")
    assert (await flutterwave.book())["paid_more_than_once"] == []


async def test_one_account_stays_pending(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1", account_number="1234500004")
    await flutterwave.pay(reference="r-2")
    await flutterwave.ended("r-2")
    assert (await flutterwave.find("r-1"))["status"] == "PENDING"
    assert (await flutterwave.book())["transfers"][0]["status"] == "PENDING"


async def test_one_account_waits_for_approval_on_the_dashboard(flutterwave: FlutterwaveHouse) -> None:
    data = (await flutterwave.pay(reference="r-1", account_number="1234500005")).json["data"]
    assert (data["status"], data["requires_approval"], data["is_approved"]) == ("NEW", 1, 0)
    assert (await flutterwave.force("r-1", "APPROVED")).status == 200
    [ended] = await flutterwave.ended("r-1")
    assert (ended["status"], ended["is_approved"]) == ("SUCCESSFUL", 1)


@pytest.mark.parametrize(
    ("number", "status"),
    [("0001234567", "FAILED"), ("1112223334", "FAILED"), ("5555555555", "FAILED"), ("9876543210", "FAILED")],
)
async def test_the_documented_accounts_at_capitec(flutterwave: FlutterwaveHouse, number: str, status: str) -> None:
    await flutterwave.pay(reference="r-1", account_bank="470010", account_number=number, currency="ZAR")
    [ended] = await flutterwave.ended("r-1")
    assert ended["status"] == status


async def test_in_test_mode_a_transfer_stays_pending_for_ever() -> None:
    async with open_flutterwave(mode="test", minute_ms=10) as flutterwave:
        await flutterwave.pay(reference="without-magic")
        await flutterwave.pay(reference="with_PMCK")
        await flutterwave.ended("with_PMCK")
        assert (await flutterwave.find("without-magic"))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("ending", "minutes", "status"),
    [
        ("_PMCK", 10, "SUCCESSFUL"),
        ("_PMCKDU_2", 2, "SUCCESSFUL"),
        ("_PMCK_ST_F", 10, "FAILED"),
        ("_PMCK_ST_FDU_3", 3, "FAILED"),
    ],
)
async def test_in_test_mode_the_reference_decides(ending: str, minutes: int, status: str) -> None:
    async with open_flutterwave(mode="test", minute_ms=20) as flutterwave:
        started = asyncio.get_running_loop().time()
        await flutterwave.pay(reference=f"r-1{ending}", account_number="1234500003")
        [ended] = await flutterwave.ended(f"r-1{ending}")
        assert ended["status"] == status
        assert asyncio.get_running_loop().time() - started >= minutes * 0.02


async def test_the_wallet_pays_amount_and_fee_when_the_transfer_is_processed(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="2000.00")
    await flutterwave.pay(reference="r-1", amount=1000)
    await flutterwave.ended("r-1")
    balance = (await flutterwave.call("GET", "/v3/balances/NGN")).json["data"]
    assert balance == {"currency": "NGN", "available_balance": 989.25, "ledger_balance": 989.25}


async def test_a_failed_transfer_gives_its_money_back(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="2000.00")
    await flutterwave.pay(reference="r-1", account_number="1234500003")
    await flutterwave.ended("r-1")
    assert (await flutterwave.call("GET", "/v3/balances/NGN")).json["data"]["available_balance"] == 2000


async def test_an_empty_wallet_fails_the_transfer_later(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="1005.00")
    assert (await flutterwave.pay(reference="r-1", amount=1000)).status == 200
    [ended] = await flutterwave.ended("r-1")
    assert (ended["status"], ended["complete_message"]) == ("FAILED", NO_FUNDS)


async def test_an_empty_wallet_can_also_refuse_at_once(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="0.00")
    await flutterwave.control("behaviour", refusesUnfunded=True)
    reply = await flutterwave.pay()
    assert (reply.status, reply.json["message"]) == (400, "Insufficient funds in customer wallet")
    await flutterwave.control("float", currency="NGN", available=None)
    assert (await flutterwave.pay()).status == 200


async def test_a_refused_item_of_a_bulk_is_never_paid_for(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="0.00")
    await flutterwave.pay_many([item(reference="r-1", account_number="0690000036"), item(reference="r-2")])
    refused, unfunded = await flutterwave.ended("r-1", "r-2")
    assert (refused["complete_message"], unfunded["complete_message"]) == (BLACKLISTED, NO_FUNDS)


async def test_an_account_that_is_stopped_pays_nobody(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("behaviour", restricted=True)
    await flutterwave.pay(reference="r-1")
    [ended] = await flutterwave.ended("r-1")
    assert ended["complete_message"] == "DISBURSE FAILED: wallet currently restricted. please contact administrator"
    assert (await flutterwave.book())["totals"]["NGN"]["count_paid"] == 0


async def test_a_wallet_of_another_currency_pays_at_its_rate(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="USD", available="100.00")
    mobile = {"account_bank": "MPS", "currency": "KES", "beneficiary_name": "Ada Obi"}
    await flutterwave.pay(reference="r-1", amount=13, debit_currency="USD", **mobile)
    await flutterwave.ended("r-1")
    left = (await flutterwave.call("GET", "/v3/balances/USD")).json["data"]["available_balance"]
    assert left == pytest.approx(100 - (13 + 45) / 130)


async def test_in_some_currencies_a_payee_without_a_name_fails_later(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(reference="r-1", amount=13, currency="KES", account_bank="MPS")
    [ended] = await flutterwave.ended("r-1")
    assert (ended["status"], ended["complete_message"]) == ("FAILED", "beneficiary_name is required")


async def test_a_whole_bulk_comes_to_its_end(flutterwave: FlutterwaveHouse) -> None:
    items = [item() for _ in range(500)]
    number = (await flutterwave.pay_many(items)).json["data"]["id"]
    await flutterwave.ended(*(wanted["reference"] for wanted in items))
    listed = (await flutterwave.call("GET", f"/v3/transfers?batch_id={number}&status=successful")).json
    assert listed["meta"]["page_info"]["total"] == 500
    assert (await flutterwave.book())["totals"]["NGN"]["count_paid"] == 500
