"""Judged when asked for: what is unusual waits for people with its findings, and everything else leaves."""

from datetime import timedelta
from typing import Any

import pytest
from judging_house import Old, live_through
from payouts_house import PayoutsHouse, open_house

from bursar import approvals, holders, payouts
from bursar.foundation.db import Transaction
from bursar.holders import NewDenial, NewDestination
from bursar.holders.model import Destination
from bursar.payouts import Payout, PayoutState
from ground import AT, EVERYTHING, KEYRING, ask, merchant, program

S = PayoutState
DAY = timedelta(days=1)
ANNAS = Destination("HBL", "1234500001", "Anna Khan")


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    """A verified merchant called Acme who was paid to Acme's account three times, weeks apart."""
    house = await open_house(tx, **EVERYTHING)
    await holders.verify(tx, [house.holder], verified=True, actor="person:anna", at=AT - 60 * DAY)
    past = [Old(house.holder, AT - weeks * 7 * DAY, ended="settle", ended_at=AT - DAY) for weeks in (6, 4, 2)]
    await live_through(tx, house.program, past)
    return house


async def usual(house: PayoutsHouse, **changes: Any) -> Payout:
    """A payout about which nothing is unusual but what changes."""
    return await house.born(**{"destination": Destination("HBL", "1234500001", "ACME LTD"), **changes})


def unusual(payout: Payout) -> dict[str, str]:
    """The rules that found something, with their levels."""
    return {one["rule"]: one["level"] for one in payout.findings if one["level"] != "pass"}


async def test_where_nothing_is_unusual_it_leaves_by_itself_and_every_answer_is_kept(house: PayoutsHouse) -> None:
    payout = await usual(house)
    assert (payout.state, payout.verdict, payout.reviewed, payout.reason) == (S.APPROVED, "pass", False, None)
    assert len(payout.findings) == 12
    assert {one["level"] for one in payout.findings} == {"pass"}
    assert await house.see(payout) == payout
    assert await approvals.standings(house.tx, [payout.id]) == {}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"amount": "100000.00"}, {"amount_over_review_threshold": "high", "amount_rises": "high"}),
        ({"amount": "5000.01"}, {"amount_rises": "medium"}),
        ({"destination": Destination("HBL", "1234500009", "Acme")}, {"destination_recent": "medium"}),
        ({"destination": ANNAS}, {"account_name_differs": "high"}),
    ],
)
async def test_what_is_unusual_about_the_ask_itself_waits_for_people(
    house: PayoutsHouse, changes: dict[str, Any], found: dict[str, str]
) -> None:
    payout = await usual(house, **changes)
    assert unusual(payout) == found
    assert (payout.state, payout.reviewed) == (S.IN_REVIEW, True)
    assert payout.reason == next(iter(found))
    assert await approvals.standings(house.tx, [payout.id]) == {payout.id: approvals.Standing.WAITING}


async def test_a_newcomer_waits_for_people(house: PayoutsHouse) -> None:
    newcomer = await merchant(house.tx, house.program)
    asked = ask(newcomer, house.program, account="1234500077")
    [payout] = await payouts.request(house.tx, [asked], desk=house.desk, at=AT)
    assert isinstance(payout, Payout)
    assert unusual(payout) == {
        "holder_not_verified": "high",
        "few_completed_payouts": "medium",
        "destination_recent": "medium",
        "account_name_differs": "high",
    }


async def test_failures_wait_for_people(house: PayoutsHouse) -> None:
    past = [Old(house.holder, AT - 20 * DAY, ended="fail", ended_at=AT - days * DAY) for days in (40, 20, 10)]
    await live_through(house.tx, house.program, past)
    assert unusual(await usual(house)) == {"many_failed_payouts": "medium"}


async def test_the_fourth_in_an_hour_waits_and_so_do_those_after_it(house: PayoutsHouse) -> None:
    made = [await usual(house) for _ in range(4)]
    assert [payout.state for payout in made] == [S.APPROVED] * 3 + [S.IN_REVIEW]
    assert unusual(made[3]) == {"many_in_an_hour": "medium"}


async def test_many_more_than_usual_in_a_week_wait(house: PayoutsHouse) -> None:
    past = [Old(house.holder, AT - hours * timedelta(hours=5) - DAY) for hours in range(4)]
    await live_through(house.tx, house.program, past)
    assert "requests_rise" in unusual(await usual(house))


async def test_a_destination_of_somebody_else_waits(house: PayoutsHouse) -> None:
    other = await merchant(house.tx, house.program)
    stored = NewDestination(other, ANNAS, cool_off_hours=0, added_by="person:ben")
    await holders.add_destinations(house.tx, [stored], keyring=KEYRING, at=AT)
    assert unusual(await usual(house)) == {"destination_shared": "high"}


async def test_a_name_the_gateway_found_counts_more_than_what_was_said(house: PayoutsHouse) -> None:
    stored = NewDestination(house.holder, ANNAS, cool_off_hours=0, added_by="person:ben")
    [added] = await holders.add_destinations(house.tx, [stored], keyring=KEYRING, at=AT)
    check = holders.AccountCheck(added.destination.id, holders.AccountVerdict.CONFIRMED, "BILAL AHMED", 0.1)
    await holders.note_checks(house.tx, [check], at=AT)
    assert unusual(await usual(house)) == {"account_name_differs": "high"}


@pytest.mark.parametrize("what", ["holder", "name", "destination"])
async def test_whoever_is_denied_waits_until_allowed_again(house: PayoutsHouse, what: str) -> None:
    meant: dict[str, Any] = {
        "holder": {"holder_id": house.holder},
        "name": {"name": "ACME Ltd"},
        "destination": {"destination": ANNAS},
    }[what]
    keys: dict[str, Any] = {"actor": "person:anna", "at": AT}
    [entry] = await holders.deny(house.tx, [NewDenial("case 17", **meant)], keyring=KEYRING, **keys)
    held = await usual(house)
    assert unusual(held) == {"denied": "high"}
    assert held.findings[1]["sentence"] == f"On the denied list: the {what} (case 17)."
    await holders.allow(house.tx, [entry.id], **keys)
    assert (await usual(house)).state is S.APPROVED


async def test_merchants_who_are_denied_wait_as_well(tx: Transaction) -> None:
    """Their terms ask for nothing but the amount and the denied list."""
    house = await open_house(tx)
    new = NewDenial("case 17", holder_id=house.holder)
    await holders.deny(tx, [new], keyring=KEYRING, actor="person:anna", at=AT)
    payout = await house.born()
    assert (payout.state, payout.reason) == (S.IN_REVIEW, "denied")


async def test_from_which_level_on_people_look_is_the_terms(house: PayoutsHouse) -> None:
    await program(house.tx, house.program, **EVERYTHING | {"review__at_level": "high"})
    payout = await usual(house, amount="5000.01")
    assert (payout.state, payout.verdict, payout.reviewed) == (S.APPROVED, "medium", False)
    assert await house.see(payout) == payout


async def test_a_trial_says_what_the_request_would(house: PayoutsHouse) -> None:
    wanted = ask(house.holder, house.program, amount="100000.00")
    [trial] = await payouts.check(house.tx, [wanted], desk=house.desk, at=AT)
    [made] = await payouts.request(house.tx, [wanted], desk=house.desk, at=AT)
    assert isinstance(trial, Payout)
    assert isinstance(made, Payout)
    assert (trial.state, trial.findings, trial.verdict) == (made.state, made.findings, made.verdict)


async def test_no_finding_holds_an_account_number(house: PayoutsHouse) -> None:
    number = "98765432109876540001"
    payout = await usual(house, amount="100000.00", destination=Destination("HBL", number, "Somebody Else"))
    assert unusual(payout).keys() >= {"destination_recent", "account_name_differs"}
    assert number not in str(payout.findings)
