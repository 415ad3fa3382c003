"""Stripe: whether an account may be paid to, what ours holds, and the list of what was moved."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from stripe_desk import (
    ACCOUNT,
    LOST,
    NOW,
    account,
    error,
    instruction,
    listed,
    ours,
    paths,
    payout,
    said,
    stripe,
    stripe_transfer,
    taken_back,
    transfer,
)
from switchboard import CallFailed, Switchboard, reply

from bursar.foundation.http import Reply
from bursar.foundation.money import Money
from bursar.gateways import CannotList, Confirmed, Denied, NotKnown, Outcome, Payment, Word
from bursar.gateways.stripe import listing, wire
from bursar.gateways.stripe.api import Trouble
from bursar.gateways.stripe.wire import Page
from ground import AT

TRANSFER = msgspec.convert(transfer(), wire.Transfer)
AUTOMATIC = {"payouts": {"schedule": {"interval": "daily"}}}


# ---- Whose account it is


@pytest.mark.parametrize(
    ("answer", "resolution"),
    [
        (said(account()), Confirmed("Anna Khan")),
        (said(account(individual=None, company={"name": "Khan Ltd"})), Confirmed("Khan Ltd")),
        (said(account(individual={}, business_profile={"name": " Khan  Writes "})), Confirmed("Khan Writes")),
        (said(account(individual=None)), Confirmed("")),
        (said(account(capabilities={})), Confirmed("Anna Khan")),
        (said(account(settings=None)), Confirmed("Anna Khan")),
        (said(account(payouts_enabled=False)), NotKnown("account_not_ready")),
        (said(account(capabilities={"transfers": "pending"})), NotKnown("account_not_ready")),
        (said(account(settings=AUTOMATIC)), NotKnown("payouts_automatic")),
        (said(account(requirements={"disabled_reason": "rejected.fraud"})), Denied("account_rejected")),
        (said(account(id="acct_1Ben")), NotKnown("answer_to_another")),
        (error("account_invalid", 403), Denied("account_not_found")),
        (error("resource_missing", 404), Denied("account_not_found")),
        (error(None, 401), NotKnown("http_401")),
        (error("rate_limit", 429), NotKnown("http_429")),
        (reply(200, b"{"), NotKnown("malformed_answer")),
        (LOST, NotKnown("timed_out")),
    ],
    ids=repr,
)
async def test_an_account_is_confirmed_denied_or_not_known(answer: Reply | CallFailed, resolution: Any) -> None:
    line = Switchboard(answer)
    assert await stripe(line).resolve(instruction().destination) == resolution
    assert paths(line) == [f"GET /accounts/{ACCOUNT}"]
    assert "stripe-account" not in line.calls[0].headers


async def test_what_stops_at_the_account_does_not_mind_that_it_is_paid_out_by_itself() -> None:
    line = Switchboard(said(account(settings=AUTOMATIC)))
    assert await stripe_transfer(line).resolve(instruction().destination) == Confirmed("Anna Khan")


# ---- What ours holds


@pytest.mark.parametrize(
    ("available", "held"),
    [
        ([("usd", 5_000), ("eur", 1)], Money(5_000, "USD")),
        ([("usd", 0)], Money(0, "USD")),
        ([("usd", -5)], Money(0, "USD")),
        ([("eur", 1)], None),
    ],
)
async def test_what_our_account_holds_is_what_is_available(
    available: list[tuple[str, int]], held: Money | None
) -> None:
    parts = [{"amount": amount, "currency": currency, "source_types": {}} for currency, amount in available]
    pending = [{"amount": 99, "currency": "usd"}]
    line = Switchboard(said({"object": "balance", "available": parts, "pending": pending}))
    assert await stripe(line).float_of("USD") == held


@pytest.mark.parametrize("answer", [LOST, error(None, 401), reply(200, b"{")], ids=repr)
async def test_what_it_holds_is_not_known_without_an_answer(answer: Reply | CallFailed) -> None:
    assert await stripe(Switchboard(answer)).float_of("USD") is None


# ---- What was moved


async def payments(gateway: Any) -> list[Payment]:
    """Everything that it lists of one day."""
    return [one async for one in gateway.payments(since=AT, until=AT + timedelta(days=1))]


async def test_transfers_are_listed_page_by_page() -> None:
    def mine(number: int, **changes: Any) -> dict[str, Any]:
        return transfer(id=f"tr_{number}", metadata=ours(bursar_gateway="stripe-transfer"), **changes)

    line = Switchboard(
        listed(mine(3), mine(2), has_more=True), listed(taken_back() | {"metadata": mine(1)["metadata"]})
    )
    found = await payments(stripe_transfer(line))
    assert [(one.reference, one.key, one.amount, one.word) for one in found] == [
        ("tr_3", "key-1", Money(2510, "USD"), Word.PAID),
        ("tr_2", "key-1", Money(2510, "USD"), Word.PAID),
        ("tr_1", "key-1", Money(2510, "USD"), Word.RETURNED),
    ]
    assert {one.at for one in found} == {AT.replace(microsecond=0)}
    first, second = line.calls
    span = {"created[gte]": str(NOW), "created[lt]": str(NOW + 86_400), "limit": "100"}
    assert (first.query, second.query) == (span, span | {"starting_after": "tr_2"})


@pytest.mark.parametrize(
    ("payouts", "word"),
    [
        ([payout("paid")], Word.PAID),
        ([payout("in_transit")], Word.ACCEPTED),
        ([payout("failed", failure_code="declined")], Word.HELD),
        ([payout("odd")], Word.UNKNOWN),
        ([], Word.HELD),
    ],
    ids=repr,
)
async def test_each_transfer_is_followed_to_its_payout(payouts: list[Any], word: Word) -> None:
    line = Switchboard(listed(transfer()), listed(*payouts))
    [found] = await payments(stripe(line))
    assert (found.word, found.reference) == (word, "po_1" if payouts else "tr_1")
    assert line.calls[1].headers["stripe-account"] == ACCOUNT


async def test_what_came_back_was_not_paid() -> None:
    failed = payout("failed", failure_code="declined")
    [found] = await payments(stripe(Switchboard(listed(taken_back()), listed(failed))))
    assert (found.word, found.reference) == (Word.REFUSED, "po_1")
    [found] = await payments(stripe(Switchboard(listed(taken_back()), listed())))
    assert (found.word, found.reference) == (Word.REFUSED, "tr_1")


async def test_a_transfer_that_was_taken_back_after_it_was_paid_out_came_back() -> None:
    [found] = await payments(stripe(Switchboard(listed(taken_back()), listed(payout("paid")))))
    assert (found.word, found.reference) == (Word.RETURNED, "po_1")


async def test_one_account_that_tells_nothing_does_not_keep_all_others_from_being_listed() -> None:
    cut_off = error("account_invalid", 403)
    line = Switchboard(listed(transfer(), transfer(id="tr_2")), cut_off, listed(payout("paid")))
    assert [found.word for found in await payments(stripe(line))] == [Word.HELD, Word.PAID]


async def test_where_our_key_was_copied_the_first_payout_counts() -> None:
    copied = listed(payout("failed", id="po_2", failure_code="declined"), payout("paid"))
    [found] = await payments(stripe(Switchboard(listed(transfer()), copied)))
    assert (found.word, found.reference) == (Word.PAID, "po_1")


async def test_two_transfers_that_lead_to_one_payout_are_two_payments() -> None:
    line = Switchboard(listed(transfer(id="tr_2"), transfer()), listed(payout("paid")), listed(payout("paid")))
    found = await payments(stripe(line))
    assert [(one.key, one.reference) for one in found] == [("key-1", "po_1"), ("key-1", "tr_1")]


async def test_the_other_gateways_transfers_are_left_out_and_nobodys_are_not() -> None:
    others = transfer(metadata=ours(bursar_gateway="stripe"))
    nobodys = transfer(id="tr_9", metadata={}, transfer_group=None, amount_reversed=10)
    [found] = await payments(stripe_transfer(Switchboard(listed(others, nobodys))))
    assert (found.reference, found.key, found.amount) == ("tr_9", None, Money(2500, "USD"))


@pytest.mark.parametrize(
    ("pages", "became"),
    [
        ([Page("list", [TRANSFER], has_more=True), Trouble("timed_out")], Outcome(Word.PAID)),
        ([Page("list", [TRANSFER], has_more=False)], Trouble("http_429")),
    ],
    ids=repr,
)
async def test_a_list_that_breaks_off_is_no_list(pages: list[Any], became: Any) -> None:
    async def fetch(_: Any) -> Any:
        return pages.pop(0) if len(pages) > 1 else pages[0]

    async def judge(_: Any) -> Any:
        return became

    span = {"since": AT, "until": AT + timedelta(days=1)}
    with pytest.raises(CannotList):
        [one async for one in listing.transfers(fetch, judge, gateway="stripe", **span, pause=0.0)]


async def test_a_list_is_asked_for_again_before_it_is_given_up() -> None:
    line = Switchboard(error("rate_limit", 429), listed())
    assert await payments(stripe(line)) == []
    assert len(line.calls) == 2
