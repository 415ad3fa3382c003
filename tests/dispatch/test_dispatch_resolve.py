"""What no gateway ever told is ended by two people's word; and one payout's dealings with gateways, told in order."""

from uuid import UUID

import pytest
from dispatch_house import ACCEPTED, PAID, REFUSED, UNKNOWN, DispatchHouse, open_house

from bursar import dispatch
from bursar.approvals import AlreadyVoted, ChangedSinceAsked, Standing
from bursar.dispatch import NothingInDoubt
from bursar.dispatch.model import Prepared
from bursar.foundation.db import Transaction
from bursar.payouts import PayoutState
from ground import person

S = PayoutState
FULL, AMOUNT = 100_000_000, 100_000


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx)


async def parked(house: DispatchHouse) -> Prepared:
    """An attempt that nobody could find out about in time."""
    about = await house.sending()
    await house.tx.run("UPDATE attempts SET sent_at = now() - interval '19 hours' WHERE id = $1", about.attempt_id)
    await house.learn(about, UNKNOWN)
    return about


async def say(house: DispatchHouse, about: Prepared, who: UUID, *, paid: bool) -> Standing:
    return await dispatch.resolve(
        house.tx, about.instruction.payout_id, person=who, paid=paid, reason="the bank's list", scribe=house.scribe
    )


@pytest.mark.parametrize(
    ("paid", "state", "figures"), [(True, S.COMPLETED, (FULL - AMOUNT, 0)), (False, S.FAILED, (FULL, 0))]
)
async def test_two_people_who_say_the_same_end_it(
    house: DispatchHouse, state: PayoutState, figures: tuple[int, int], *, paid: bool
) -> None:
    about = await parked(house)
    anna, ben = await person(house.tx, "anna"), await person(house.tx, "ben")
    assert await say(house, about, anna, paid=paid) is Standing.WAITING
    assert (await house.state(about), await house.figures()) == (S.SENDING, (FULL - AMOUNT, AMOUNT))
    assert await say(house, about, ben, paid=paid) is Standing.APPROVED
    assert (await house.state(about), await house.figures(), await house.breaks()) == (state, figures, [])


async def test_one_person_does_not_count_twice(house: DispatchHouse) -> None:
    about, anna = await parked(house), await person(house.tx)
    await say(house, about, anna, paid=True)
    with pytest.raises(AlreadyVoted):
        await say(house, about, anna, paid=True)


async def test_two_people_who_say_the_opposite_end_nothing(house: DispatchHouse) -> None:
    about = await parked(house)
    await say(house, about, await person(house.tx, "anna"), paid=True)
    with pytest.raises(ChangedSinceAsked):
        await say(house, about, await person(house.tx, "ben"), paid=False)
    assert await house.state(about) is S.SENDING


@pytest.mark.parametrize("known", [None, UNKNOWN, ACCEPTED, PAID, REFUSED])
async def test_only_what_is_parked_is_resolved_by_people(house: DispatchHouse, known: object) -> None:
    about = await house.sending()
    if known is not None:
        await house.learn(about, known)  # type: ignore[arg-type]
    with pytest.raises(NothingInDoubt):
        await say(house, about, await person(house.tx), paid=True)


async def test_what_a_gateway_told_meanwhile_is_no_longer_theirs_to_say(house: DispatchHouse) -> None:
    about = await parked(house)
    await say(house, about, await person(house.tx, "anna"), paid=False)
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    with pytest.raises(NothingInDoubt):
        await say(house, about, await person(house.tx, "ben"), paid=False)
    assert (await house.state(about), await house.breaks()) == (S.COMPLETED, [])


async def test_a_payouts_dealings_are_told_in_order(house: DispatchHouse) -> None:
    about = await parked(house)
    told = await dispatch.happenings(house.tx, about.instruction.payout_id)
    assert [line.facts["kind"] for line in told if line.what == "break"] == ["unknown_outcome"]
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    told = await dispatch.happenings(house.tx, about.instruction.payout_id)
    assert told[0].what == "attempt_sent"
    assert {line.what for line in told} == {"attempt_sent", "attempt_answered", "report"}
    assert [line.at for line in told] == sorted(line.at for line in told)
    report = next(line for line in told if line.what == "report")
    assert (report.facts["outcome"], report.facts["result"], report.facts["attempt"]) == ("paid", "applied", 1)
