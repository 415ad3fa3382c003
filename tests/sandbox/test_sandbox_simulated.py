"""The marketplace's simulated payments: chance that can be had again, a delay, and each key once."""

import asyncio
import re
import time
from collections import Counter
from typing import Any

import pytest
from simulated_house import SimulatedHouse, ask, open_simulated

from bursar_sandbox import SimulatedSettings

REFERENCE = re.compile(r"PAY-\d{10}-[0-9a-f]{8}")


def test_nineteen_in_twenty_succeed_after_a_second_unless_told_otherwise() -> None:
    usual = SimulatedSettings()
    assert (usual.success_rate, usual.delay_seconds) == (0.95, 1.0)


async def test_about_as_many_are_paid_as_the_rate_says() -> None:
    async with open_simulated(success_rate=0.95, seed=1) as simulated:
        counts = Counter(await simulated.pay_many(1000))
    assert counts.keys() == {"paid", "failed"}
    assert 920 <= counts["paid"] <= 980


@pytest.mark.parametrize(("rate", "standing"), [(0, "failed"), (1, "paid")])
async def test_a_rate_may_leave_nothing_to_chance(rate: float, standing: str) -> None:
    async with open_simulated(success_rate=rate) as simulated:
        assert set(await simulated.pay_many(50)) == {standing}


async def test_the_same_seed_gives_the_same_chance_again() -> None:
    async with open_simulated(success_rate=0.5, seed=7) as simulated:
        first = await simulated.pay_many(30)
        other = await simulated.pay_many(30)
        await simulated.control("behaviour", seed=7)
        assert await simulated.pay_many(30) == first != other
    async with open_simulated(success_rate=0.5, seed=7) as again:
        assert await again.pay_many(30) == first


async def test_a_payment_is_told_with_a_reference_of_its_own() -> None:
    async with open_simulated(success_rate=1) as simulated:
        answers = [await simulated.pay() for _ in range(50)]
    references = [answer["payment_reference"] for answer in answers]
    assert all(REFERENCE.fullmatch(reference) for reference in references)
    assert len(set(references)) == 50
    assert {(answer["status"], answer["amount"], answer["failure"]) for answer in answers} == {("paid", 100_000, None)}


async def test_each_payment_takes_its_delay() -> None:
    async with open_simulated(success_rate=1, delay_seconds=0.1) as simulated:
        began = time.monotonic()
        await simulated.pay()
        assert time.monotonic() - began >= 0.1
        await simulated.control("behaviour", delaySeconds=0.2)
        began = time.monotonic()
        await simulated.pay()
        assert time.monotonic() - began >= 0.2


async def test_the_same_key_pays_once_and_answers_alike() -> None:
    async with open_simulated(success_rate=0.5, delay_seconds=0.01) as simulated:
        wanted = ask()
        answers = await asyncio.gather(*(simulated.call("POST", "/payments", body=wanted) for _ in range(10)))
        assert len({answer.body for answer in answers}) == 1
        assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 9
        assert len(await simulated.book()) == 1
        other = await simulated.call("POST", "/payments", body=wanted | {"amount": 1})
        assert (other.status, other.json["error"]["code"]) == (409, "key_conflict")


async def test_a_payment_is_found_by_its_key() -> None:
    async with open_simulated(success_rate=1) as simulated:
        paid = await simulated.pay()
        assert (await simulated.call("GET", f"/payments/{paid['key']}")).json == paid
        missing = await simulated.call("GET", "/payments/nobody")
        assert (missing.status, missing.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("account", "first", "second"),
    [
        ("50100012340002", ("failed", "payment_failed", True), ("paid", None, None)),
        ("50100012340003", ("failed", "account_closed", False), ("failed", "account_closed", False)),
        ("50100012340004", ("processing", None, None), ("processing", None, None)),
        ("asha0003@okaxis", ("failed", "account_closed", False), ("failed", "account_closed", False)),
    ],
)
async def test_some_accounts_know_their_fate(account: str, first: Any, second: Any) -> None:
    """The second attempt at an order is one whose key differs in a number at its end."""
    async with open_simulated(success_rate=0.5) as simulated:
        for number, expected in ((1, first), (2, second)):
            said = await simulated.pay(account=account, key=f"order-{number}")
            failure = said["failure"] or {"code": None, "retryable": None}
            assert (said["status"], failure["code"], failure["retryable"]) == expected


async def test_a_tester_moves_a_payment_by_hand() -> None:
    async with open_simulated(success_rate=1) as simulated:
        key = (await simulated.pay(account="50100012340004"))["key"]
        assert (await simulated.control(f"transfers/{key}", status="paid"))["status"] == "paid"
        returned = await simulated.control(f"transfers/{key}", status="returned", amount="400.00")
        assert returned["status"] == "returned"
        [line] = await simulated.book()
        assert (line["amountMinor"], line["returnedMinor"]) == (100_000, 40_000)


async def test_the_list_goes_on_from_page_to_page() -> None:
    async with open_simulated(success_rate=1) as simulated:
        keys = [(await simulated.pay())["key"] for _ in range(5)]
        first = (await simulated.call("GET", "/payments?limit=3&since=2026-01-01T00:00:00Z")).json
        rest = (await simulated.call("GET", f"/payments?limit=3&cursor={first['next_cursor']}")).json
        assert [one["key"] for one in first["items"] + rest["items"]] == keys
        assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/payments?limit=0", 400),
        ("GET", "/payments?limit=all", 400),
        ("GET", "/payments?since=yesterday", 400),
        ("GET", "/payments/", 404),
        ("GET", "/payments/a/b", 404),
        ("DELETE", "/payments/a", 404),
        ("GET", "/nothing", 404),
    ],
)
async def test_what_there_is_not_cannot_be_asked_for(
    simulated: SimulatedHouse, method: str, path: str, status: int
) -> None:
    assert (await simulated.call(method, path)).status == status


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"currency": "RUP"}, {"key": "a b"}, {"recipient": {"name": "A"}}],
)
async def test_what_cannot_be_paid_is_refused_and_books_nothing(
    simulated: SimulatedHouse, wrong: dict[str, Any]
) -> None:
    refused = await simulated.call("POST", "/payments", body=ask() | wrong)
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_request")
    assert await simulated.book() == []


async def test_without_its_key_nobody_is_let_in(simulated: SimulatedHouse) -> None:
    assert (await simulated.call("POST", "/payments", body=ask(), key="another")).status == 401


@pytest.mark.parametrize("wrong", [{"successRate": 1.1}, {"delaySeconds": -1}, {"luck": 1}])
async def test_behaviour_that_there_is_not_is_refused(simulated: SimulatedHouse, wrong: dict[str, Any]) -> None:
    assert (await simulated.call("POST", "/control/behaviour", body=wrong)).status == 400
