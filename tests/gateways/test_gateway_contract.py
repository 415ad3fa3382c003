"""What every gateway promises, tried against a simulator that books for itself. A new gateway is one more case."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from simulated import (
    ACCEPTED,
    CASES,
    FATES,
    HELD,
    PAID,
    REFUSED,
    RETRYABLE,
    Case,
    Tried,
    believed,
    simulated,
    words,
)

from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways import (
    CannotList,
    Confirmed,
    Denied,
    Echo,
    ForgedReport,
    NeverArrived,
    NotKnown,
    Outcome,
    Payment,
    PaymentLister,
    Word,
    check_echo,
)

RESOLVERS = ("flutterwave", "flutterwave-v4", "razorpayx", "razorpayx-upi", "stripe", "stripe-transfer")
LISTERS = ("mockbank", "simulated", "flutterwave", "razorpayx", "razorpayx-upi", "stripe", "stripe-transfer")
FLOAT_KEEPERS = ("flutterwave", "razorpayx", "razorpayx-upi", "stripe", "stripe-transfer")


@pytest.fixture(params=CASES)
async def tried(request: pytest.FixtureRequest) -> AsyncIterator[Tried]:
    """A gateway, with its simulator at the other end."""
    async with simulated(request.param) as tried:
        yield tried


async def test_a_payment_is_paid_once_and_booked_as_asked(tried: Tried) -> None:
    asked = tried.case.ask(amount="1000.10")
    assert words(await tried.settle(asked)) == [Word.PAID]
    [payment] = await tried.payments()
    assert (payment["reference"], payment["amount"], payment["currency"]) == (asked.key, "1000.10", tried.case.currency)


async def test_sending_twice_pays_once(tried: Tried) -> None:
    asked = tried.case.ask()
    first = await tried.settle(asked)
    second = await tried.settle(asked)
    assert words(first) == words(second) == [Word.PAID]
    assert first[0].reference == second[0].reference
    assert len(await tried.payments()) == 1


async def test_sending_twice_at_once_pays_once(tried: Tried) -> None:
    asked = tried.case.ask()
    await asyncio.gather(*(tried.send(asked) for _ in range(5)))
    assert words(await tried.settle(asked)) == [Word.PAID]
    assert len(await tried.payments()) == 1


async def test_a_look_up_says_what_the_sending_said(tried: Tried) -> None:
    asked = tried.case.ask()
    [sent] = await tried.settle(asked)
    assert await tried.inquire(asked) == [sent]
    assert await tried.inquire(replace(asked, reference=sent.reference)) == [sent]


async def test_what_was_never_sent_never_arrived(tried: Tried) -> None:
    assert isinstance((await tried.inquire(tried.case.ask(99)))[0], NeverArrived)


async def test_each_kind_of_answer_is_understood(tried: Tried) -> None:
    for number, account in enumerate(FATES):
        [outcome] = await tried.settle(tried.case.ask(number, account=account))
        assert (outcome.word, outcome.retryable) == tried.case.fate(account)
        assert (outcome.reason is not None) == (outcome.word in {Word.REFUSED, Word.HELD})


async def test_a_batch_is_answered_in_its_own_order_one_outcome_each(tried: Tried) -> None:
    accounts = (PAID, REFUSED, ACCEPTED, HELD, RETRYABLE)
    asked = [tried.case.ask(number, account=account) for number, account in enumerate(accounts)]
    outcomes = await tried.settle(*asked)
    fates = [(outcome.word, outcome.retryable) for outcome in outcomes]
    assert fates == [tried.case.fate(account) for account in accounts]


async def test_a_large_batch_is_found_again_whole(tried: Tried) -> None:
    """More than a page of any list; look-ups may use what sending said, and do without it."""
    asked = [tried.case.ask(number) for number in range(60)]
    assert set(words(await tried.settle(*asked))) == {Word.PAID}
    assert set(words(await tried.inquire(*asked))) == {Word.PAID}
    assert len(await tried.payments()) == 60


async def test_a_batch_sent_twice_pays_once(tried: Tried) -> None:
    asked = [tried.case.ask(number) for number in range(5)]
    await tried.send(*asked)
    await tried.send(*asked)
    assert set(words(await tried.settle(*asked))) == {Word.PAID}
    assert len(await tried.payments()) == 5


async def test_the_same_key_for_another_amount_proves_nothing(tried: Tried) -> None:
    await tried.settle(tried.case.ask(amount="1000.00"))
    assert words(await tried.send(tried.case.ask(amount="2000.00"))) == [Word.UNKNOWN]
    assert [payment["amount"] for payment in await tried.payments()] == ["1000.00"]


@pytest.mark.parametrize("fault", ["rate_limit", "timeout_before_accept", "error_before_accept"])
async def test_what_was_lost_on_its_way_there_never_arrived_and_is_sent_again(tried: Tried, fault: str) -> None:
    asked = tried.case.ask()
    await tried.misbehave(**{fault: {"next": 1}}, hang_seconds=0.05)
    assert words(await tried.send(asked)) == [Word.UNKNOWN]
    assert isinstance((await tried.inquire(asked))[0], NeverArrived)
    assert words(await tried.settle(asked)) == [Word.PAID]
    assert len(await tried.payments()) == 1


@pytest.mark.parametrize(
    "fault",
    ["timeout_after_accept", "error_after_accept", "drop_after_accept", "malformed_answer", "empty_answer",
     "wrong_amount_answer"],
)  # fmt: skip
async def test_what_was_lost_on_its_way_back_is_found_and_never_paid_twice(tried: Tried, fault: str) -> None:
    asked = tried.case.ask()
    await tried.misbehave(**{fault: {"next": 1}}, hang_seconds=0.05)
    unknown = await tried.send(asked)
    assert words(unknown) == [Word.UNKNOWN]
    assert words(await tried.follow([asked], unknown)) == [Word.PAID]
    await tried.send(asked)
    assert len(await tried.payments()) == 1


@pytest.mark.parametrize("fault", ["down", "error_before_accept", "empty_answer", "malformed_answer"])
async def test_a_look_up_that_fails_proves_nothing(tried: Tried, fault: str) -> None:
    asked = tried.case.ask(99)
    await tried.misbehave(**{fault: {"rate": 1, "on": "all"}})
    assert words(await tried.inquire(asked)) == [Word.UNKNOWN]
    await tried.misbehave()
    assert isinstance((await tried.inquire(asked))[0], NeverArrived)


async def test_a_batch_of_which_some_arrived_is_found_again_and_completed(tried: Tried) -> None:
    asked = [tried.case.ask(number) for number in range(12)]
    await tried.misbehave(partial_batch={"next": 1})
    await tried.send(*asked)
    for one, answer in zip(asked, await tried.inquire(*asked), strict=True):
        if isinstance(answer, NeverArrived):
            await tried.send(one)
    assert set(words(await tried.settle(*asked))) == {Word.PAID}
    assert len(await tried.payments()) == 12


@pytest.mark.parametrize(("account", "word"), [(PAID, Word.PAID), (REFUSED, Word.REFUSED)])
@pytest.mark.parametrize("tried", [name for name, case in CASES.items() if case.reports], indirect=True)
async def test_its_report_is_understood_as_it_comes(tried: Tried, account: str, word: Word) -> None:
    asked = tried.case.ask(account=account)
    await tried.settle(asked)
    report, body, headers = await tried.reported(word)
    assert (report.key, believed(asked, report.outcome).word) == (asked.key, word)
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount == asked.amount
    with pytest.raises(ForgedReport):
        tried.gateway.read_report(body, {})
    if tried.gateway.capabilities.reports_prove:
        with pytest.raises(ForgedReport):
            tried.gateway.read_report(body.replace(b"1000", b"9000"), headers)


@pytest.mark.parametrize("name", CASES)
async def test_a_gateway_can_do_what_it_declares(name: str) -> None:
    client = PoliteClient.open()
    gateway = CASES[name].make(client, "http://127.0.0.1:9")
    assert gateway.capabilities.resolve == hasattr(gateway, "resolve") == (name in RESOLVERS)
    assert gateway.capabilities.floats == hasattr(gateway, "float_of") == (name in FLOAT_KEEPERS)
    assert CASES[name].currency in gateway.capabilities.currencies
    await client.close()


@pytest.mark.parametrize("tried", RESOLVERS, indirect=True)
async def test_a_gateway_that_says_whose_an_account_is_knows_this_one_and_not_the_other(tried: Tried) -> None:
    resolve = tried.gateway.resolve  # type: ignore[attr-defined]  # Promised by its capabilities.
    assert isinstance(await resolve(tried.case.ask().destination), Confirmed)
    assert isinstance(await resolve(tried.case.ask(account="1234500009").destination), Denied)
    await tried.misbehave(down={"next": 1})
    assert isinstance(await resolve(tried.case.ask().destination), NotKnown)


@pytest.mark.parametrize("tried", FLOAT_KEEPERS, indirect=True)
async def test_a_gateway_that_keeps_a_float_pays_out_of_it(tried: Tried) -> None:
    float_of = tried.gateway.float_of  # type: ignore[attr-defined]  # Promised by its capabilities.
    before = await float_of(tried.case.currency)
    await tried.settle(tried.case.ask(amount="1000.00"))
    after = await float_of(tried.case.currency)
    assert (before - after).covers(Money.parse("1000.00", tried.case.currency))
    assert await float_of("XXX") is None
    await tried.misbehave(down={"next": 1})
    assert await float_of(tried.case.currency) is None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_gateway_that_is_not_there_is_an_outcome_and_no_error(case: Case) -> None:
    client = PoliteClient.open()
    nowhere = case.make(client, "http://127.0.0.1:9")
    asked = [case.ask(1), replace(case.ask(2), reference="bulk:5"), replace(case.ask(3), reference="7")]
    outcomes = [*(await nowhere.send(asked)), *(await nowhere.inquire(asked)), *(await nowhere.send(asked[:1]))]
    assert words(outcomes) == [Word.UNKNOWN] * 7
    await client.close()


def test_an_echo_of_something_else_is_notbelieved() -> None:
    asked = CASES["mockbank"].ask()
    for echo in (Echo(Money(1, "PKR")), Echo(asked.amount, "0" * 64), Echo(Money(100_000, "USD"))):
        said = Outcome(Word.PAID, echo=echo)
        believed = check_echo(said, amount=asked.amount, destination_hash=asked.destination.hash)
        assert (believed.word, believed.reason) == (Word.UNKNOWN, "echo_mismatch")


@pytest.mark.parametrize("word", Word)
def test_without_an_echo_there_is_nothing_to_compare(word: Word) -> None:
    said = Outcome(word)
    assert check_echo(said, amount=CASES["mockbank"].ask().amount, destination_hash="x") == said


@pytest.mark.parametrize("name", LISTERS)
async def test_a_list_tells_of_each_payment_under_our_key_as_it_stands(name: str) -> None:
    """More than a page of it, whatever became of them."""
    async with simulated(name) as tried:
        since = datetime.now(UTC) - timedelta(minutes=1)
        accounts = [PAID] * 25 + [REFUSED, ACCEPTED]
        asked = [tried.case.ask(number, account=account) for number, account in enumerate(accounts)]
        outcomes = await tried.settle(*asked)
        listed = {payment.key: payment async for payment in _listed(tried, since)}
        told = {one.key: (one.amount, outcome.word) for one, outcome in zip(asked, outcomes, strict=True)}
        never_begun = {key for key, (_, word) in told.items() if word is Word.REFUSED}  # Some list no such thing.
        assert told.keys() - never_begun <= listed.keys() <= told.keys()
        for key, payment in listed.items():
            assert (payment.amount, payment.word) == told[key]
            assert since < payment.at


@pytest.mark.parametrize("name", LISTERS)
@pytest.mark.parametrize("fault", ["down", "rate_limit", "malformed_answer", "empty_answer"])
async def test_a_list_that_cannot_be_had_whole_proves_nothing(name: str, fault: str) -> None:
    async with simulated(name) as tried:
        await tried.settle(*(tried.case.ask(number) for number in range(15)))
        await tried.misbehave(**{fault: {"rate": 1, "on": "all"}})
        with pytest.raises(CannotList):
            [payment async for payment in _listed(tried, datetime.now(UTC) - timedelta(minutes=1))]


def _listed(tried: Tried, since: datetime) -> AsyncIterator[Payment]:
    assert tried.gateway.capabilities.lists
    return cast("PaymentLister", tried.gateway).payments(since=since, until=datetime.now(UTC) + timedelta(minutes=1))
