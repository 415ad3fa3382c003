"""The tester's side of the Stripe simulator, and who may call its other side."""

import csv
import io
from base64 import b64encode
from typing import Any

import pytest
import stripe
from stripe_house import CONNECT_SECRET, KEY, RESTRICTED, StripeHouse, open_stripe

ACCOUNT = "acct_sandbox0001"


async def test_a_payout_goes_where_a_tester_wants_it(platform: StripeHouse) -> None:
    await platform.control("behaviour", settleAfterMs=60_000)
    payout = await platform.pay(ACCOUNT, group="moved-1")
    for order, held in (("paid", 0), ("failed", 2500), ("in_transit", 0), ("canceled", 2500)):
        assert (await platform.control("transfers/moved-1", status=order)).json["status"] == order
        assert (await platform.status_of(payout, ACCOUNT))[0] == order
        assert await platform.holds(ACCOUNT) == held
    told = await platform.told("payout.paid", "payout.failed", "payout.canceled")
    failed = next(event for event in told if event["type"] == "payout.failed")
    assert failed["data"]["object"]["failure_code"] == "could_not_process"


async def test_a_tester_gives_a_reason(platform: StripeHouse) -> None:
    payout = await platform.pay(ACCOUNT, group="why-1")
    await platform.control(f"transfers/{payout}", status="failed", failureCode="declined")
    assert await platform.status_of(payout, ACCOUNT) == ("failed", "declined")
    assert (await platform.control(f"transfers/{payout}", status="failed", failureCode="bad luck")).status == 400
    assert (await platform.control("transfers/nothing", status="paid")).status == 404


async def test_a_tester_takes_a_transfer_back(platform: StripeHouse) -> None:
    await platform.transfer(destination=ACCOUNT, transfer_group="taken-1")
    assert (await platform.control("transfers/taken-1", status="reversed", amount="5.00")).json["amount"] == 500
    assert (await platform.control("transfers/taken-1", status="reversed")).json["amount"] == 2000
    assert (await platform.control("transfers/taken-1", status="reversed")).status == 400
    events = [event for event in await platform.told("transfer.reversed") if event["type"] == "transfer.reversed"]
    assert "account" not in events[0]


async def test_the_platform_may_run_dry(platform: StripeHouse) -> None:
    await platform.control("float", currency="usd", available="40.00")
    assert (await platform.transfer()).status == 200
    refused = await platform.transfer()
    assert (refused.status, refused.json["error"]["code"]) == (400, "balance_insufficient")
    assert await platform.holds() == 1500
    await platform.control("float", currency="usd", available=None)
    assert (await platform.transfer()).status == 200
    assert (await platform.control("float", currency="us", available="1")).status == 400


async def test_a_connected_account_may_be_in_debt(platform: StripeHouse) -> None:
    await platform.control("float", currency="usd", available="1.00", account=ACCOUNT)
    assert await platform.holds(ACCOUNT) == 100


async def test_an_account_may_be_stopped_and_let_go(platform: StripeHouse) -> None:
    await platform.control("accounts", account=ACCOUNT, payoutsEnabled=False, transfersEnabled=False, name="Wren Ltd")
    account = (await platform.call("GET", f"/v1/accounts/{ACCOUNT}")).json
    assert (account["payouts_enabled"], account["capabilities"]) == (False, {"transfers": "inactive"})
    assert account["requirements"]["disabled_reason"] == "requirements.past_due"
    assert account["business_profile"]["name"] == "Wren Ltd"
    assert (await platform.transfer(destination=ACCOUNT)).status == 400
    await platform.control("accounts", account=ACCOUNT, payoutsEnabled=True, transfersEnabled=True)
    assert await platform.pay(ACCOUNT, group="free-1")
    assert (await platform.control("accounts", account="acct_nobody")).status == 400


async def test_while_a_secret_is_replaced_both_sign(platform: StripeHouse) -> None:
    endpoints = (await platform.call("GET", "/v1/webhook_endpoints")).json["data"]
    for endpoint in endpoints:
        await platform.control(f"endpoints/{endpoint['id']}", secret="whsec_new")
    await platform.pay(ACCOUNT, group="rolled-1")
    await platform.told("payout.paid")
    theirs = next(webhook for webhook in platform.receiver.inbox if "account" in webhook.json)
    for secret in (CONNECT_SECRET, "whsec_new"):
        stripe.Webhook.construct_event(theirs.body, theirs.headers["Stripe-Signature"], secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(theirs.body, theirs.headers["Stripe-Signature"], "whsec_other")
    assert (await platform.control("endpoints/we_nobody", secret="whsec_new")).status == 400


async def test_each_address_hears_of_everything() -> None:
    """As Bursar has one for each of its two gateways there."""
    async with open_stripe() as one:
        await one.sdk(lambda client: client.v1.webhook_endpoints.create(
            {"url": one.receiver.url, "enabled_events": ["payout.*", "transfer.created"]}
        ))  # fmt: skip
        await one.transfer()
        await one.receiver.until(2)
        deliveries = (await one.call("GET", "/control/webhooks")).json["items"]
        first, second = (each["eventId"] for each in deliveries)
        assert second.startswith(f"{first}.we_")
        assert (await one.control(f"replay/{second}")).status == 202
        assert len({webhook.json["id"] for webhook in await one.receiver.until(3)}) == 1


async def test_the_statement_tells_every_movement(platform: StripeHouse) -> None:
    sent = (await platform.transfer(destination=ACCOUNT, amount=1050, description="May")).json
    await platform.call("POST", f"/v1/transfers/{sent['id']}/reversals", form={"amount": 50})
    [out, back] = list(csv.DictReader(io.StringIO((await platform.call("GET", "/statement")).body.decode())))
    assert (out["Type"], out["Source"], out["Amount"], out["Net"]) == ("transfer", sent["id"], "-10.50", "-10.50")
    assert (out["id"], out["Currency"], out["Description"]) == (sent["balance_transaction"], "usd", "May")
    assert (back["Type"], back["Amount"]) == ("transfer_refund", "0.50")
    theirs = (await platform.call("GET", f"/statement?account={ACCOUNT}")).body.decode()
    assert [line["Amount"] for line in csv.DictReader(io.StringIO(theirs))] == ["10.50", "-0.50"]


async def test_behaviour_is_shown_and_changed_and_checked(platform: StripeHouse) -> None:
    changed = await platform.control("behaviour", settleAfterMs=5)
    assert changed.json == {
        "settleAfterMs": 5,
        "failAfterMs": 0,
        "requestsPerSecond": 0,
        "keepsEveryError": False,
    }
    for wrong in ({"settleAfterMs": -1}, {"pace": 1}):
        assert (await platform.control("behaviour", **wrong)).status == 400
    assert (await platform.call("GET", "/control/behaviour")).json == changed.json


async def test_the_other_side_has_the_same_switches_and_another_book(platform: StripeHouse) -> None:
    await platform.set_faults(down={"next": 3})
    assert (await platform.call("GET", "/transfers/control/faults")).json["down"]["next"] == 3
    assert (await platform.call("GET", "/transfers/book/totals")).json == {"totals": {}, "paid_more_than_once": []}
    assert (await platform.call("GET", "/transfers/v1/transfers")).json["error"]["code"] == "unknown_route"


async def test_a_key_may_come_as_the_user_of_basic_authentication(platform: StripeHouse) -> None:
    for given, status in ((f"{KEY}:", 200), ("sk_wrong:", 401)):
        headers: Any = {"Authorization": f"Basic {b64encode(given.encode()).decode()}"}
        assert (await platform.call("GET", "/v1/balance", **headers)).status == status


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, None),
        ({"Authorization": "Basic %%%"}, 401, None),
        ({"Stripe_Version": "yesterday"}, 400, None),
        ({"Stripe_Version": "2024-06-20"}, 200, None),
        ({"Stripe_Account": "acct_nobody"}, 403, "account_invalid"),
    ],
)
async def test_who_calls_is_looked_at_first(
    platform: StripeHouse, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = await platform.call("GET", "/v1/balance", **headers)
    assert (answer.status, answer.json.get("error", {}).get("code")) == (status, code)
    assert answer.headers["Request-Id"].startswith("req_")


async def test_a_restricted_key_may_look_and_not_pay(platform: StripeHouse) -> None:
    assert (await platform.call("GET", "/v1/transfers", key=RESTRICTED)).status == 200
    assert (await platform.call("POST", "/v1/transfers", form=b"", key=RESTRICTED)).status == 403


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/transfers", "/v1", "/v1/transfers/tr_1/refunds"])
async def test_there_is_nothing_elsewhere(platform: StripeHouse, path: str) -> None:
    answer = await platform.call("GET", path)
    assert answer.status == 404
    assert answer.json["error"]["message"].startswith(f"Unrecognized request URL (GET: {path})")


async def test_an_account_sees_its_own_alone(platform: StripeHouse) -> None:
    payout = await platform.pay(ACCOUNT, group="own-1")
    [sent] = (await platform.call("GET", "/v1/transfers")).json["data"]
    other = {"Stripe_Account": "acct_sandbox1110001"}
    assert (await platform.call("GET", f"/v1/payouts/{payout}", **other)).status == 404
    assert (await platform.call("GET", f"/v1/payouts/{payout}")).status == 404
    assert (await platform.call("GET", f"/v1/transfers/{sent['id']}", **other)).status == 404
    assert (await platform.call("GET", "/v1/transfers", **other)).json["data"] == []
    assert (await platform.call("GET", f"/v1/accounts/{ACCOUNT}", **other)).status == 403
    assert (
        await platform.call("POST", "/v1/transfers", form=b"amount=1&currency=usd&destination=x", **other)
    ).status == 403


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "starting_after=tr_nobody", "starting_after=a&ending_before=b", "created[then]=1"]
)
async def test_a_list_is_asked_for_properly(platform: StripeHouse, query: str) -> None:
    answer = await platform.call("GET", f"/v1/transfers?{query}")
    assert answer.status in {400, 404}
    assert answer.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("form", [b"metadata=x&metadata[a]=1", b"]a[=1", b"amount[=1", b"\xff\xfe=1"])
async def test_a_form_that_cannot_be_read_is_refused(platform: StripeHouse, form: bytes) -> None:
    answer = await platform.call("POST", "/v1/transfers", form=form)
    assert (answer.status, answer.json["error"]["type"]) == (400, "invalid_request_error")
