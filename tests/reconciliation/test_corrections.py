"""What two people may do about each kind of item; afterwards the item is closed, and the laws hold."""

from typing import Any
from uuid import UUID

import pytest
from recon_house import ACCEPTED, NOT_NOW, PAID, REFUSED, RETURNED, UNKNOWN, ReconHouse, open_recon

from bursar import dispatch, payouts
from bursar.approvals import NothingToApprove, RequesterMayNotApprove
from bursar.dispatch import AlreadyKnown, gateway_key
from bursar.dispatch.model import Prepared
from bursar.foundation.db import Database
from bursar.foundation.errors import Invalid
from bursar.gateways import Word
from bursar.ledger import InsufficientFunds
from bursar.monitoring import reconciliation
from bursar.monitoring.reconciliation import Action, CorrectionWaits, Item, ItemClosed, Kind, NotForThisItem
from bursar.payouts import WrongState
from ground import AT, KEYRING, ask

A = Action
FULL, AMOUNT = 100_000_000, 100_000


async def differing(house: ReconHouse, about: Prepared, word: Word = Word.PAID) -> Item:
    """The bank says something else of this attempt: the item."""
    house.list_(about, word)
    await house.compare()
    [item] = await house.items()
    return item


async def parked(house: ReconHouse) -> Item:
    """An attempt about which nobody could find out in time."""
    [about] = await house.sent(1)
    await house.run("UPDATE attempts SET sent_at = now() - interval '19 hours' WHERE id = $1", about.attempt_id)
    async with house.database.transaction() as tx:
        await dispatch.record(tx, [dispatch.Told(about.attempt_id, UNKNOWN, "inquiry")], scribe=house.scribe)
    await house.compare_books()
    [item] = await house.items()
    return item


async def only_state(house: ReconHouse) -> str:
    [row] = await house.rows("SELECT state FROM payouts WHERE holder_id = $1", house.holder)
    return str(row["state"])


@pytest.mark.parametrize(
    ("known", "word", "action", "ends"),
    [
        (ACCEPTED, Word.PAID, A.SETTLE, ("completed", (FULL - AMOUNT, 0))),
        (ACCEPTED, Word.REFUSED, A.REFUSE, ("failed", (FULL, 0))),
        (ACCEPTED, Word.RETURNED, A.RETURN, ("returned", (FULL, 0))),
        (PAID, Word.REFUSED, A.RETURN, ("returned", (FULL, 0))),
        (PAID, Word.RETURNED, A.RETURN, ("returned", (FULL, 0))),
        (REFUSED, Word.PAID, A.SETTLE, ("completed", (FULL - AMOUNT, 0))),
        (NOT_NOW, Word.PAID, A.SETTLE, ("completed", (FULL - AMOUNT, 0))),
        (REFUSED, Word.PAID, A.WRITE_OFF, ("failed", (FULL, 0))),
        (NOT_NOW, Word.PAID, A.WRITE_OFF, ("cancelled", (FULL, 0))),
        (REFUSED, Word.PAID, A.REFUSE, ("failed", (FULL, 0))),
        (PAID, Word.REFUSED, A.ACCEPT, ("completed", (FULL - AMOUNT, 0))),
    ],
)
async def test_a_correction_does_what_it_says_and_is_not_asked_for_again(
    house: ReconHouse, known: Any, word: Word, action: Action, ends: tuple[str, tuple[int, int]]
) -> None:
    [about] = await house.sent(1, known)
    item = await differing(house, about, word)
    closed = await house.correct(item, action)
    assert (closed.resolution, await house.state(about), await house.figures()) == (action, *ends)
    await house.insist_on_laws()
    if action is not Action.REFUSE or known is ACCEPTED:  # Else the bank's list says otherwise still.
        assert (await house.compare()).passed
        await house.compare_books()
        assert await house.items() == []
    assert await house.rows("SELECT * FROM breaks WHERE gateway = $1 AND closed_at IS NULL", house.bank.name) == []


@pytest.mark.parametrize(("action", "state"), [(A.SETTLE, "completed"), (A.REFUSE, "failed")])
async def test_an_unknown_outcome_is_an_item_and_two_people_end_it(
    house: ReconHouse, action: Action, state: str
) -> None:
    item = await parked(house)
    assert (item.kind, item.suggestion) == (Kind.UNKNOWN_OUTCOME, None)
    await house.correct(item, action)
    assert await only_state(house) == state
    await house.compare_books()
    assert await house.items() == []
    await house.insist_on_laws()


async def test_a_payment_for_a_completed_payout_is_written_off_and_clearing_is_what_the_bank_paid(
    house: ReconHouse,
) -> None:
    [about] = await house.sent(1, PAID)
    house.list_(about)
    house.list_(gateway_key(about.instruction.payout_id, 2))
    await house.compare()
    [item] = await house.items()
    assert (item.kind, item.suggestion, item.program) == (Kind.PAID_TWICE, A.WRITE_OFF, house.terms.program)
    before = await house.platform("funding")
    await house.correct(item, A.WRITE_OFF)
    assert await house.platform("clearing", house.bank.name) == 2 * AMOUNT
    assert await house.platform("funding") == before - AMOUNT
    assert (await house.compare()).passed
    await house.compare_books()
    assert await house.items() == []
    await house.insist_on_laws()


async def test_an_orphans_loss_is_borne_by_the_program_that_is_named(house: ReconHouse) -> None:
    house.list_("nobodys")
    await house.compare()
    [item] = await house.items()
    with pytest.raises(NotForThisItem):
        await house.correct(item, A.WRITE_OFF)
    await house.correct(item, A.WRITE_OFF, program=house.terms.program)
    assert (await house.compare()).passed
    assert await house.platform("clearing", house.bank.name) == AMOUNT
    await house.insist_on_laws()


async def lost(house: ReconHouse, *, generation: int = 1, state: str = "approved") -> UUID:
    """A payout that a restored backup has in this state, although the bank has paid it."""
    async with house.database.transaction() as tx:
        wanted = ask(house.holder, house.terms.program)
        [payout] = await payouts.request(tx, [wanted], desk=payouts.Desk(house.book, KEYRING), at=AT)
        assert isinstance(payout, payouts.Payout)
        if state != "approved":
            await payouts.cancel(tx, [payout.id], actor="test", book=house.book)
    house.list_(gateway_key(payout.id, generation))
    await house.compare()
    return payout.id


@pytest.mark.parametrize("generation", [1, 3])
async def test_an_attempt_that_a_restore_has_lost_is_adopted_and_never_sent_again(
    house: ReconHouse, generation: int
) -> None:
    payout = await lost(house, generation=generation)
    assert (await house.prepare()).prepared == ()
    [item] = await house.items()
    assert (item.kind, item.payout_id, item.suggestion) == (Kind.LOST_ATTEMPT, payout, A.SETTLE)
    await house.correct(item, A.SETTLE)
    assert (await only_state(house), await house.figures()) == ("completed", (FULL - AMOUNT, 0))
    keys = [row["key"] for row in await house.rows("SELECT key FROM attempts WHERE payout_id = $1 ORDER BY 1", payout)]
    assert keys == [gateway_key(payout, number) for number in range(1, generation + 1)]
    assert (await house.compare()).passed
    await house.insist_on_laws()


async def test_a_lost_attempt_of_a_payout_that_is_over_is_refused_and_may_be_written_off(house: ReconHouse) -> None:
    await lost(house, state="cancelled")
    [item] = await house.items()
    with pytest.raises(WrongState):
        await house.correct(item, A.SETTLE)
    async with house.database.transaction() as tx:
        _, [waiting] = await reconciliation.item(tx, item.id)
        await reconciliation.reject(tx, waiting.id, person=house.anna, reason="it cannot be")
    await house.correct(item, A.WRITE_OFF)
    assert (await only_state(house), (await house.compare()).passed) == ("cancelled", True)
    await house.insist_on_laws()


async def test_what_the_bank_has_not_paid_yet_cannot_be_settled(house: ReconHouse) -> None:
    payout = await lost(house)
    house.bank.lines.clear()
    house.list_(gateway_key(payout, 1), Word.ACCEPTED)
    await house.compare()
    [item] = await house.items()
    assert (item.kind, item.actions, item.suggestion) == (Kind.LOST_ATTEMPT, (), None)
    with pytest.raises(NotForThisItem):
        await house.correct(item, A.SETTLE)


@pytest.mark.parametrize(
    ("action", "figures", "back"), [(A.RELEASE, (FULL, 0), 0), (A.RECLAIM, (FULL - AMOUNT, 0), AMOUNT)]
)
async def test_money_is_taken_out_of_suspense_once(
    database: Database, action: Action, figures: tuple[int, int], back: int
) -> None:
    house = await open_recon(database, returns_to="suspense")
    before = await house.platform("funding")
    await house.sent(1, PAID, RETURNED)
    assert (await house.platform("suspense"), await house.figures()) == (AMOUNT, (FULL - AMOUNT, 0))
    await house.compare_books()
    [item] = await house.items()
    assert (item.kind, item.suggestion) == (Kind.SUSPENDED, A.RELEASE)
    await house.correct(item, action)
    assert (await house.platform("suspense"), await house.figures()) == (0, figures)
    assert await house.platform("funding") == before + back
    await house.compare_books()
    assert await house.items() == []
    await house.insist_on_laws()


async def test_nobody_agrees_to_their_own_proposal_nor_is_one_item_corrected_twice(house: ReconHouse) -> None:
    [about] = await house.sent(1, REFUSED)
    item = await differing(house, about)
    async with house.database.transaction() as tx:
        made = await reconciliation.propose(tx, item.id, action=A.SETTLE, person=house.anna, reason="seen")
    async with house.database.transaction() as tx:
        with pytest.raises(RequesterMayNotApprove):
            await reconciliation.approve(tx, made.id, person=house.anna, scribe=house.scribe)
    with pytest.raises(CorrectionWaits):
        async with house.database.transaction() as tx:
            await reconciliation.propose(tx, item.id, action=A.WRITE_OFF, person=house.ben, reason="or this")
    async with house.database.transaction() as tx:
        await reconciliation.approve(tx, made.id, person=house.ben, scribe=house.scribe)
    for refusal, wish in ((NothingToApprove, A.SETTLE), (ItemClosed, A.WRITE_OFF)):
        async with house.database.transaction() as tx:
            with pytest.raises(refusal):
                if refusal is NothingToApprove:
                    await reconciliation.approve(tx, made.id, person=house.ben, scribe=house.scribe)
                else:
                    await reconciliation.propose(tx, item.id, action=wish, person=house.anna, reason="again")


async def test_a_correction_that_is_turned_down_changes_nothing(house: ReconHouse) -> None:
    [about] = await house.sent(1, REFUSED)
    item = await differing(house, about)
    async with house.database.transaction() as tx:
        made = await reconciliation.propose(tx, item.id, action=A.SETTLE, person=house.anna, reason="seen")
    async with house.database.transaction() as tx:
        after = await reconciliation.reject(tx, made.id, person=house.ben, reason="that is another one")
    assert (after.closed_at, await house.state(about)) == (None, "failed")


async def test_a_holder_without_the_money_is_not_charged_and_the_proposal_waits_on(database: Database) -> None:
    house = await open_recon(database, money="1000.00")
    [about] = await house.sent(1, REFUSED)
    item = await differing(house, about)
    await house.sent(1, ACCEPTED, amount="500.00")
    with pytest.raises(InsufficientFunds):
        await house.correct(item, A.SETTLE)
    async with house.database.transaction() as tx:
        found, [waiting] = await reconciliation.item(tx, item.id)
    assert (found.closed_at, waiting.state, await house.state(about)) == (None, "waiting", "failed")


async def test_what_became_known_meanwhile_is_not_made_undone(house: ReconHouse) -> None:
    [about] = await house.sent(1, ACCEPTED)
    item = await differing(house, about, Word.REFUSED)
    async with house.database.transaction() as tx:
        await dispatch.record(tx, [dispatch.Told(about.attempt_id, PAID, "report")], scribe=house.scribe)
    with pytest.raises(AlreadyKnown):
        await house.correct(item, A.REFUSE)
    assert await house.state(about) == "completed"


async def test_only_what_makes_sense_of_an_item_is_proposed_and_with_a_reason_that_can_be_read(
    house: ReconHouse,
) -> None:
    [about] = await house.sent(1, REFUSED)
    item = await differing(house, about)
    with pytest.raises(NotForThisItem):
        await house.correct(item, A.RELEASE)
    async with house.database.transaction() as tx:
        with pytest.raises(Invalid):
            await reconciliation.propose(tx, item.id, action=A.SETTLE, person=house.anna, reason="x" * 3_000)
