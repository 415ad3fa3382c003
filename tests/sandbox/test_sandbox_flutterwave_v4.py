"""The fourth version: tokens, one-shot transfers, idempotency keys, the general flow, and signed webhooks."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flutterwave_house import HASH, FlutterwaveHouse, open_flutterwave
from sandbox_house import Received, Reply

PREFIX = "/flutterwave/v4"
FORM = {"client_id": "an-id", "client_secret": "a-secret", "grant_type": "client_credentials"}


@dataclass
class V4:
    """Speaks to one account with a token."""

    house: FlutterwaveHouse
    token: str

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        """Call with our token."""
        return await self.house.call(method, path, key=self.token, **options)

    async def pay(self, *, once: str | None = None, **changes: Any) -> Reply:
        """Ask for one transfer."""
        headers = {"X-Idempotency-Key": once} if once else {}
        return await self.call("POST", "/direct-transfers", body=order(**changes), headers=headers)

    async def ended(self, reference: str) -> Any:
        """Wait until it has come to an end, and give it."""
        while True:
            [found] = (await self.call("GET", f"/transfers?reference={reference}")).json["data"]
            if found["status"] in {"SUCCESSFUL", "FAILED"}:
                return found
            await asyncio.sleep(0.005)


def order(reference: str = "r-1", number: str = "1234500001", amount: float = 1000.5, **changes: Any) -> dict[str, Any]:
    """A one-shot transfer in NGN."""
    instruction = {
        "source_currency": "NGN",
        "destination_currency": "NGN",
        "amount": {"value": amount, "applies_to": "destination_currency"},
        "recipient": {"bank": {"account_number": number, "code": "044"}},
        **changes.pop("payment_instruction", {}),
    }
    return {
        "action": "instant",
        "type": "bank",
        "reference": reference,
        "narration": "For your work",
        "payment_instruction": instruction,
        **changes,
    }


@asynccontextmanager
async def open_v4(**settings: Any) -> AsyncIterator[V4]:
    """An account, and a token for it."""
    async with open_flutterwave(PREFIX, client_id="an-id", client_secret="a-secret", **settings) as house:
        yield V4(house, await token_of(house))


async def token_of(house: FlutterwaveHouse, **changes: str) -> str:
    """A token, as any OAuth client asks for it."""
    async with house.session.post(f"{house.base}/oauth/token", data={**FORM, **changes}) as reply:
        answer = await reply.json()
    assert (reply.status, answer["expires_in"], answer["token_type"]) == (200, 600, "Bearer")
    return str(answer["access_token"])


@pytest.fixture
async def v4() -> AsyncIterator[V4]:
    async with open_v4() as account:
        yield account


def is_signed(webhook: Received, secret: str = HASH) -> bool:
    """Check a signature as a receiver would, sharing no code with the simulator."""
    expected = base64.b64encode(hmac.new(secret.encode(), webhook.body, "sha256").digest()).decode()
    return hmac.compare_digest(expected, webhook.headers["flutterwave-signature"])


async def test_a_transfer_is_created_and_paid(v4: V4) -> None:
    reply = await v4.pay(meta={"order": 7})
    data = reply.json["data"]
    assert (reply.status, reply.json["status"], reply.json["message"]) == (201, "success", "Transfer created")
    assert data["id"].startswith("trf_")
    assert (data["status"], data["reference"], data["action"], data["type"]) == ("NEW", "r-1", "instant", "bank")
    assert data["amount"] == {"value": 1000.5, "applies_to": "destination_currency"}
    assert data["fee"] == {"currency": "NGN", "value": 10.75}
    assert data["recipient"]["bank"]["account_number"] == "1234500001"
    ended = await v4.ended("r-1")
    assert ended["status"] == "SUCCESSFUL"
    assert ended["payment_information"]["proof"]
    assert ended["debit_information"]["actual_debit_amount"] == 1011.25
    assert (await v4.call("GET", f"/transfers/{data['id']}")).json["data"] == ended
    assert (await v4.house.book())["totals"]["NGN"]["net_minor"] == 100_050


async def test_a_failure_has_a_type_for_machines(v4: V4) -> None:
    await v4.pay(number="1234500007")
    ended = await v4.ended("r-1")
    assert ended["status"] == "FAILED"
    assert ended["provider_response"]["type"] == "transfer_amount_exceeds_limit"
    assert ended["provider_response"]["message"] == "DISBURSE FAILED: You can only spend NGN 100.00 at once"


async def test_an_empty_wallet_has_a_type_too(v4: V4) -> None:
    await v4.house.control("float", currency="NGN", available="0.00")
    await v4.pay()
    response = (await v4.ended("r-1"))["provider_response"]
    assert (response["type"], response["message"]) == (
        "insufficient_balance",
        "DISBURSE FAILED: Insufficient wallet balance",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x"},
        {"client_secret": "x"},
        {"grant_type": "password"},
    ],
)
async def test_whoever_shows_other_credentials_gets_no_token(v4: V4, changes: dict[str, str]) -> None:
    async with v4.house.session.post(f"{v4.house.base}/oauth/token", data={**FORM, **changes}) as reply:
        assert reply.status in {400, 401}
        assert (await reply.json()).keys() == {"error", "error_description"}


async def test_without_a_good_token_nothing_is_done(v4: V4) -> None:
    for token in ("", "made-up", f"{v4.token}x"):
        reply = await v4.house.call("POST", "/direct-transfers", body=order(), key=token)
        assert (reply.status, reply.json["status"], reply.json["error"]["type"]) == (401, "failed", "UNAUTHORIZED")
    assert (await v4.house.book())["transfers"] == []


async def test_the_same_idempotency_key_replays_the_answer(v4: V4) -> None:
    first = await v4.pay(once="k-1")
    await v4.ended("r-1")
    assert (await v4.pay(once="k-1")).body == first.body
    other = await v4.pay(once="k-1", amount=2000)
    assert (other.status, other.json["error"]["type"]) == (409, "RESOURCE_CONFLICT")
    assert len((await v4.house.book())["transfers"]) == 1


async def test_a_refusal_leaves_its_idempotency_key_free(v4: V4) -> None:
    assert (await v4.pay(once="k-1", amount=0)).status == 400
    assert (await v4.pay(once="k-1")).status == 201


async def test_a_used_reference_is_a_conflict(v4: V4) -> None:
    await v4.pay(once="k-1")
    again = await v4.pay(once="k-2")
    assert (again.status, again.json["error"]["type"]) == (409, "RESOURCE_CONFLICT")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": -1}, "payment_instruction.amount.value"),
        ({"amount": 1.001}, "payment_instruction.amount.value"),
        ({"action": "scheduled"}, "action"),
        ({"reference": ""}, "reference"),
        ({"payment_instruction": {"recipient": {}}}, "payment_instruction.recipient"),
        ({"payment_instruction": {"recipient": None}}, "payment_instruction.recipient"),
        ({"payment_instruction": {"recipient": {"bank": {"account_number": "1", "code": "999"}}}}, "bank.code"),
        ({"payment_instruction": {"destination_currency": "BTN"}}, "destination_currency"),
    ],
)
async def test_what_is_wrong_is_named(v4: V4, changes: dict[str, Any], field: str) -> None:
    reply = await v4.pay(**changes)
    error = reply.json["error"]
    assert (reply.status, error["type"], error["code"]) == (400, "REQUEST_NOT_VALID", "10400")
    assert error["validation_errors"][0]["field_name"].endswith(field)


async def test_a_blacklisted_account_is_refused_at_once(v4: V4) -> None:
    reply = await v4.pay(number="0690000036")
    assert (reply.status, reply.json["error"]["message"]) == (400, "Payout was made to a blacklisted account number")


async def test_a_failed_transfer_is_retried_and_names_its_parent(v4: V4) -> None:
    code = (await v4.pay(number="1234500002")).json["data"]["id"]
    await v4.ended("r-1")
    reply = await v4.call("POST", f"/transfers/{code}/retries", body={"action": "retry", "reference": "r-2"})
    assert (reply.status, reply.json["data"]["retry"]) == (201, {"parent_id": code, "parent_reference": "r-1"})
    second = await v4.call("POST", f"/transfers/{code}/retries", body={"action": "retry"})
    assert second.json["data"]["reference"] == "r-1_RETRY_2"
    wrong = await v4.call("POST", f"/transfers/{code}/retries", body={"action": "duplicate"})
    assert wrong.status == 400


async def test_a_successful_transfer_is_duplicated(v4: V4) -> None:
    code = (await v4.pay()).json["data"]["id"]
    await v4.ended("r-1")
    data = (await v4.call("POST", f"/transfers/{code}/retries", body={"action": "duplicate"})).json["data"]
    assert data["duplicate"] == {"parent_id": code, "parent_reference": "r-1"}
    assert (await v4.ended(data["reference"]))["status"] == "SUCCESSFUL"
    assert (await v4.house.book())["paid_more_than_once"] == []


async def test_the_general_flow_names_the_recipient_first(v4: V4) -> None:
    body = {"type": "bank_ngn", "bank": {"account_number": "0690000032", "code": "044"}, "name": {"first": "Ada"}}
    recipient = (await v4.call("POST", "/transfers/recipients", body=body)).json["data"]["id"]
    sender = (await v4.call("POST", "/transfers/senders", body={"name": {"first": "Us"}})).json["data"]["id"]
    ask = order()
    ask["payment_instruction"] |= {"recipient": None, "recipient_id": recipient, "sender_id": sender}
    reply = await v4.call("POST", "/transfers", body=ask)
    assert (reply.status, reply.json["data"]["recipient"]["id"]) == (201, recipient)
    assert reply.json["data"]["recipient"]["bank"]["account_number"] == "0690000032"
    assert (await v4.call("GET", f"/transfers/recipients/{recipient}")).json["data"]["bank"]["code"] == "044"
    assert len((await v4.call("GET", "/transfers/senders")).json["data"]) == 1
    assert (await v4.call("DELETE", f"/transfers/recipients/{recipient}")).status == 200
    ask["reference"] = "r-2"
    assert (await v4.call("POST", "/transfers", body=ask)).status == 404


@pytest.mark.parametrize(
    ("kind", "recipient"),
    [
        ("mobile_money", {"mobile_money": {"network": "MTN", "msisdn": "233200000001", "country": "GH"}}),
        ("wallet", {"wallet": {"provider": "flutterwave", "identifier": "00118468"}}),
    ],
)
async def test_other_kinds_of_recipients_are_paid(v4: V4, kind: str, recipient: dict[str, Any]) -> None:
    currency = "GHS" if kind == "mobile_money" else "NGN"
    instruction = {"recipient": recipient, "destination_currency": currency}
    reply = await v4.pay(type=kind, payment_instruction=instruction)
    assert (reply.status, set(reply.json["data"]["recipient"]) - {"id", "type"}) == (201, {kind})


async def test_an_account_is_resolved(v4: V4) -> None:
    body = {"account": {"code": "044", "number": "0690000032"}, "currency": "NGN"}
    data = (await v4.call("POST", "/banks/account-resolve", body=body)).json["data"]
    assert data == {"bank_code": "044", "account_number": "0690000032", "account_name": "Pastor Bright"}
    body["account"] = {"code": "044", "number": "1234500009"}
    assert (await v4.call("POST", "/banks/account-resolve", body=body)).status == 400


async def test_banks_and_lists_are_there(v4: V4) -> None:
    assert (await v4.call("GET", "/banks?country=NG")).json["data"]
    for number in range(3):
        await v4.pay(reference=f"r-{number}")
    listed = (await v4.call("GET", "/transfers?page=2&size=2")).json
    assert [line["reference"] for line in listed["data"]] == ["r-0"]
    assert listed["meta"]["page_info"] == {"total": 3, "current_page": 2, "total_pages": 2}
    assert (await v4.call("GET", "/transfers?reference=never")).json["data"] == []
    for path in ("/transfers?size=0", "/transfers?page=x"):
        assert (await v4.call("GET", path)).status == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("POST", "/nothing"), ("PUT", "/transfers")])
async def test_a_path_that_leads_nowhere_is_not_found(v4: V4, method: str, path: str) -> None:
    assert (await v4.call(method, path)).status == 404


async def test_a_webhook_is_signed_over_its_bytes(v4: V4) -> None:
    code = (await v4.pay()).json["data"]["id"]
    [webhook] = await v4.house.receiver.until(1)
    assert is_signed(webhook)
    assert not is_signed(webhook, "another secret")
    event = webhook.json
    assert event.keys() == {"webhook_id", "timestamp", "type", "data"}
    assert event["type"] == "transfer.disburse"
    assert event["timestamp"] > 1_700_000_000_000
    data = event["data"]
    assert (data["id"], data["reference"], data["status"]) == (code, "r-1", "SUCCESSFUL")
    assert (data["amount"], data["destination_currency"]) == (1000.5, "NGN")
    assert data["bank"]["account_number"] == "1234500001"


async def test_money_that_comes_back_is_told(v4: V4) -> None:
    await v4.pay()
    await v4.ended("r-1")
    await v4.house.force("r-1", "RETURNED")
    first, second = await v4.house.receiver.until(2)
    assert second.json["type"] == "transfer.reversal"
    assert second.json["webhook_id"] != first.json["webhook_id"]
    reversal = second.json["data"]["reversal"]
    assert (reversal["initial_status"], reversal["reconciliation_status"]) == ("SUCCESSFUL", "REVERSED")
    assert (await v4.ended("r-1"))["reversal"] == reversal
    assert (await v4.house.book())["totals"]["NGN"]["net_minor"] == 0


async def test_faults_strike_here_too_and_replays_are_safe(v4: V4) -> None:
    await v4.house.set_faults(error_after_accept={"next": 1})
    assert (await v4.pay(once="k-1")).status == 500
    assert (await v4.pay(once="k-1")).status == 201
    assert len((await v4.house.book())["transfers"]) == 1


async def test_the_two_versions_have_accounts_of_their_own(v4: V4) -> None:
    await v4.pay()
    v3 = v4.house.base.removesuffix("/v4")
    async with v4.house.session.get(f"{v3}/book") as reply:
        assert (await reply.json())["transfers"] == []
