"""Asking for a payout: judged by the terms, its money reserved, its life begun; each of a batch on its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from payouts_house import PayoutsHouse, open_house

from bursar import payouts
from bursar.approvals import Standing, standings
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders.model import Destination
from bursar.ledger import InsufficientFunds
from bursar.payouts import DestinationAltered, NotAllowed, Payout, PayoutState
from ground import AT, KEYRING, ask, merchant, program

S = PayoutState


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx)


async def test_a_payout_that_the_terms_allow_is_free_to_leave(house: PayoutsHouse) -> None:
    payout = await house.born(amount="1000.50")
    assert (payout.state, payout.version, payout.reservation, payout.tries) == (S.APPROVED, 2, 1, 0)
    assert await house.see(payout) == payout
    assert await house.figures() == (100_000_000 - 100_050, 100_050)
    assert [(moved.verb, moved.seq, moved.actor) for moved in await house.story(payout)] == [
        ("request", 1, "key:test"),
        ("approve", 2, "system:terms"),
    ]


@pytest.mark.parametrize(
    ("kinds", "kind", "paid"),
    [(["merchant"], "merchant", "merchant"), (["scout", "seller"], "seller", "seller_payout")],
    ids=["the program's only kind", "one of several"],
)
async def test_what_a_payout_pays_is_known_where_its_asker_does_not_say(
    tx: Transaction, kinds: list[str], kind: str, paid: str
) -> None:
    terms = await program(tx, holder_kinds=kinds)
    house = PayoutsHouse(tx, terms.program, await merchant(tx, terms.program, kind=kind))
    assert (await house.see(await house.born())).kind == paid
    assert (await house.born(kind="refund_by_hand")).kind == "refund_by_hand"


@pytest.mark.parametrize(("amount", "state"), [("99999.99", S.APPROVED), ("100000.00", S.IN_REVIEW)])
async def test_from_the_terms_amount_on_people_decide(house: PayoutsHouse, amount: str, state: PayoutState) -> None:
    payout = await house.born(amount=amount)
    assert payout.state is state
    asked = await standings(house.tx, [payout.id])
    assert asked == ({payout.id: Standing.WAITING} if state is S.IN_REVIEW else {})
    assert payout.reviewed == (state is S.IN_REVIEW)
    assert payout.verdict == ("high" if state is S.IN_REVIEW else "pass")


async def test_what_asks_for_a_review_is_said_in_a_sentence(house: PayoutsHouse) -> None:
    payout = await house.born(amount="150000.00")
    finding = payout.findings[0]
    assert payout.reason == finding["rule"] == "amount_over_review_threshold"
    assert "150,000.00 PKR" in finding["sentence"]
    assert (await house.see(payout)).findings == payout.findings


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"amount": "0.99"}, "amount"),
        ({"amount": "5000.01"}, "amount"),
        ({"amount": Money(100, "USD")}, "currency"),
        ({"destination": Destination("NOBANK", "12345678", "Anna")}, "bank_code"),
        ({"destination": Destination("HBL", "12", "Anna")}, "account_number"),
        ({"destination": Destination("HBL", "12345678", "A" * 101)}, "account_title"),
        ({"destination": Destination("HBL", "12345678", "two\nlines")}, "account_title"),
    ],
)
async def test_what_the_terms_do_not_allow_is_refused_by_field(
    tx: Transaction, wanted: dict[str, Any], field: str
) -> None:
    house = await open_house(tx, limits__minimum=1.00, limits__maximum=5000.00)
    if isinstance(wanted.get("amount"), Money):
        result = (await payouts.request(tx, [_ask(house, amount=wanted["amount"])], desk=house.desk, at=AT))[0]
    else:
        result = (await house.request(**wanted))[0]
    assert isinstance(result, Invalid)
    assert result.facts["field"] == field
    assert await house.figures() == (100_000_000, 0)


def _ask(house: PayoutsHouse, *, amount: Money) -> payouts.Ask:
    plain = ask(house.holder, house.program)
    return payouts.Ask(plain.holder_id, plain.program, plain.reference, amount, plain.destination, plain.requester)


async def test_a_refusal_never_repeats_the_account_number(house: PayoutsHouse) -> None:
    result = (await house.request(destination=Destination("HBL", "1234567", "Anna")))[0]
    assert isinstance(result, Invalid)
    assert "1234567" not in f"{result.message} {result.facts}"


async def test_a_large_one_that_the_money_does_not_cover_does_not_stand_in_the_way(tx: Transaction) -> None:
    house = await open_house(tx, money="500.00")
    asks = [ask(house.holder, house.program, amount=amount) for amount in ("400", "200", "100")]
    results = await payouts.request(tx, asks, desk=house.desk, at=AT)
    assert [type(result) for result in results] == [Payout, InsufficientFunds, Payout]
    refused = results[1]
    assert isinstance(refused, InsufficientFunds)
    assert refused.facts == {"available": "100.00", "needed": "200.00", "currency": "PKR"}
    assert await house.figures() == (0, 50_000)


async def test_a_batch_may_span_programs_and_merchants(tx: Transaction) -> None:
    one, other = await open_house(tx), await open_house(tx)
    asks = [ask(one.holder, one.program), ask(other.holder, other.program)]
    results = await payouts.request(tx, asks, desk=one.desk, at=AT)
    assert [result.program for result in results if isinstance(result, Payout)] == [one.program, other.program]


async def test_a_batch_in_which_all_are_refused_writes_nothing(tx: Transaction) -> None:
    house = await open_house(tx, money="1.00")
    await house.request(3)
    assert await tx.value("SELECT count(*) FROM payouts WHERE holder_id = $1", house.holder) == 0
    assert await tx.value("SELECT count(*) FROM payout_events WHERE holder_id = $1", house.holder) == 0


async def test_a_payout_remembers_the_version_that_judged_it(house: PayoutsHouse) -> None:
    before = await house.born()
    await program(house.tx, house.program, review__amount_at=500.00)
    after = await house.born()
    assert (before.terms_version, after.terms_version) == (1, 2)
    assert (before.state, after.state) == (S.APPROVED, S.IN_REVIEW)
    assert before.digest != after.digest


@pytest.mark.parametrize(("limit", "fitting"), [("3000.00", 3), ("2999.99", 2)])
async def test_a_days_limit_counts_all_that_was_asked_for(tx: Transaction, limit: str, fitting: int) -> None:
    house = await open_house(tx, limits__per_day=limit)
    results = [*await house.request(2), *await house.request(3)]
    assert [type(result) for result in results] == [Payout] * fitting + [NotAllowed] * (5 - fitting)


async def test_what_came_to_nothing_leaves_room_and_a_new_day_begins_at_midnight(tx: Transaction) -> None:
    house = await open_house(tx, limits__per_day="1000.00")
    first = await house.born()
    assert isinstance((await house.request())[0], NotAllowed)
    await house.take(first, "cancel")
    assert isinstance((await house.request())[0], Payout)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    asks = [ask(house.holder, house.program)]
    late = await payouts.request(tx, asks, desk=house.desk, at=midnight - timedelta(seconds=1))
    early = await payouts.request(tx, asks, desk=house.desk, at=midnight)
    assert [type(late[0]), type(early[0])] == [NotAllowed, Payout]


async def test_the_destination_is_stored_sealed_and_shown_masked(house: PayoutsHouse) -> None:
    payout = await house.born(account="98765432109876540001")
    row = await house.tx.one("SELECT p::text AS whole FROM payouts p WHERE id = $1", payout.id)
    assert "9876543210987654" not in row["whole"]
    assert b"9876543210987654".hex() not in row["whole"]
    assert payout.destination_shown == {"type": "BANK", "bankCode": "HBL", "last4": "0001", "accountTitle": "Anna Khan"}
    assert payouts.open_destination(payout, KEYRING) == Destination("HBL", "98765432109876540001", "Anna Khan")


async def test_a_destination_does_not_open_in_another_payouts_place(house: PayoutsHouse) -> None:
    one, other = await house.born(), await house.born(account="1234500009")
    await house.tx.run(
        "UPDATE payouts SET destination = (SELECT destination FROM payouts WHERE id = $2) WHERE id = $1",
        one.id,
        other.id,
    )
    with pytest.raises(CannotOpen):
        payouts.open_destination(await house.see(one), KEYRING)


@pytest.mark.parametrize(
    "tampering", ["amount = amount + 1", "currency = 'USD'", "digest = sha256('other')", "terms_version = 2"]
)
async def test_what_differs_from_what_was_judged_does_not_open(house: PayoutsHouse, tampering: str) -> None:
    payout = await house.born()
    await program(house.tx, house.program, title="Another title")  # So that there is a second version.
    assert payouts.open_destination(await house.see(payout), KEYRING)
    await house.tx.run(f"UPDATE payouts SET {tampering} WHERE id = $1", payout.id)
    with pytest.raises(DestinationAltered):
        payouts.open_destination(await house.see(payout), KEYRING)


async def test_a_destination_sealed_before_a_rotation_still_opens(house: PayoutsHouse) -> None:
    payout = await house.born()
    assert payouts.open_destination(payout, Keyring([b"n" * 32, b"k" * 32])).account_number == "1234500001"


@pytest.mark.parametrize(
    "other", [{"amount": Money(2, "PKR")}, {"amount": Money(1, "USD")}, {"program": "q"}, {"terms_version": 2}]
)
def test_a_digest_differs_with_everything_it_is_bound_to(other: dict[str, Any]) -> None:
    base: dict[str, Any] = {"amount": Money(1, "PKR"), "program": "p", "terms_version": 1}
    destination = Destination("HBL", "12345678", "Anna")

    def digest(**given: Any) -> bytes:
        return payouts.digest(
            given["amount"], given.get("destination", destination),
            program=given["program"], terms_version=given["terms_version"],
        )  # fmt: skip

    assert digest(**base) == digest(**base)
    assert digest(**base) != digest(**base | other)


def test_fields_cannot_run_into_each_other_in_a_digest() -> None:
    one, other = Destination("HBL", "1|2", "Anna"), Destination("HBL|1", "2", "Anna")
    amount = Money(1, "PKR")
    digests = {payouts.digest(amount, d, program="p", terms_version=1) for d in (one, other)}
    assert len(digests) == 2
