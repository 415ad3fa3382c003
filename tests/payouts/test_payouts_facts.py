"""Facts about payouts: what PostgreSQL says is what anybody would count by hand, and a batch costs no more than one."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from judging_house import Old, index, live_through
from payouts_house import PayoutsHouse, open_house

from bursar import holders, payouts, programs, risk
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import NewDenial, NewDestination
from bursar.holders.model import Destination
from bursar.payouts import Payout
from bursar.payouts.judging import Seen
from bursar.payouts.judging.facts import gather
from ground import AT, EVERYTHING, KEYRING, ask, merchant
from statements import statements_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ACCOUNTS = ("1234500001", "1234500002", "1234500003")


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx, **EVERYTHING)


async def known(house: PayoutsHouse, found: Sequence[Payout], seen: Seen) -> list[risk.Facts]:
    """The facts about these payouts, by the house's terms."""
    terms = await programs.terms(house.tx, house.program)
    return await gather(house.tx, found, {house.program: terms}, seen=seen)


# Counted by hand ------------------------------------------------------------------------------------------------------


def some_past(chance: random.Random, owners: Sequence[UUID]) -> list[Old]:
    """Payouts of several holders to few accounts, most of them ended somehow; no two at the same moment."""
    past = []
    for _ in range(chance.randint(10, 60)):
        asked_at = AT - chance.random() ** 3 * 120 * DAY
        ended = chance.choice(["settle", "settle", "fail", None])
        ended_at = asked_at + chance.random() * 2 * DAY
        returned = ended == "settle" and chance.random() < 0.2
        past.append(
            Old(
                chance.choice(owners),
                asked_at,
                amount=chance.randint(1, 10**6),
                account=chance.choice(ACCOUNTS),
                ended=ended,
                ended_at=ended_at if ended else None,
                returned_at=ended_at + chance.random() * 5 * DAY if returned else None,
            )
        )
    return past


def counted_past(before: Sequence[Old], one: Old, at: datetime) -> risk.Past:
    """How one holder's payouts had ended by then, counted one by one, as far as the thresholds want to know."""
    own = [old for old in before if old.holder == one.holder]
    settled = [old for old in own if old.ended == "settle" and old.ended_at and old.ended_at < at]
    kept = [old for old in settled if old.returned_at is None or old.returned_at >= at]
    failed = [o for o in own if o.ended == "fail" and o.ended_at and one.asked_at - 30 * DAY <= o.ended_at < at]
    recent = [old.amount for old in settled if old.ended_at and old.ended_at >= one.asked_at - 90 * DAY]
    largest = Money(max(recent), "PKR") if recent else None
    return risk.Past(min(len(kept), 3), min(len(failed), 3), largest, len(recent))


def counted_pace(before: Sequence[Old], one: Old) -> risk.Pace:
    """How often its holder had asked by then, counted one by one."""
    own = [old.asked_at for old in before if old.holder == one.holder and old.asked_at < one.asked_at]
    within = [sum(asked >= one.asked_at - span for asked in own) + 1 for span in (HOUR, DAY, 7 * DAY)]
    earlier = [asked for asked in own if one.asked_at - 90 * DAY <= asked < one.asked_at - 7 * DAY]
    weeks = max((one.asked_at - 7 * DAY - min(earlier)) / (7 * DAY), 1.0) if earlier else 0.0
    return risk.Pace(*within, len(earlier), weeks)


def counted_target(before: Sequence[Old], one: Old) -> risk.Target:
    """Who had asked to be paid at that account by then, one by one."""
    there = [old for old in before if old.account == one.account and old.asked_at < one.asked_at]
    since = min((old.asked_at for old in there if old.holder == one.holder), default=None)
    return risk.Target("Anna Khan", since=since, others=len({old.holder for old in there} - {one.holder}))


@pytest.mark.parametrize("seed", range(12))
async def test_each_decision_of_the_past_is_seen_as_anybody_would_count_it(house: PayoutsHouse, seed: int) -> None:
    """Replayed one by one and in any order, the facts are those of the moment each payout was asked for."""
    chance = random.Random(seed)
    owners = [await merchant(house.tx, house.program) for _ in range(3)]
    # To the millisecond, as ids have it.
    past = [_rounded(old) for old in some_past(chance, owners)]
    names = await live_through(house.tx, house.program, past)
    stored = await payouts.get_many(house.tx, names)
    mixed = chance.sample(list(zip(names, past, strict=True)), len(past))
    facts = await known(house, [stored[name] for name, _ in mixed], Seen.BACK_THEN)
    for (_, old), seen in zip(mixed, facts, strict=True):
        assert seen.past == counted_past(past, old, old.asked_at)
        assert seen.pace is not None
        expected = counted_pace(past, old)
        assert (seen.pace.in_hour, seen.pace.in_day, seen.pace.in_week) == (
            expected.in_hour, expected.in_day, expected.in_week,
        )  # fmt: skip
        assert (seen.pace.earlier, seen.pace.weeks) == (expected.earlier, pytest.approx(expected.weeks))
        assert seen.target == counted_target(past, old)


def _rounded(old: Old) -> Old:
    asked_at = old.asked_at.replace(microsecond=old.asked_at.microsecond // 1000 * 1000)
    return Old(old.holder, asked_at, old.amount, old.account, old.ended, old.ended_at, old.returned_at)


async def test_judged_again_it_is_known_by_now_how_the_others_ended(house: PayoutsHouse) -> None:
    past = [Old(house.holder, AT - 2 * HOUR, ended="settle", ended_at=AT + HOUR), Old(house.holder, AT)]
    first, second = await live_through(house.tx, house.program, past)
    stored = await payouts.get_many(house.tx, [first, second])
    back_then, now = [(await known(house, [stored[second]], seen))[0].past for seen in (Seen.BACK_THEN, Seen.AGAIN)]
    assert (back_then, now) == (risk.Past(0), risk.Past(1, 0, Money(100_000, "PKR"), 1))


# Lists and destinations -----------------------------------------------------------------------------------------------


async def test_a_stored_destination_tells_since_when_and_whose_name_is_on_it(house: PayoutsHouse) -> None:
    [added] = await holders.add_destinations(
        house.tx, [new_destination(house.holder)], keyring=KEYRING, at=AT - timedelta(hours=5)
    )
    check = holders.AccountCheck(added.destination.id, holders.AccountVerdict.CONFIRMED, "KHAN BILAL", 0.4)
    await holders.note_checks(house.tx, [check], at=AT)
    payout = await house.born()
    [facts] = await known(house, [payout], Seen.AGAIN)
    assert facts.target is not None
    assert facts.target.since == AT - timedelta(hours=5)
    assert (facts.target.title, facts.target.title_found) == ("Anna Khan", "KHAN BILAL")


async def test_who_has_stored_a_destination_shares_it_from_then_on(house: PayoutsHouse) -> None:
    early, late = [await merchant(house.tx, house.program) for _ in range(2)]
    for holder, at in ((early, AT - DAY), (late, AT + DAY)):
        await holders.add_destinations(house.tx, [new_destination(holder)], keyring=KEYRING, at=at)
    payout = await house.born()
    found = [(await known(house, [payout], seen))[0].target for seen in (Seen.BACK_THEN, Seen.AGAIN)]
    assert [target and target.others for target in found] == [1, 2]


async def test_the_denied_list_is_that_of_the_moment(house: PayoutsHouse) -> None:
    payout = await house.born()
    denial = {"keyring": KEYRING, "actor": "person:anna"}
    news = [
        NewDenial("stolen", holder_id=house.holder),
        NewDenial("case 17", name="Khan Anna"),
        NewDenial("reported", destination=Destination("HBL", "1234500001", "")),
        NewDenial("other", name="Annabel Smith"),
    ]
    entries = await holders.deny(house.tx, news, at=AT - DAY, **denial)
    await holders.allow(house.tx, [entries[0].id], actor="person:anna", at=AT - HOUR)
    await holders.allow(house.tx, [entries[1].id], actor="person:anna", at=AT + HOUR)
    back_then, now = [(await known(house, [payout], seen))[0].denied for seen in (Seen.BACK_THEN, Seen.AGAIN)]
    assert {one.what for one in back_then} == {"name", "destination"}
    assert {(one.what, one.reason) for one in now} == {("destination", "reported"), ("name", "other")}


def new_destination(holder: UUID) -> NewDestination:
    """Anna's account, as the asks name it."""
    return NewDestination(holder, Destination("HBL", "1234500001", "Anna Khan"), cool_off_hours=0, added_by="test")


# One batch ------------------------------------------------------------------------------------------------------------


async def test_payouts_asked_for_together_count_each_other(house: PayoutsHouse) -> None:
    other = await merchant(house.tx, house.program)
    asks = [ask(one, house.program) for one in (house.holder, other, house.holder, house.holder, house.holder)]
    results = await payouts.request(house.tx, asks, desk=house.desk, at=AT)
    found = [finding(result, "many_in_an_hour")["facts"]["in_hour"] for result in results]
    assert found == [1, 1, 2, 3, 4]
    assert [finding(result, "many_in_an_hour")["level"] for result in results] == ["pass"] * 4 + ["medium"]
    assert [finding(result, "destination_shared")["facts"]["others"] for result in results] == [0, 1, 1, 1, 1]


async def test_what_was_refused_in_a_batch_counts_for_nothing(tx: Transaction) -> None:
    house = await open_house(tx, money="250.00", **EVERYTHING)
    asks = [ask(house.holder, house.program, amount=amount) for amount in ("100", "500", "100")]
    results = await payouts.request(tx, asks, desk=house.desk, at=AT)
    assert [finding(one, "many_in_an_hour")["facts"]["in_hour"] for one in (results[0], results[2])] == [1, 2]


def finding(payout: object, rule: str) -> Any:
    """What one rule found about a payout."""
    assert isinstance(payout, Payout), payout
    return next(one for one in payout.findings if one["rule"] == rule)


async def test_any_number_of_payouts_costs_the_same_statements(house: PayoutsHouse) -> None:
    counts = {}
    owners = [await merchant(house.tx, house.program) for _ in range(40)]
    past = [Old(one, AT - DAY, ended="settle", ended_at=AT - HOUR) for one in owners for _ in range(3)]
    stored = await payouts.get_many(house.tx, await live_through(house.tx, house.program, past))
    found = list(stored.values())
    for seen in Seen:
        await known(house, found[:1], seen)  # Warms up what the driver asks about types.
        for batch in (found[:1], found):
            async with statements_of(house.tx) as statements:
                await known(house, batch, seen)
            counts[seen, len(batch)] = len(statements)
    assert {count for (seen, _), count in counts.items() if seen is Seen.AGAIN} == {9}, "and one for the terms"
    assert all(counts[seen, 1] == counts[seen, len(found)] for seen in Seen)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"risk__denied": False}, 0),
        ({}, 1),  # Whether anybody is denied at all; nobody is, so no names are compared.
        ({"risk__denied": False, "risk__verified": True}, 1),
        ({"risk__denied": False, "risk__per_day_max": 5}, 1),
        ({"risk__denied": False, "risk__successes_min": 3, "risk__amount_factor": 2}, 1),
        ({"risk__denied": False, "risk__changed_hours": 5}, 2),
        ({"risk__denied": False, "risk__shared_max": 0}, 2),
    ],
)
async def test_what_no_terms_ask_about_is_not_looked_up(tx: Transaction, changes: dict[str, Any], asked: int) -> None:
    house = await open_house(tx, **changes)
    payout = await house.born()
    terms = {house.program: await programs.terms(tx, house.program)}
    await gather(tx, [payout], terms, seen=Seen.JUST_ASKED)
    async with statements_of(tx) as statements:
        await gather(tx, [payout], terms, seen=Seen.JUST_ASKED)
    assert len(statements) == asked


async def test_a_long_past_is_looked_at_to_a_limit(house: PayoutsHouse) -> None:
    """However long a past is, so much of it is read and no more: the newest."""
    past = [
        Old(house.holder, AT - DAY - place * timedelta(seconds=30), ended="settle", ended_at=AT - HOUR)
        for place in range(1_500)
    ]
    await live_through(house.tx, house.program, past)
    payout = await house.born()
    [facts] = await known(house, [payout], Seen.AGAIN)
    assert facts.past is not None
    assert facts.pace is not None
    assert (facts.past.comparable, facts.pace.in_week) == (200, 1_001)


def test_indexes_of_different_accounts_differ() -> None:
    assert all(one != other for one, other in pairwise(map(index, ACCOUNTS)))
