"""Terms that change after an approval void it: what waits to leave is judged again, and may go back to people."""

from typing import Any
from uuid import UUID

import pytest
from dispatch_house import NOT_NOW, REFUSED, DispatchHouse, open_house

from bursar import approvals, holders, payouts
from bursar.foundation.db import Transaction
from bursar.holders import NewDenial
from bursar.payouts import Payout, PayoutState
from ground import AT, KEYRING, person, program
from statements import statements_of

S = PayoutState
LARGE, SMALL = "150000.00", "1000.00"


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx, money="100000000.00")


async def approved(house: DispatchHouse, **wanted: Any) -> Payout:
    """A large payout that people have agreed to."""
    [payout] = await house.request(amount=LARGE, **wanted)
    [agreed] = await payouts.approve(house.tx, [payout.id], person=await person(house.tx), book=house.book)
    assert isinstance(agreed, Payout)
    return agreed


async def change(house: DispatchHouse, **changes: Any) -> None:
    """Apply other terms."""
    await program(house.tx, house.terms.program, **changes)


async def see(house: DispatchHouse, payout: Payout) -> Payout:
    return await payouts.get(house.tx, payout.id)


def sent(batch: Any) -> list[UUID]:
    return [one.instruction.payout_id for one in batch.prepared]


@pytest.mark.parametrize(
    ("changes", "is_void"),
    [
        ({"limits__maximum": 10**6}, True),
        ({"review__amount_at": 50000.00}, True),
        ({"risk__per_day_max": 50}, True),
        ({"destinations__account_title_max": 90}, True),
        ({"route__gateway": "otherbank"}, True),
        ({"dispatch__batch_size": 20}, False),
        ({"retry__max_attempts": 5}, False),
        ({"title": "Shops"}, False),
    ],
)
async def test_what_people_approved_goes_back_to_them_when_what_matters_has_changed(
    house: DispatchHouse, changes: dict[str, Any], *, is_void: bool
) -> None:
    payout = await approved(house)
    await change(house, **changes)
    assert sent(await house.prepare()) == ([] if is_void else [payout.id])
    after = await see(house, payout)
    assert (after.state, after.terms_version) == ((S.IN_REVIEW, 2) if is_void else (S.SENDING, 1))


async def test_a_void_approval_says_why_and_asks_anew(house: DispatchHouse) -> None:
    payout = await approved(house)
    await change(house, limits__maximum=10**6, review__approvals_needed=2)
    await house.prepare()
    after = await see(house, payout)
    assert (after.reason, after.verdict, after.reviewed) == ("terms_changed", "high", True)
    [of_the_change, *_] = after.findings
    assert of_the_change["sentence"] == (
        "Approved by people under version 1; version 2 differs in limits.maximum, review.approvals_needed."
    )
    last = (await payouts.history(house.tx, payout.id))[-1]
    assert (last.verb, last.from_state, last.actor) == ("review", S.APPROVED, "system:terms")
    assert last.facts == {"approved_under": 1, "judged_under": 2}
    poll = (await approvals.polls(house.tx, [payout.id]))[payout.id]
    assert (poll.standing, poll.round, poll.request.needed) == (approvals.Standing.WAITING, 2, 2)
    assert poll.request.digest == after.digest != payout.digest


async def test_agreed_to_again_it_leaves(house: DispatchHouse) -> None:
    """Also by the same person: what they are asked about now is something else."""
    payout = await approved(house)
    await change(house, limits__maximum=10**6)
    await house.prepare()
    for somebody in [vote.person_id for vote in await approvals.votes(house.tx, payout.id)]:
        await payouts.approve(house.tx, [payout.id], person=somebody, book=house.book)
    assert sent(await house.prepare()) == [payout.id]
    attempt = await house.tx.one("SELECT terms_version FROM attempts WHERE payout_id = $1", payout.id)
    assert attempt["terms_version"] == 2


@pytest.mark.parametrize(("threshold", "state"), [(1000.00, S.IN_REVIEW), (1000.01, S.SENDING)])
async def test_what_only_the_terms_approved_goes_to_people_if_it_needs_them_now(
    house: DispatchHouse, threshold: float, state: PayoutState
) -> None:
    [payout] = await house.request(amount=SMALL)
    await change(house, review__amount_at=threshold)
    await house.prepare()
    after = await see(house, payout)
    assert (after.state, after.terms_version) == (state, 2)
    assert after.reviewed == (state is S.IN_REVIEW)
    assert after.reason == ("amount_over_review_threshold" if after.reviewed else None)
    assert payouts.open_destination(after, KEYRING), "its digest follows the terms"
    assert await approvals.standings(house.tx, [payout.id]) == (
        {payout.id: approvals.Standing.WAITING} if after.reviewed else {}
    )


async def test_what_is_known_by_now_counts(house: DispatchHouse) -> None:
    [payout] = await house.request(amount=SMALL)
    new = NewDenial("account taken over", holder_id=house.holder)
    await holders.deny(house.tx, [new], keyring=KEYRING, actor="person:anna", at=AT)
    await change(house, risk__per_day_max=50)
    await house.prepare()
    after = await see(house, payout)
    assert (after.state, after.reason) == (S.IN_REVIEW, "denied")


async def test_a_destination_that_the_terms_no_longer_allow_is_shown_to_people(house: DispatchHouse) -> None:
    [payout] = await house.request(amount=SMALL)
    await change(house, destinations__bank_codes=["UBL"])
    await house.prepare()
    after = await see(house, payout)
    assert (after.state, after.reason) == (S.IN_REVIEW, "no_longer_allowed")
    assert "1234500001" not in str(after.findings)


async def test_a_payout_that_was_altered_is_not_judged_again_but_blocked(house: DispatchHouse) -> None:
    payout = await approved(house)
    await house.tx.run("UPDATE payouts SET amount = amount - 1 WHERE id = $1", payout.id)
    await change(house, review__amount_at=50000.00)
    assert sent(await house.prepare()) == []
    assert (await see(house, payout)).reason == "destination_altered"
    assert await house.breaks() == ["destination_altered"]


async def test_what_the_gateway_has_seen_goes_on_as_it_began(house: DispatchHouse) -> None:
    payout = await approved(house)
    [first] = (await house.prepare()).prepared
    await house.learn(first, NOT_NOW)
    await change(house, review__amount_at=50000.00)
    await house.let_waits_end()
    assert sent(await house.prepare()) == [payout.id]


async def test_a_retry_by_a_person_does_not_revive_an_approval(house: DispatchHouse) -> None:
    payout = await approved(house)
    [first] = (await house.prepare()).prepared
    await house.learn(first, REFUSED)
    await change(house, review__amount_at=50000.00)
    await payouts.retry(house.tx, [payout.id], actor="person:anna", book=house.book)
    assert sent(await house.prepare()) == []
    assert (await see(house, payout)).state is S.IN_REVIEW


async def test_another_currency_is_for_people(house: DispatchHouse) -> None:
    [payout] = await house.request(amount=SMALL)
    await change(house, currency="USD")
    assert sent(await house.prepare()) == []
    after = await see(house, payout)
    assert (after.state, after.reason) == (S.IN_REVIEW, "no_longer_allowed")


async def test_a_worker_that_has_not_heard_of_the_newest_terms_judges_nothing_by_older_ones(
    house: DispatchHouse,
) -> None:
    older = house.terms
    await change(house, review__amount_at=5000.00)
    await house.request(amount=SMALL)
    taken, at = await payouts.take_waiting(house.tx, older.program, limit=9, except_holders=[])
    left = await payouts.judge_again(house.tx, taken, terms=older, keyring=KEYRING, book=house.book, at=at)
    assert left == taken


async def test_judging_again_costs_the_same_statements_however_many_wait(house: DispatchHouse) -> None:
    counts = []
    for round_, size in enumerate((1, 1, 8)):  # The first one warms up.
        await house.request(size, amount=SMALL)
        for _ in range(size):
            await approved(house)
        await change(house, review__amount_at=900.00 + round_, dispatch__batch_size=20)
        async with statements_of(house.tx) as statements:
            assert sent(await house.prepare()) == []
        counts.append(len(statements))
    assert counts[1] == counts[2]


async def test_while_terms_stay_the_same_nothing_is_asked(house: DispatchHouse) -> None:
    await house.request(3)
    taken, at = await payouts.take_waiting(house.tx, house.terms.program, limit=9, except_holders=[])
    async with statements_of(house.tx) as statements:
        terms = house.terms
        await payouts.judge_again(house.tx, taken, terms=terms, keyring=KEYRING, book=house.book, at=at)
    assert statements == []
