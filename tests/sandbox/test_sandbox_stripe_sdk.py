"""Stripe's own Python SDK works against the simulator, unchanged but for the address: its word on the wire format."""

import asyncio
import time
from typing import Any

import pytest
import stripe
from stripe_house import CONNECT_SECRET, KEY, SECRET, StripeHouse, bank_account, transfer


@pytest.fixture
def classic(platform: StripeHouse, monkeypatch: pytest.MonkeyPatch) -> StripeHouse:
    """The SDK's older face: a module with a key and an address of its own."""
    monkeypatch.setattr(stripe, "api_key", KEY)
    monkeypatch.setattr(stripe, "api_base", platform.base)
    monkeypatch.setattr(stripe, "default_http_client", platform.http)
    return platform


async def test_a_client_pays_somebody_in_two_steps(platform: StripeHouse) -> None:
    def use(client: Any) -> tuple[Any, Any, Any]:
        account = client.v1.accounts.create(
            {
                "type": "custom",
                "country": "US",
                "capabilities": {"transfers": {"requested": True}},
                "individual": {"first_name": "Wren", "last_name": "Hall", "ssn_last_4": "0000"},
                "external_account": bank_account(),
            }
        )
        sent = client.v1.transfers.create(
            {"amount": 2500, "currency": "usd", "destination": account.id, "transfer_group": "run-1"}
        )
        on_behalf: Any = {"stripe_account": account.id}
        paid = client.v1.payouts.create({"amount": 2500, "currency": "usd"}, on_behalf)
        return account, sent, client.v1.payouts.retrieve(paid.id, options=on_behalf)

    account, sent, paid = await platform.sdk(use)
    assert (account.payouts_enabled, account.capabilities.transfers) == (True, "active")
    assert account.individual.last_name == "Hall"
    assert "ssn_last_4" not in account.individual
    assert [bank.last4 for bank in account.external_accounts.data] == ["6789"]
    assert (sent.object, sent.amount, sent.destination, sent.reversed) == ("transfer", 2500, account.id, False)
    assert (paid.object, paid.status, paid.failure_code) == ("payout", "paid", None)
    assert paid.destination == account.external_accounts.data[0].id


async def test_the_module_pays_and_takes_back(classic: StripeHouse) -> None:
    def use() -> tuple[Any, Any, Any]:
        sent = stripe.Transfer.create(**transfer(amount=1000))
        part = stripe.Transfer.create_reversal(sent.id, amount=400)
        rest = stripe.Transfer.create_reversal(sent.id)
        listed = stripe.Transfer.list_reversals(sent.id).data
        assert [reversal.id for reversal in listed] == [rest.id, part.id]
        return stripe.Transfer.retrieve(sent.id), part, rest

    sent, part, rest = await asyncio.to_thread(use)
    assert (part.amount, rest.amount, part.transfer) == (400, 600, sent.id)
    assert (sent.amount_reversed, sent.reversed) == (1000, True)
    assert [reversal.id for reversal in sent.reversals.data] == [rest.id, part.id]


async def test_it_pages_through_lists_by_itself(classic: StripeHouse) -> None:
    def use() -> None:
        made = [
            stripe.Transfer.create(**transfer(amount=100 + number, transfer_group="many")).id for number in range(12)
        ]
        newest_first = made[::-1]
        pages = stripe.Transfer.list(transfer_group="many", limit=5)
        assert [each.id for each in pages.auto_paging_iter()] == newest_first
        assert (len(pages.data), pages.has_more) == (5, True)
        middle = pages.next_page()
        assert [each.id for each in middle.data] == newest_first[5:10]
        upwards = stripe.Transfer.list(transfer_group="many", limit=5, ending_before=made[0])
        assert [each.id for each in upwards.auto_paging_iter()] == made[1:]
        assert not stripe.Transfer.list(transfer_group="nobody's").data

    await asyncio.to_thread(use)


async def test_it_asks_for_a_span_of_time(classic: StripeHouse) -> None:
    def use() -> None:
        sent = stripe.Transfer.create(**transfer())
        now = sent.created
        assert stripe.Transfer.list(created={"gte": now, "lt": now + 1}).data
        assert stripe.Transfer.list(created=now).data
        assert not stripe.Transfer.list(created={"gt": now}).data
        assert not stripe.Transfer.list(created={"lte": now - 1}).data

    await asyncio.to_thread(use)


async def test_the_same_key_gives_the_same_answer_and_no_second_transfer(platform: StripeHouse) -> None:
    def use(client: Any) -> tuple[Any, Any]:
        ask: Any = transfer()
        first = client.v1.transfers.create(ask, {"idempotency_key": "once"})
        return first, client.v1.transfers.create(ask, {"idempotency_key": "once"})

    first, second = await platform.sdk(use)
    assert first.last_response.body == second.last_response.body
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert second.last_response.headers["original-request"] == first.last_response.headers["request-id"]
    assert len((await platform.book("/transfers"))["transfers"]) == 1


@pytest.mark.parametrize(
    ("changes", "error", "code", "param"),
    [
        ({"amount": None}, stripe.InvalidRequestError, "parameter_missing", "amount"),
        ({"amount": "many"}, stripe.InvalidRequestError, "parameter_invalid_integer", "amount"),
        ({"amount": 0}, stripe.InvalidRequestError, "parameter_invalid_integer", "amount"),
        ({"amount": 100_000_000}, stripe.InvalidRequestError, "amount_too_large", "amount"),
        ({"currency": "xyz"}, stripe.InvalidRequestError, None, "currency"),
        ({"currency": ""}, stripe.InvalidRequestError, None, "currency"),
        ({"colour": "red"}, stripe.InvalidRequestError, "parameter_unknown", "colour"),
        ({"destination": "acct_nobody"}, stripe.InvalidRequestError, "resource_missing", "destination"),
        ({"destination": "acct_sandbox0009"}, stripe.InvalidRequestError, "resource_missing", "destination"),
        ({"destination": "acct_sandbox0006"}, stripe.InvalidRequestError, "insufficient_capabilities_for_transfer",
         None),
    ],
)  # fmt: skip
async def test_it_knows_what_is_wrong_with_a_transfer(
    platform: StripeHouse, changes: Any, error: type[stripe.StripeError], code: str | None, param: str | None
) -> None:
    with pytest.raises(error) as raised:
        await platform.sdk(lambda client: client.v1.transfers.create(transfer(**changes)))
    assert (raised.value.http_status, raised.value.code) == (400, code)
    assert raised.value.param == param
    assert (await platform.book("/transfers"))["transfers"] == []


async def test_each_kind_of_error_has_its_class(platform: StripeHouse) -> None:
    def use(client: Any) -> None:
        with pytest.raises(stripe.AuthenticationError, match=r"sk_test_\*+rong"):
            client.v1.balance.retrieve(options={"api_key": "sk_test_wrong"})
        with pytest.raises(stripe.PermissionError) as forbidden:
            client.v1.balance.retrieve(options={"stripe_account": "acct_nobody"})
        assert forbidden.value.http_status == 403
        with pytest.raises(stripe.PermissionError):
            client.v1.accounts.retrieve("acct_nobody")
        with pytest.raises(stripe.InvalidRequestError) as missing:
            client.v1.transfers.retrieve("tr_nobody")
        assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
        client.v1.transfers.create(transfer(), {"idempotency_key": "once"})
        with pytest.raises(stripe.IdempotencyError):
            client.v1.transfers.create(transfer(amount=1), {"idempotency_key": "once"})

    await platform.sdk(use)
    await platform.set_faults(rate_limit={"next": 1}, error_before_accept={"next": 1})
    with pytest.raises(stripe.RateLimitError):
        await platform.sdk(lambda client: client.v1.transfers.create(transfer()))
    with pytest.raises(stripe.APIError):
        await platform.sdk(lambda client: client.v1.transfers.create(transfer()))


async def test_it_gives_whole_objects_where_they_are_asked_for(classic: StripeHouse) -> None:
    def use() -> None:
        sent = stripe.Transfer.create(**transfer(), expand=["destination", "balance_transaction"])
        assert (sent.destination.object, sent.balance_transaction.net) == ("account", -2500)
        listed = stripe.Transfer.list(limit=1, expand=["data.balance_transaction"])
        assert listed.data[0].balance_transaction.type == "transfer"
        paid = stripe.Payout.create(
            amount=2500, currency="usd", stripe_account="acct_sandbox0001", expand=["destination"]
        )
        assert paid.destination.last4 == "6789"
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            stripe.Transfer.retrieve(sent.id, expand=["amount"])

    await asyncio.to_thread(use)


async def test_it_keeps_accounts_and_their_banks(classic: StripeHouse) -> None:
    def use() -> None:
        account = stripe.Account.create(type="express", email="wren@example.com", metadata={"a": "1", "b": "2"})
        stripe.Account.modify(account.id, email="w@example.com", metadata={"a": "", "c": "3"})
        changed = stripe.Account.retrieve(account.id)
        assert (changed.email, changed.metadata.to_dict()) == ("w@example.com", {"b": "2", "c": "3"})
        first = stripe.Account.create_external_account(account.id, external_account=bank_account())
        second = stripe.Account.create_external_account(
            account.id, external_account=bank_account("000111111116"), default_for_currency=True
        )
        banks = stripe.Account.list_external_accounts(account.id).data
        assert [(bank.id, bank.default_for_currency) for bank in banks] == [(first.id, False), (second.id, True)]
        with pytest.raises(stripe.InvalidRequestError):
            stripe.Account.delete_external_account(account.id, second.id)
        assert stripe.Account.delete_external_account(account.id, first.id).deleted
        assert stripe.Account.list(limit=1).data[0].id == account.id
        assert stripe.Account.retrieve().email == "platform@example.com"
        assert stripe.Account.delete(account.id).deleted
        with pytest.raises(stripe.PermissionError):
            stripe.Account.retrieve(account.id)

    await asyncio.to_thread(use)


async def test_it_reads_balances_and_their_movements(classic: StripeHouse) -> None:
    def use() -> None:
        before = stripe.Balance.retrieve().available[0].amount
        sent = stripe.Transfer.create(**transfer(amount=700))
        assert before - stripe.Balance.retrieve().available[0].amount == 700
        [moved] = stripe.BalanceTransaction.list(source=sent.id).data
        assert (moved.amount, moved.net, moved.type, moved.fee) == (-700, -700, "transfer", 0)
        assert stripe.BalanceTransaction.retrieve(moved.id) == moved
        there = stripe.BalanceTransaction.list(stripe_account="acct_sandbox0001").data
        assert [(each.amount, each.type, each.reporting_category) for each in there] == [(700, "payment", "charge")]

    await asyncio.to_thread(use)


async def test_it_cancels_and_reverses_payouts(platform: StripeHouse) -> None:
    await platform.control("behaviour", settleAfterMs=60_000)
    on_behalf: Any = {"stripe_account": "acct_sandbox0001"}

    def pay(client: Any) -> Any:
        client.v1.transfers.create(transfer())
        return client.v1.payouts.create({"amount": 2500, "currency": "usd"}, on_behalf)

    waiting = await platform.sdk(pay)
    canceled = await platform.sdk(lambda client: client.v1.payouts.cancel(waiting.id, options=on_behalf))
    assert (canceled.status, await platform.holds("acct_sandbox0001")) == ("canceled", 2500)
    await platform.control("behaviour", settleAfterMs=0)
    paid = await platform.sdk(pay)
    with pytest.raises(stripe.InvalidRequestError):
        await platform.sdk(lambda client: client.v1.payouts.cancel(paid.id, options=on_behalf))
    back = await platform.sdk(lambda client: client.v1.payouts.reverse(paid.id, options=on_behalf))
    assert (back.amount, back.original_payout) == (-2500, paid.id)
    await platform.until_status(back.id, "acct_sandbox0001", "paid")
    listed = await platform.sdk(lambda client: client.v1.payouts.list({"status": "paid"}, on_behalf))
    assert [each.id for each in listed.data] == [back.id, paid.id]
    assert listed.data[1].reversed_by == back.id
    assert await platform.holds("acct_sandbox0001") == 5000


async def test_it_believes_the_webhooks_of_each_endpoint_and_no_others(platform: StripeHouse) -> None:
    await platform.pay("acct_sandbox0001", group="believed-1")
    await platform.told("transfer.created", "payout.paid")
    for webhook in platform.receiver.inbox:
        signature = webhook.headers["Stripe-Signature"]
        is_connect = "account" in webhook.json
        event = stripe.Webhook.construct_event(webhook.body, signature, CONNECT_SECRET if is_connect else SECRET)
        assert event.id.startswith("evt_")
        assert event.data.object["object"] in {"transfer", "payout"}
        assert (
            platform.client.construct_event(webhook.body, signature, CONNECT_SECRET if is_connect else SECRET) == event
        )
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(webhook.body, signature, SECRET if is_connect else CONNECT_SECRET)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(webhook.body.replace(b"2500", b"9500"), signature, CONNECT_SECRET)


async def test_it_lists_what_happened_to_whom(classic: StripeHouse) -> None:
    await classic.pay("acct_sandbox0001", group="listed-1")
    await classic.told("payout.paid")

    def use() -> None:
        [own] = stripe.Event.list(type="transfer.created").data
        assert own.data.object["transfer_group"] == "listed-1"
        assert stripe.Event.retrieve(own.id) == own
        assert not stripe.Event.list(types=["payout.paid", "payout.failed"]).data
        theirs = stripe.Event.list(types=["payout.*"], stripe_account="acct_sandbox0001").data
        assert [event.type for event in theirs] == ["payout.paid", "payout.updated", "payout.created"]
        assert {event.account for event in theirs} == {"acct_sandbox0001"}
        before = theirs[0].data.previous_attributes
        assert before.to_dict() == {"status": "in_transit"}

    await asyncio.to_thread(use)


async def test_it_opens_endpoints_and_learns_their_secrets_once(classic: StripeHouse) -> None:
    classic.receiver.inbox.clear()

    def use() -> Any:
        mine = stripe.WebhookEndpoint.create(url=f"{classic.receiver.url}", enabled_events=["transfer.created"])
        assert mine.secret
        assert mine.secret.startswith("whsec_")
        assert not hasattr(stripe.WebhookEndpoint.retrieve(mine.id), "secret")
        assert stripe.WebhookEndpoint.list(limit=1).data[0].id == mine.id
        with pytest.raises(stripe.InvalidRequestError):
            stripe.WebhookEndpoint.create(url="https://example.com/hook", enabled_events=["*"])
        stripe.Transfer.create(**transfer())
        return mine

    mine = await asyncio.to_thread(use)
    first, second = await classic.receiver.until(2)
    believed = [_is_believed(webhook, mine.secret) for webhook in (first, second)]
    assert sorted(believed) == [False, True], "one is the new endpoint's, one that of the endpoint there was"
    await asyncio.to_thread(lambda: stripe.WebhookEndpoint.modify(mine.id, disabled=True))
    assert (await asyncio.to_thread(lambda: stripe.WebhookEndpoint.delete(mine.id))).deleted
    with pytest.raises(stripe.InvalidRequestError):
        await asyncio.to_thread(lambda: stripe.WebhookEndpoint.retrieve(mine.id))


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # Of httpx, about how the SDK uses it.
async def test_it_works_without_blocking_too(platform: StripeHouse) -> None:
    http = stripe.HTTPXClient()
    client = stripe.StripeClient(KEY, base_addresses={"api": platform.base}, http_client=http)
    made = [await client.v1.transfers.create_async(transfer(transfer_group="mine")) for _ in range(3)]
    listed = await client.v1.transfers.list_async({"transfer_group": "mine", "limit": 2})
    assert [each.id async for each in listed.auto_paging_iter()] == [each.id for each in made[::-1]]
    await http.close_async()


async def test_it_repeats_what_it_may_under_one_key_by_itself(platform: StripeHouse) -> None:
    """With its own retries on, a lost answer is asked for again, and nothing is done twice."""
    await platform.set_faults(drop_after_accept={"next": 1})
    patient = stripe.StripeClient(
        KEY, base_addresses={"api": platform.base}, max_network_retries=2, http_client=platform.http
    )
    started = time.monotonic()
    sent = await asyncio.to_thread(patient.v1.transfers.create, transfer())
    assert sent.last_response.headers["idempotent-replayed"] == "true"
    assert len((await platform.book("/transfers"))["transfers"]) == 1
    assert time.monotonic() - started < 10


def _is_believed(webhook: Any, secret: str) -> bool:
    try:
        stripe.Webhook.construct_event(webhook.body, webhook.headers["Stripe-Signature"], secret)
    except stripe.SignatureVerificationError:
        return False
    return True
