"""What becomes of payouts, where their money is meanwhile, and who is told."""

import asyncio
from typing import Any

import pytest
from stripe_house import StripeHouse, bank_account, open_stripe

ACCOUNT = "acct_sandbox0001"

NUMBERS = [
    ("000123456789", "paid", None),
    ("000987654321", "paid", None),
    ("000111111113", "failed", "account_closed"),
    ("000111111116", "failed", "no_account"),
    ("000222222227", "failed", "insufficient_funds"),
    ("000333333335", "failed", "debit_not_authorized"),
    ("000444444440", "failed", "invalid_currency"),
    ("DE89370400440532013000", "paid", None),
    ("DE62370400440532013001", "failed", "no_account"),
]

ENDINGS = [
    ("0001", ["pending", "in_transit", "paid"], None),
    ("0003", ["pending", "in_transit", "failed"], "account_closed"),
    ("0004", ["pending"], None),
    ("0007", ["pending", "in_transit", "paid", "failed"], "account_closed"),
    ("0008", ["pending", "in_transit", "failed"], "declined"),
]


async def connected(platform: StripeHouse, number: str) -> str:
    """A new account with this bank account behind it."""
    account = await platform.sdk(
        lambda client: client.v1.accounts.create({"type": "custom", "external_account": bank_account(number)})
    )
    return str(account.id)


def told_of(platform: StripeHouse, payout: str) -> list[Any]:
    """The events about a payout, in the order they came about."""
    events = [event for event in platform.events if event["data"]["object"]["id"] == payout]
    order = ["payout.created", "payout.updated", "payout.paid", "payout.failed"]
    return sorted(events, key=lambda event: order.index(event["type"]))


@pytest.mark.parametrize(("number", "status", "code"), NUMBERS)
async def test_the_number_of_the_bank_account_decides(
    platform: StripeHouse, number: str, status: str, code: str | None
) -> None:
    account = await connected(platform, number)
    payout = await platform.pay(account, group="n-1")
    await platform.until_status(payout, account, status)
    assert await platform.status_of(payout, account) == (status, code)
    assert await platform.holds(account) == (0 if status == "paid" else 2500)
    [line] = (await platform.book())["transfers"]
    assert (line["reference"], line["amountMinor"], line["currency"]) == ("n-1", 2500, "USD")
    assert line["status"] == {"paid": "SUCCESS", "failed": "FAILED"}[status]


@pytest.mark.parametrize(("ending", "statuses", "code"), ENDINGS)
async def test_some_accounts_are_always_there_and_their_names_decide(
    platform: StripeHouse, ending: str, statuses: list[str], code: str | None
) -> None:
    account = f"acct_sandbox{ending}"
    payout = await platform.pay(account, group="e-1")
    await platform.until_status(payout, account, statuses[-1])
    assert await platform.status_of(payout, account) == (statuses[-1], code)
    await platform.receiver.until(1 + len(statuses))
    told = told_of(platform, payout)
    assert [event["data"]["object"]["status"] for event in told] == statuses
    assert {event["account"] for event in told} == {account}


async def test_a_second_attempt_may_have_more_luck(platform: StripeHouse) -> None:
    """An attempt is the second if its transfer group differs in a number at its end."""
    account = "acct_sandbox0002"
    ends = []
    for group in ("luck-1", "luck-2"):
        payout = await platform.pay(account, group=group)
        await asyncio.sleep(0.05)
        ends.append(await platform.status_of(payout, account))
    assert ends == [("failed", "could_not_process"), ("paid", None)]
    book = await platform.book()
    assert [(line["orderId"], line["status"]) for line in book["transfers"]] == [
        ("luck", "FAILED"),
        ("luck", "SUCCESS"),
    ]
    assert book["paid_more_than_once"] == []


async def test_it_takes_its_time() -> None:
    async with open_stripe(settle_after_ms=400) as platform:
        payout = await platform.pay(ACCOUNT, group="t-1")
        seen = []
        for _ in range(3):
            seen.append((await platform.status_of(payout, ACCOUNT))[0])
            await asyncio.sleep(0.27)
        assert seen == ["pending", "in_transit", "paid"]


async def test_what_failed_after_it_was_paid_was_paid_and_came_back(platform: StripeHouse) -> None:
    account = "acct_sandbox0007"
    payout = await platform.pay(account, group="back-1")
    await platform.until_status(payout, account, "failed")
    [line] = (await platform.book())["transfers"]
    assert (line["status"], line["returnedMinor"]) == ("RETURNED", 2500)
    assert await platform.holds(account) == 2500
    found = (await platform.call("GET", f"/v1/payouts/{payout}", Stripe_Account=account)).json
    assert found["failure_balance_transaction"].startswith("txn_")
    assert found["failure_message"] == "The bank account has been closed."


async def test_a_bank_account_that_failed_is_given_up_until_somebody_changes_it(platform: StripeHouse) -> None:
    account = await connected(platform, "000111111116")
    payout = await platform.pay(account, group="gone-1")
    await platform.until_status(payout, account, "failed")
    again = await platform.pay_out(account)
    assert again.json["error"]["code"] == "bank_account_unusable"
    form = {f"external_account[{name}]": value for name, value in bank_account().items()}
    assert (await platform.call("POST", f"/v1/accounts/{account}", form=form)).status == 200
    second = (await platform.pay_out(account)).json["id"]
    await platform.until_status(second, account, "paid")


@pytest.mark.parametrize(
    ("account", "changes", "code"),
    [
        ("acct_sandbox0005", {}, "payouts_not_allowed"),
        (ACCOUNT, {"amount": 2501}, "balance_insufficient"),
        (ACCOUNT, {"method": "instant"}, "instant_payouts_unsupported"),
        (ACCOUNT, {"destination": "ba_nobody"}, "resource_missing"),
        (ACCOUNT, {"statement_descriptor": "x" * 23}, None),
    ],
)
async def test_what_cannot_be_paid_out_is_refused(
    platform: StripeHouse, account: str, changes: dict[str, Any], code: str | None
) -> None:
    await platform.transfer(destination=account)
    refused = await platform.pay_out(account, **changes)
    assert (refused.status, refused.json["error"].get("code")) == (400, code)
    assert await platform.holds(account) == 2500
    assert (await platform.book())["transfers"] == []


async def test_the_book_says_for_whom_and_what_it_was(platform: StripeHouse) -> None:
    """Without a word in its metadata, a payout takes the oldest transfer of its sum."""
    await platform.transfer(destination=ACCOUNT, transfer_group="first-1", amount=100)
    await platform.transfer(destination=ACCOUNT, transfer_group="second-1", amount=100)
    await platform.pay_out(ACCOUNT, amount=100, **{"metadata[key]": "second-1"})
    await platform.pay_out(ACCOUNT, amount=100)
    assert [line["reference"] for line in (await platform.book())["transfers"]] == ["second-1", "first-1"]


async def test_what_is_paid_twice_is_in_the_book_twice(platform: StripeHouse) -> None:
    await platform.pay(ACCOUNT, group="twice-1")
    await platform.pay(ACCOUNT, group="twice-1")
    await platform.told("payout.paid")
    await asyncio.sleep(0.05)
    for book in (await platform.book(), await platform.book("/transfers")):
        assert book["paid_more_than_once"] == ["twice"]
        assert [line["orderId"] for line in book["transfers"]] == ["twice", "twice"]


async def test_what_was_taken_back_may_be_given_again(platform: StripeHouse) -> None:
    first = await platform.transfer(destination=ACCOUNT, transfer_group="again-1")
    part = {"amount": 1000}
    assert (await platform.call("POST", f"/v1/transfers/{first.json['id']}/reversals", form=part)).status == 200
    assert (await platform.call("POST", f"/v1/transfers/{first.json['id']}/reversals", form=b"")).status == 200
    more = await platform.call("POST", f"/v1/transfers/{first.json['id']}/reversals", form=b"")
    assert (more.status, "already fully reversed" in more.json["error"]["message"]) == (400, True)
    second = await platform.transfer(destination=ACCOUNT, transfer_group="again-2")
    book = await platform.book("/transfers")
    assert [(line["status"], line["returnedMinor"]) for line in book["transfers"]] == [
        ("RETURNED", 2500),
        ("SUCCESS", 0),
    ]
    assert book["paid_more_than_once"] == []
    await platform.call("POST", f"/v1/transfers/{second.json['id']}/reversals", form=part)
    await platform.transfer(destination=ACCOUNT, transfer_group="again-3")
    assert (await platform.book("/transfers"))["paid_more_than_once"] == ["again"], "some of the second was kept"


async def test_what_went_on_to_a_bank_cannot_be_taken_back(platform: StripeHouse) -> None:
    payout = await platform.pay(ACCOUNT, group="spent-1")
    await platform.until_status(payout, ACCOUNT, "paid")
    [sent] = (await platform.call("GET", "/v1/transfers?transfer_group=spent-1")).json["data"]
    refused = await platform.call("POST", f"/v1/transfers/{sent['id']}/reversals", form=b"")
    assert refused.json["error"]["code"] == "balance_insufficient"
