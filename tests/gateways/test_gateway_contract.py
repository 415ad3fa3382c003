"""What every gateway promises, tried against a simulator that books for itself. A new gateway is one more line here."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from teller import instruction

from bursar.foundation.clock import FakeClock
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways import Echo, Gateway, NeverArrived, Outcome, Word, check_echo
from bursar.gateways.mockbank import MockBank
from bursar.holders.model import Destination
from bursar_sandbox import SandboxSettings, create_app, server
from ground import AT

Make = Callable[[PoliteClient, str], Gateway]


def _mockbank(client: PoliteClient, url: str) -> Gateway:
    return MockBank(client, url=url, api_key="k", webhook_secret="s", clock=FakeClock(AT), deadline=5.0)


@pytest.fixture(params=[pytest.param(_mockbank, id="mockbank")])
async def gateway(request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    """A gateway, with its simulator at the other end."""
    client = PoliteClient.open()
    async with server.serving(create_app(SandboxSettings(api_key="k"))) as url:
        yield request.param(client, url)
        await client.close()


async def test_sending_twice_pays_once(gateway: Gateway) -> None:
    first, second = [(await gateway.send([instruction()]))[0] for _ in range(2)]
    assert first == second
    assert first.word is Word.PAID


async def test_a_look_up_says_what_the_sending_said(gateway: Gateway) -> None:
    sent = (await gateway.send([instruction()]))[0]
    assert await gateway.inquire(instruction()) == sent


async def test_what_was_never_sent_never_arrived(gateway: Gateway) -> None:
    assert isinstance(await gateway.inquire(instruction(99)), NeverArrived)


async def test_a_batch_is_answered_in_its_own_order_one_outcome_each(gateway: Gateway) -> None:
    asked = [
        replace(instruction(n), destination=Destination("HBL", f"12345{suffix}", "Anna Khan"))
        for n, suffix in enumerate(("0001", "0003", "0004", "0005", "0002"))
    ]
    outcomes = await gateway.send(asked)
    assert [outcome.word for outcome in outcomes] == [Word.PAID, Word.REFUSED, Word.ACCEPTED, Word.HELD, Word.REFUSED]
    assert [outcome.retryable for outcome in outcomes] == [False, False, False, False, True]
    for one, outcome in zip(asked, outcomes, strict=True):
        assert check_echo(outcome, amount=one.amount, destination_hash=one.destination.hash) == outcome


async def test_the_same_key_for_another_amount_proves_nothing(gateway: Gateway) -> None:
    await gateway.send([instruction(amount="1000.00")])
    assert (await gateway.send([instruction(amount="2000.00")]))[0].word is Word.UNKNOWN


async def test_a_gateway_that_is_not_there_is_an_outcome_and_no_error() -> None:
    client = PoliteClient.open()
    nowhere = _mockbank(client, "http://127.0.0.1:9")
    outcomes = [*(await nowhere.send([instruction(1), instruction(2)])), await nowhere.inquire(instruction())]
    assert [outcome.word for outcome in outcomes if isinstance(outcome, Outcome)] == [Word.UNKNOWN] * 3
    await client.close()


def test_an_echo_of_something_else_is_not_believed() -> None:
    asked = instruction()
    for echo in (Echo(Money(1, "PKR")), Echo(asked.amount, "0" * 64), Echo(Money(100_000, "USD"))):
        said = Outcome(Word.PAID, echo=echo)
        believed = check_echo(said, amount=asked.amount, destination_hash=asked.destination.hash)
        assert (believed.word, believed.reason) == (Word.UNKNOWN, "echo_mismatch")


@pytest.mark.parametrize("word", Word)
def test_without_an_echo_there_is_nothing_to_compare(word: Word) -> None:
    said = Outcome(word)
    assert check_echo(said, amount=instruction().amount, destination_hash="x") == said
