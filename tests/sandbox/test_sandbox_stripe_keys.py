"""Idempotency keys: what is answered again, what is refused, and what was never kept."""

import asyncio
from dataclasses import dataclass

import pytest
from stripe_house import KEY, RESTRICTED, StripeHouse, open_stripe

DAY_MS = 24 * 60 * 60 * 1000


@dataclass
class MovedClock:
    """Stands where it is put."""

    at_ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


async def test_a_repeated_request_is_answered_byte_for_byte_and_done_once(platform: StripeHouse) -> None:
    first = await platform.transfer(idempotency_key="once", transfer_group="g-1")
    await platform.call("POST", f"/v1/transfers/{first.json['id']}", form={"description": "changed since"})
    second = await platform.transfer(idempotency_key="once", transfer_group="g-1")
    assert (second.status, second.body) == (first.status, first.body)
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert second.headers["Original-Request"] == first.headers["Request-Id"] != second.headers["Request-Id"]
    assert len((await platform.book("/transfers"))["transfers"]) == 1


async def test_without_a_key_each_request_is_another(platform: StripeHouse) -> None:
    await platform.transfer(transfer_group="g-1")
    await platform.transfer(transfer_group="g-1")
    assert (await platform.book("/transfers"))["paid_more_than_once"] == ["g"]


async def test_a_key_belongs_to_what_it_was_first_used_for(platform: StripeHouse) -> None:
    await platform.transfer(idempotency_key="mine")
    other = await platform.transfer(idempotency_key="mine", amount=1)
    elsewhere = await platform.call("POST", "/v1/accounts", form={"type": "express"}, Idempotency_Key="mine")
    for refused in (other, elsewhere):
        assert (refused.status, refused.json["error"]["type"]) == (400, "idempotency_error")
    assert "('/v1/transfers' vs '/v1/accounts')" in elsewhere.json["error"]["message"]


async def test_a_key_is_known_to_one_account_alone(platform: StripeHouse) -> None:
    for account in ("acct_sandbox0001", "acct_sandbox1110001"):
        await platform.transfer(destination=account)
        assert (await platform.pay_out(account, idempotency_key="shared")).status == 200
    assert len((await platform.book())["transfers"]) == 2


async def test_twins_at_once_are_told_apart_from_repetitions(platform: StripeHouse) -> None:
    await platform.set_faults(latency_ms=100)
    twins = await asyncio.gather(*(platform.transfer(idempotency_key="twin", transfer_group="t") for _ in range(3)))
    assert sorted(twin.status for twin in twins) == [200, 409, 409]
    late = next(twin for twin in twins if twin.status == 409)
    assert late.json["error"]["code"] == "idempotency_key_in_use"
    assert late.headers["Stripe-Should-Retry"] == "true"
    assert (await platform.transfer(idempotency_key="twin", transfer_group="t")).status == 200
    assert len((await platform.book("/transfers"))["transfers"]) == 1


async def test_a_client_that_hung_up_leaves_its_key_free(platform: StripeHouse) -> None:
    await platform.set_faults(timeout_after_accept={"next": 1})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await platform.transfer(idempotency_key="lost", transfer_group="l")
    await asyncio.sleep(0.05)
    again = await platform.transfer(idempotency_key="lost", transfer_group="l")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")


async def test_what_was_begun_is_kept_even_when_it_failed(platform: StripeHouse) -> None:
    await platform.control("float", currency="USD", available="1.00")
    poor = await platform.transfer(idempotency_key="poor", transfer_group="p")
    assert poor.json["error"]["code"] == "balance_insufficient"
    await platform.control("float", currency="USD", available=None)
    again = await platform.transfer(idempotency_key="poor", transfer_group="p")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (400, poor.body, "true")
    assert (await platform.transfer(idempotency_key="funded", transfer_group="p")).status == 200


async def test_a_500_after_the_deed_is_kept_and_hides_it(platform: StripeHouse) -> None:
    """Only a look-up tells; this is why a client must not take a repeated 500 for a refusal."""
    await platform.set_faults(error_after_accept={"next": 1})
    answers = [await platform.transfer(idempotency_key="broken", transfer_group="b-1") for _ in range(2)]
    assert [answer.status for answer in answers] == [500, 500]
    found = (await platform.call("GET", "/v1/transfers?transfer_group=b-1")).json["data"]
    assert [each["transfer_group"] for each in found] == ["b-1"]


@pytest.mark.parametrize(("keeps", "statuses"), [(False, [500, 200]), (True, [500, 500])])
async def test_a_500_before_the_deed_is_kept_if_a_tester_wants_it(
    platform: StripeHouse, *, keeps: bool, statuses: list[int]
) -> None:
    await platform.control("behaviour", keepsEveryError=keeps)
    await platform.set_faults(error_before_accept={"next": 1})
    answers = [await platform.transfer(idempotency_key="broken", transfer_group="b-1") for _ in range(2)]
    assert [answer.status for answer in answers] == statuses
    assert len((await platform.book("/transfers"))["transfers"]) == statuses.count(200)


async def test_what_was_never_begun_is_not_kept(platform: StripeHouse) -> None:
    assert (await platform.transfer(idempotency_key="free", amount="much", transfer_group="f")).status == 400
    assert (await platform.transfer(idempotency_key="free", currency="xyz", transfer_group="f")).status == 400
    await platform.set_faults(rate_limit={"next": 1})
    assert (await platform.transfer(idempotency_key="free", transfer_group="f")).status == 429
    form = {"amount": 1, "currency": "usd", "destination": "acct_sandbox0001"}
    for key, status in (("sk_test_wrong", 401), (RESTRICTED, 403)):
        refused = await platform.call("POST", "/v1/transfers", form=form, key=key, Idempotency_Key="free")
        assert refused.status == status
    assert (await platform.transfer(idempotency_key="free", transfer_group="f")).status == 200


async def test_a_key_may_be_used_afresh_after_a_day() -> None:
    """Then the same request pays again: so a client has to look first."""
    clock = MovedClock()
    async with open_stripe(clock) as platform:
        first = await platform.transfer(idempotency_key="old", transfer_group="o-1")
        clock.at_ms += DAY_MS - 1
        assert (await platform.transfer(idempotency_key="old", transfer_group="o-1")).body == first.body
        clock.at_ms += 1
        assert (await platform.transfer(idempotency_key="old", transfer_group="o-1")).json["id"] != first.json["id"]
        assert (await platform.book("/transfers"))["paid_more_than_once"] == ["o"]


async def test_a_key_has_an_end(platform: StripeHouse) -> None:
    assert (await platform.transfer(idempotency_key="k" * 255)).status == 200
    assert (await platform.transfer(idempotency_key="k" * 256)).status == 400


async def test_a_key_means_nothing_to_a_question(platform: StripeHouse) -> None:
    before = await platform.call("GET", "/v1/balance", key=KEY, Idempotency_Key="asked")
    await platform.transfer()
    assert (await platform.call("GET", "/v1/balance", Idempotency_Key="asked")).body != before.body
