"""What people decide: approve, reject, cancel, try again; and that nobody approves what they asked for themselves."""

from uuid import UUID

import pytest
from payouts_house import PayoutsHouse, open_house

from bursar import approvals, payouts
from bursar.approvals import AlreadyVoted, RequesterMayNotApprove
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.ledger import InsufficientFunds
from bursar.payouts import NoSuchPayout, Payout, PayoutState, WrongState
from ground import person

S = PayoutState
LARGE = "150000.00"


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    """Two people have to agree to large payouts here."""
    return await open_house(tx, review__approvals_needed=2)


async def approve(house: PayoutsHouse, payout: Payout, *, by: UUID) -> Payout | Refusal:
    return (await payouts.approve(house.tx, [payout.id], person=by, book=house.book, reason="looks right"))[0]


async def test_the_last_word_that_was_needed_lets_it_leave(house: PayoutsHouse) -> None:
    anna, ben = await person(house.tx, "anna"), await person(house.tx, "ben")
    payout = await house.born(amount=LARGE)
    first = await approve(house, payout, by=anna)
    assert isinstance(first, Payout)
    assert (first.state, first.version) == (S.IN_REVIEW, payout.version)
    second = await approve(house, payout, by=ben)
    assert isinstance(second, Payout)
    assert second.state is S.APPROVED
    told = (await house.story(payout))[-1]
    assert (told.verb, told.actor) == ("approve", f"person:{ben}")


async def test_the_same_person_counts_once(house: PayoutsHouse) -> None:
    anna = await person(house.tx)
    payout = await house.born(amount=LARGE)
    await approve(house, payout, by=anna)
    assert isinstance(await approve(house, payout, by=anna), AlreadyVoted)
    assert (await house.see(payout)).state is S.IN_REVIEW


async def test_whoever_asked_does_not_approve(house: PayoutsHouse) -> None:
    anna = await person(house.tx)
    payout = await house.born(amount=LARGE, requester_person=anna)
    assert isinstance(await approve(house, payout, by=anna), RequesterMayNotApprove)


async def test_one_veto_is_enough_and_releases_the_money(house: PayoutsHouse) -> None:
    anna, ben = await person(house.tx, "anna"), await person(house.tx, "ben")
    payout = await house.born(amount=LARGE)
    await approve(house, payout, by=anna)
    rejected = (await payouts.reject(house.tx, [payout.id], person=ben, book=house.book, reason="unknown account"))[0]
    assert isinstance(rejected, Payout)
    assert (rejected.state, rejected.reason) == (S.REJECTED, "unknown account")
    assert await house.figures() == (100_000_000, 0)


@pytest.mark.parametrize("state", sorted(set(S) - {S.IN_REVIEW}))
async def test_only_what_is_in_review_is_approved_or_rejected(house: PayoutsHouse, state: PayoutState) -> None:
    anna = await person(house.tx)
    payout = await house.standing_at(state)
    assert isinstance(await approve(house, payout, by=anna), WrongState)
    rejected = await payouts.reject(house.tx, [payout.id], person=anna, book=house.book, reason="no")
    assert isinstance(rejected[0], WrongState)
    assert await house.see(payout) == payout


async def test_many_are_decided_together_each_on_its_own(tx: Transaction) -> None:
    house = await open_house(tx)
    anna = await person(tx)
    waiting, other, own = (
        await house.born(amount=LARGE), await house.born(), await house.born(amount=LARGE, requester_person=anna)
    )  # fmt: skip
    results = await payouts.approve(
        tx, [own.id, waiting.id, house.holder, other.id, waiting.id], person=anna, book=house.book
    )
    assert [getattr(result, "state", type(result)) for result in results] == [
        RequesterMayNotApprove, S.APPROVED, NoSuchPayout, WrongState, S.APPROVED,
    ]  # fmt: skip


async def test_a_vote_is_on_the_bytes_that_stand_there_now(house: PayoutsHouse) -> None:
    """Whoever changes the digest under a review gets no vote counted."""
    anna = await person(house.tx)
    payout = await house.born(amount=LARGE)
    await house.tx.run("UPDATE payouts SET digest = sha256('other') WHERE id = $1", payout.id)
    assert isinstance(await approve(house, payout, by=anna), approvals.ChangedSinceAsked)


async def test_what_has_not_left_can_be_cancelled(house: PayoutsHouse) -> None:
    payout = await house.born()
    cancelled = (await payouts.cancel(house.tx, [payout.id], actor="key:test", book=house.book, reason="mistake"))[0]
    assert isinstance(cancelled, Payout)
    assert (cancelled.state, cancelled.reason) == (S.CANCELLED, "mistake")
    assert await house.figures() == (100_000_000, 0)


async def test_what_was_handed_to_a_gateway_cannot_be_cancelled(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.SENDING)
    result = (await payouts.cancel(house.tx, [payout.id], actor="key:test", book=house.book))[0]
    assert isinstance(result, WrongState)
    assert "sending" in result.message


@pytest.mark.parametrize("verb", [payouts.cancel, payouts.retry])
async def test_a_payout_named_twice_is_meant_once(house: PayoutsHouse, verb: type) -> None:
    payout = await house.standing_at(S.FAILED if verb is payouts.retry else S.APPROVED)
    results = await verb(house.tx, [payout.id, payout.id], actor="person:anna", book=house.book)
    assert results[0] == results[1] == await house.see(payout)


async def test_a_failed_one_is_tried_again_if_the_money_is_there(tx: Transaction) -> None:
    house = await open_house(tx, money="1000.00")
    failed = await house.standing_at(S.FAILED)
    retried = (await payouts.retry(tx, [failed.id], actor="person:anna", book=house.book, reason="new bank"))[0]
    assert isinstance(retried, Payout)
    assert (retried.state, retried.reason) == (S.APPROVED, "new bank")
    another = await house.request()
    assert isinstance(another[0], InsufficientFunds)


async def test_an_approval_outlives_a_retry(tx: Transaction) -> None:
    """The bytes are the same, so what was agreed on them still counts."""
    house = await open_house(tx)
    payout = await house.born(amount=LARGE)
    await approve(house, payout, by=await person(tx))
    for verb in ("send", "fail", "retry"):
        await house.take(payout, verb)
    assert await approvals.standings(tx, [payout.id]) == {payout.id: approvals.Standing.APPROVED}
