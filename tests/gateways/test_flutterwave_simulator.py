"""Both dialects against their simulator, where they differ from other gateways: floats, approvals, retries, returns."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from simulated import HELD, REFUSED, Tried, flutterwave, flutterwave_v4, simulated, words

from bursar.foundation.http import PoliteClient, Reply
from bursar.foundation.money import Money
from bursar.gateways import Report, Word
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave import Flutterwave
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.flutterwave.v3 import Api

BLACKLISTED, LIMITED, UNCLEAR, MISSING = "1234500006", "1234500007", "1234500008", "1234500009"
BOTH = ("flutterwave", "flutterwave-v4")


@pytest.fixture(params=BOTH)
async def tried(request: pytest.FixtureRequest) -> AsyncIterator[Tried]:
    """One of the dialects, with its simulator at the other end."""
    async with simulated(request.param) as tried:
        yield tried


only_v3 = pytest.mark.parametrize("tried", ["flutterwave"], indirect=True)
only_v4 = pytest.mark.parametrize("tried", ["flutterwave-v4"], indirect=True)


def api(tried: Tried) -> Api:
    """The v3 calls that sending does not need."""
    return Api(tried.client, url=f"{tried.url}/flutterwave", secret_key="FLWSECK-k")


async def next_report(tried: Tried) -> Report:
    """The next webhook that comes."""
    body, headers = await asyncio.wait_for(tried.mailbox.letters.get(), 5)
    [report] = tried.gateway.read_report(body, headers)
    return report


@pytest.mark.parametrize(
    ("account", "word", "reason"),
    [
        (BLACKLISTED, Word.REFUSED, "account_blacklisted"),
        (LIMITED, Word.REFUSED, "over_gateway_limit"),
        (MISSING, Word.REFUSED, "account_not_found"),
        (UNCLEAR, Word.UNKNOWN, "gateway_unclear"),
    ],
)
async def test_its_refusals_are_known_singly_and_in_a_bulk(tried: Tried, account: str, word: Word, reason: str) -> None:
    alone = await tried.settle(tried.case.ask(1, account=account))
    together = await tried.settle(tried.case.ask(2, account=account), tried.case.ask(3))
    assert [(outcome.word, outcome.reason) for outcome in (*alone, *together)] == [
        (word, reason),
        (word, reason),
        (Word.PAID, None),
    ]


@pytest.mark.parametrize("at_once", [True, False], ids=["refused_at_once", "failed_later"])
async def test_without_funds_nothing_is_paid_until_there_are_some(tried: Tried, *, at_once: bool) -> None:
    await tried.control("POST", "behaviour", {"refusesUnfunded": at_once})
    await tried.control("POST", "float", {"currency": "NGN", "available": "500.00"})
    asked = [tried.case.ask(number, amount="1000.00") for number in (1, 2)]
    outcomes = [*await tried.settle(asked[0]), *await tried.settle(*asked)]
    for outcome in outcomes:
        assert (outcome.word, outcome.reason) == (Word.REFUSED, "gateway_float_low")
        assert outcome.retryable
        assert outcome.lacks_funds
    assert await tried.payments() == []
    await tried.control("POST", "float", {"currency": "NGN", "available": None})
    assert words(await tried.settle(tried.case.ask(3))) == [Word.PAID]


@only_v3
async def test_the_float_is_read_to_the_minor_unit(tried: Tried) -> None:
    await tried.control("POST", "float", {"currency": "NGN", "available": "123456789012.34"})
    gateway = tried.gateway
    assert isinstance(gateway, Flutterwave)
    assert await gateway.float_of("NGN") == Money.parse("123456789012.34", "NGN")


@only_v3
async def test_what_waits_for_an_approval_over_there_is_held_and_then_paid(tried: Tried) -> None:
    asked = tried.case.ask(account=HELD)
    [held] = await tried.settle(asked)
    assert (held.word, held.reason) == (Word.HELD, "gateway_approval")
    await tried.control("POST", f"transfers/{asked.key}", {"status": "APPROVED"})
    assert words(await tried.follow([asked], [replace(held, word=Word.ACCEPTED)])) == [Word.PAID]


@only_v3
async def test_a_retry_by_hand_belongs_to_the_attempt_that_failed(tried: Tried) -> None:
    """They make a new transfer of it, with another id and a longer reference; its report still finds our attempt."""
    asked = tried.case.ask(account=REFUSED)
    [failed] = await tried.settle(asked)
    assert (await next_report(tried)).outcome.word is Word.REFUSED
    retried = await api(tried).retry(int(failed.reference or ""), within=Deadline(5))
    assert not isinstance(retried, Trouble)
    assert (retried.reference, retried.status) == (f"{asked.key}_RETRY_1", "NEW")
    await tried.control("POST", f"transfers/{retried.reference}", {"status": "SUCCESSFUL"})
    report = await next_report(tried)
    assert (report.key, report.outcome.word) == (asked.key, Word.PAID)
    retries = await api(tried).retries(int(failed.reference or ""), within=Deadline(5))
    assert not isinstance(retries, Trouble)
    assert [retry.reference for retry in retries] == [retried.reference]


@only_v3
async def test_what_did_not_fail_cannot_be_retried(tried: Tried) -> None:
    [paid] = await tried.settle(tried.case.ask())
    assert isinstance(await api(tried).retry(int(paid.reference or ""), within=Deadline(5)), Trouble)
    assert len(await tried.payments()) == 1


@only_v3
async def test_fees_and_balances_are_told(tried: Tried) -> None:
    fees = await api(tried).fee(Money.parse("1000.10", "NGN"), within=Deadline(5))
    balances = await api(tried).balances(within=Deadline(5))
    assert not isinstance(fees, Trouble)
    assert not isinstance(balances, Trouble)
    assert [(fee.currency, fee.fee > 0) for fee in fees] == [("NGN", True)]
    assert "NGN" in {balance.currency for balance in balances}


@only_v3
async def test_a_test_key_with_a_suffix_gets_its_transfers_paid(tried: Tried) -> None:
    await tried.control("POST", "behaviour", {"mode": "test", "minuteMs": 20})
    gateway = flutterwave(tried.client, tried.url, test_suffix="_PMCKDU_1")
    suffixed = replace(tried, gateway=gateway)
    assert words(await suffixed.settle(tried.case.ask(1), tried.case.ask(2))) == [Word.PAID] * 2
    assert {payment["reference"] for payment in await tried.payments()} == {
        f"{tried.case.ask(number).key}_PMCKDU_1" for number in (1, 2)
    }
    assert (await next_report(suffixed)).key in {tried.case.ask(number).key for number in (1, 2)}


@only_v4
async def test_money_that_comes_back_is_reported_and_looked_up_as_returned(tried: Tried) -> None:
    asked = tried.case.ask()
    [paid] = await tried.settle(asked)
    assert (await next_report(tried)).outcome.word is Word.PAID
    await tried.control("POST", f"transfers/{asked.key}", {"status": "RETURNED"})
    report = await next_report(tried)
    assert (report.key, report.outcome.word) == (asked.key, Word.RETURNED)
    assert words(await tried.inquire(replace(asked, reference=paid.reference))) == [Word.RETURNED]


@only_v4
async def test_a_wrong_client_secret_moves_nothing(tried: Tried) -> None:
    stranger = replace(tried, gateway=flutterwave_v4(tried.client, tried.url, client_secret="wrong"))
    [outcome] = await stranger.send(tried.case.ask())
    assert (outcome.word, outcome.reason) == (Word.UNKNOWN, "token_http_401")
    assert await tried.payments() == []


class Counted:
    """A client that notes what is asked."""

    def __init__(self, client: PoliteClient) -> None:
        self.paths: list[str] = []
        self._client = client

    async def call(self, method: str, url: str, **more: Any) -> Reply:
        """What ``PoliteClient.call`` promises."""
        self.paths.append(f"{method} {url.partition('/v3/')[2]}")
        return await self._client.call(method, url, **more)


@only_v3
async def test_a_bulk_of_sixty_is_one_call_there_and_one_for_each_page_back(tried: Tried) -> None:
    line = Counted(tried.client)
    counted = replace(tried, gateway=flutterwave(line, tried.url))  # type: ignore[arg-type]  # It does as the client.
    asked = [tried.case.ask(number) for number in range(60)]
    sent = await counted.send(*asked)
    await asyncio.sleep(0.1)
    named = [replace(one, reference=outcome.reference) for one, outcome in zip(asked, sent, strict=True)]
    assert set(words(await counted.inquire(*named))) == {Word.PAID}
    bulk = (sent[0].reference or "").removeprefix("bulk:")
    pages = [f"GET transfers?batch_id={bulk}&page={page}" for page in range(1, 7)]
    assert line.paths == ["POST bulk-transfers", *pages]
