"""Who is told what: from moves of payouts, and from what happens to destinations and reviews."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from notices_house import ABOUT, Browser, MailSink, NoticeHouse, open_program

from bursar import holders, identity, payouts
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Ringer
from bursar.holders import AccountCheck, AccountVerdict
from bursar.identity import Role
from bursar.outbound import notices
from bursar.outbound.notices import Channel, Kind, State, Wish
from ground import program
from statements import statements_of


async def to_whom(house: NoticeHouse, kind: Kind | None = None) -> list[str]:
    """Every address that there is a notice for, in order."""
    return sorted(notice.address.text for notice in await house.written(kind))


# ---- What became of payouts -----------------------------------------------------------------------------------------


async def test_the_holder_and_everybody_who_acts_for_them_are_told_once_each(telling: NoticeHouse) -> None:
    holder, other = await telling.holder(), await telling.holder(email="other@example.com")
    await telling.person("AMINA@example.com", acts_for=holder)  # The same address as the holder's own.
    await telling.person("ben@example.com", acts_for=holder)
    gone = await telling.person("gone@example.com", acts_for=holder)
    await telling.person("stranger@example.com", acts_for=other)
    await telling.do(identity.disable_person, gone, actor="system:test", at=telling.clock.now())
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    assert await to_whom(telling) == ["amina@example.com", "ben@example.com"]


@pytest.mark.parametrize("told", ABOUT)
async def test_a_program_tells_what_its_terms_say_and_nothing_else(told: str, telling: NoticeHouse) -> None:
    async with telling.database.transaction() as tx:
        telling.terms = await open_program(tx, notices__about=[told])
    holder = await telling.holder()
    done = await telling.payout(holder, "send", "settle", "return")
    failed = await telling.payout(holder, "send", "fail")
    held = await telling.payout(holder, amount="60000.00")
    await telling.move(held.id, "reject", reason="no")
    await telling.tell(done.id, failed.id, held.id)
    to_holder = await telling.do(notices.to_holder, holder)
    assert [notice.kind for notice in to_holder] == [Kind(told)]


async def test_what_began_under_old_terms_is_told_by_them(telling: NoticeHouse) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    async with telling.database.transaction() as tx:
        await program(tx, telling.program, notices__about=[])
    await telling.tell(payout.id)
    assert len(await telling.written()) == 1


async def test_a_move_is_told_once_however_often_it_is_read(telling: NoticeHouse) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    assert [await telling.tell(payout.id), await telling.tell(payout.id)] == [1, 0]


async def test_a_second_failure_is_told_again_and_an_automatic_retry_is_not(telling: NoticeHouse) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "defer", "send", "fail", "retry", "send", "fail")
    await telling.tell(payout.id)
    assert [notice.kind for notice in await telling.written()] == [Kind.FAILED, Kind.FAILED]


async def test_where_there_is_nobody_to_tell_that_is_on_record(telling: NoticeHouse) -> None:
    holder = await telling.holder(email=None)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    [notice] = await telling.written()
    assert (notice.state, notice.last_error, notice.to) == (State.SKIPPED, "nobody_to_tell", "nobody")
    with pytest.raises(notices.NoSuchNotice):
        await telling.do(notices.retry, [notice.id])


async def test_a_large_batch_costs_as_many_statements_as_a_small_one(telling: NoticeHouse, database: Database) -> None:
    several = [await telling.holder() for _ in range(4)]
    ids = [(await telling.payout(holder, "send", "settle", amount="1.00")).id for holder in several * 5]
    held = [(await telling.payout(holder, amount="60000.00")).id for holder in several]
    histories = [await telling.do(payouts.history, payout_id) for payout_id in [*ids, *held]]
    counts = []
    for moves in ([*histories[0], *histories[-1]], [move for history in histories for move in history]):
        for warm in (True, False):
            async with database.transaction() as tx, statements_of(tx) as heard:
                await notices.tell(tx, moves, book=telling.book, at=telling.clock.now())
            if not warm:
                counts.append(len(heard))
    assert counts[0] == counts[1] <= 10


# ---- What holders want ----------------------------------------------------------------------------------------------


async def test_what_a_holder_does_not_want_is_not_sent_and_on_record(
    telling: NoticeHouse, browser: Browser, sink: MailSink
) -> None:
    holder = await telling.holder()
    person = await telling.person("ben@example.com", acts_for=holder)
    await telling.browser(browser, holder, person)
    await telling.do(notices.set_wishes, holder, [Wish(Kind.COMPLETED, Channel.EMAIL, wanted=False)])
    payout = await telling.payout(holder, "send", "settle", "return")
    await telling.tell(payout.id)
    await telling.deliver()
    assert len(browser.pushes) == 2
    assert [mail["Subject"].split()[-1] for mail in sink.mails] == ["back", "back"]
    unsent = [notice for notice in await telling.written() if notice.state is State.SKIPPED]
    assert {notice.last_error for notice in unsent} == {"not_wanted"}
    assert {notice.kind for notice in unsent} == {Kind.COMPLETED}


async def test_wishes_change_one_by_one_and_can_be_taken_back(telling: NoticeHouse) -> None:
    holder, other = await telling.holder(), await telling.holder()
    await telling.do(notices.set_wishes, holder, [Wish(Kind.FAILED, Channel.PUSH, wanted=False)])
    changed = await telling.do(
        notices.set_wishes,
        holder,
        [Wish(Kind.RETURNED, Channel.EMAIL, wanted=True), Wish(Kind.RETURNED, Channel.EMAIL, wanted=False)],
    )
    unwanted = {(wish.kind, wish.channel) for wish in changed if not wish.wanted}
    assert unwanted == {(Kind.FAILED, Channel.PUSH), (Kind.RETURNED, Channel.EMAIL)}
    assert all(wish.wanted for wish in await telling.do(notices.wishes, other))
    changed = await telling.do(notices.set_wishes, holder, [Wish(*pair, wanted=True) for pair in unwanted])
    assert all(wish.wanted for wish in changed)


@pytest.mark.parametrize("kind", [Kind.DESTINATION_CHANGED, Kind.DESTINATION_DENIED])
async def test_what_guards_money_cannot_be_switched_off(kind: Kind, telling: NoticeHouse) -> None:
    holder = await telling.holder()
    given = [Wish(Kind.COMPLETED, Channel.EMAIL, wanted=False), Wish(kind, Channel.EMAIL, wanted=False)]
    with pytest.raises(notices.NoticeNotOptional):
        await telling.do(notices.set_wishes, holder, given)
    assert all(wish.wanted for wish in await telling.do(notices.wishes, holder))


# ---- Destinations ---------------------------------------------------------------------------------------------------


async def test_a_new_destination_is_told_to_the_address_before(telling: NoticeHouse, sink: MailSink) -> None:
    """A thief who changes the e-mail first, and the account then, does not go unnoticed."""
    holder = await telling.holder(email="victim@example.com")
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver()
    [known] = (await telling.do(holders.find, [holder])).values()
    stolen = holders.NewHolder(known.program, known.kind, known.reference, known.name, "thief@example.com")
    await telling.do(holders.register, [stolen], at=telling.clock.now())
    sink.to.clear()
    await telling.announce(notices.DestinationChanged(await telling.destination(holder)))
    await telling.deliver()
    assert sorted(sink.to) == ["thief@example.com", "victim@example.com"]


async def test_whoever_changes_both_at_once_says_where_the_holder_was_before(telling: NoticeHouse) -> None:
    holder = await telling.holder(email="thief@example.com")
    stored = await telling.destination(holder)
    await telling.announce(notices.DestinationChanged(stored, former_email="victim@example.com"))
    assert await to_whom(telling) == ["thief@example.com", "victim@example.com"]


async def test_a_new_destination_says_from_when_it_is_paid_to(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    first = await telling.destination(holder)
    second = await telling.destination(holder, cool_off_hours=24, account_number="7777123488881234")
    await telling.announce(notices.DestinationChanged(first), notices.DestinationChanged(second))
    await telling.deliver()
    texts = [mail.get_body(("plain",)).get_content() for mail in sink.mails]  # type: ignore[union-attr]
    assert ["only from" in text for text in texts] == ["ending in 1234" in text for text in texts]
    assert sorted("ending in 1234" in text for text in texts) == [False, True]
    assert all("cannot be switched off" in text for text in texts)


async def test_an_account_that_the_bank_does_not_know_is_told_once(telling: NoticeHouse) -> None:
    holder = await telling.holder()
    stored = await telling.destination(holder)
    fine = await telling.destination(holder, account_number="7777123488881234")
    verdicts = [
        AccountCheck(stored.id, AccountVerdict.DENIED),
        AccountCheck(fine.id, AccountVerdict.CONFIRMED, account_title_found="Amina"),
    ]
    await telling.do(holders.note_checks, verdicts, at=telling.clock.now())
    for expected in (1, 0):
        assert await telling.do(notices.tell_denied, book=telling.book, at=telling.clock.now()) == expected
    [notice] = await telling.written(Kind.DESTINATION_DENIED)
    assert (notice.subject_id, notice.payout_id) == (stored.id, None)


# ---- Staff ----------------------------------------------------------------------------------------------------------


async def held(house: NoticeHouse, holder: UUID, amount: str = "60000.00") -> UUID:
    """A payout that waits for people."""
    payout = await house.payout(holder, amount=amount)
    assert payout.state is payouts.PayoutState.IN_REVIEW
    return payout.id


async def test_those_who_may_approve_are_told_of_what_waits_in_one_e_mail(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    for email, role in (("a@acme.example", Role.MANAGER), ("b@acme.example", Role.SUPER_ADMIN)):
        await telling.person(email, role)
    await telling.person("c@acme.example", Role.SUPPORT)
    await telling.tell(*[await held(telling, holder) for _ in range(30)])
    await telling.deliver()
    assert sink.mails == [], "a burst becomes one e-mail"
    await telling.pass_time(60)
    await telling.deliver()
    assert sorted(sink.to) == ["a@acme.example", "b@acme.example"]
    for mail in sink.mails:
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert mail["Subject"] == "30 payouts wait for your review (Merchants)"
        assert text.count("60,000.00 PKR: Amina Bello") == 25
        assert "And: 5 more" in text
    assert {notice.state for notice in await telling.written(Kind.PAYOUT_FLAGGED)} == {State.SENT}


async def test_one_that_waits_is_told_with_what_speaks_against_it(telling: NoticeHouse, sink: MailSink) -> None:
    await telling.person("a@acme.example", Role.MANAGER)
    payout_id = await held(telling, await telling.holder())
    await telling.tell(payout_id)
    await telling.pass_time(60)
    await telling.deliver()
    [mail] = sink.mails
    found = (await telling.do(payouts.get, payout_id)).findings
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert mail["Subject"] == "A payout of 60,000.00 PKR waits for your review (Merchants)"
    assert f"bursar payouts show {payout_id}" in text
    assert found[0]["sentence"] in text


async def test_what_was_decided_meanwhile_is_not_told_to_staff(telling: NoticeHouse) -> None:
    await telling.person("a@acme.example", Role.MANAGER)
    payout_id = await held(telling, await telling.holder())
    await telling.move(payout_id, "reject", reason="no")
    await telling.tell(payout_id)
    assert await telling.written(Kind.PAYOUT_FLAGGED) == []
    assert await telling.rows("SELECT FROM review_watches") == []


async def test_a_review_that_takes_too_long_is_told_once(telling: NoticeHouse, sink: MailSink) -> None:
    await telling.person("a@acme.example", Role.MANAGER)
    holder = await telling.holder()
    old, decided = await held(telling, holder), await held(telling, holder)
    await telling.tell(old, decided)
    look = {"book": telling.book, "at": telling.clock.now()}
    assert await telling.do(notices.tell_overdue, **look) == 0
    await telling.move(decided, "approve")
    await telling.pass_time(telling.terms.review.expires_after_hours * 3600 + 60)
    assert [await telling.do(notices.tell_overdue, **look) for _ in range(2)] == [1, 0]
    await telling.pass_time(60)
    await telling.deliver()
    subjects = [mail["Subject"].strip() for mail in sink.mails]
    assert "A payout of 60,000.00 PKR has waited for its review too long (Merchants)" in subjects
    assert [notice.subject_id for notice in await telling.written(Kind.REVIEW_OVERDUE)] == [old]


async def test_a_decision_ends_the_watch(telling: NoticeHouse) -> None:
    payout_id = await held(telling, await telling.holder())
    await telling.tell(payout_id)
    assert len(await telling.rows("SELECT FROM review_watches")) == 1
    await telling.move(payout_id, "approve")
    await telling.tell(payout_id)
    assert await telling.rows("SELECT FROM review_watches") == []


async def test_holders_see_nothing_of_what_staff_are_told(telling: NoticeHouse) -> None:
    await telling.person("a@acme.example", Role.MANAGER)
    holder = await telling.holder()
    payout_id = await held(telling, holder)
    await telling.tell(payout_id)
    assert await telling.do(notices.to_holder, holder) == []
    assert len(await telling.do(notices.about, payout_id)) == 1


async def test_with_nobody_to_decide_that_is_on_record(telling: NoticeHouse) -> None:
    await telling.tell(await held(telling, await telling.holder()))
    [notice] = await telling.written(Kind.PAYOUT_FLAGGED)
    assert (notice.state, notice.last_error) == (State.SKIPPED, "nobody_to_tell")


# ---- The herald -----------------------------------------------------------------------------------------------------


async def test_the_herald_finds_everything_by_itself(telling: NoticeHouse) -> None:
    await telling.person("a@acme.example", Role.MANAGER)
    holder = await telling.holder()
    await telling.payout(holder, "send", "settle")
    await held(telling, holder)
    stored = await telling.destination(holder)
    checks = [AccountCheck(stored.id, AccountVerdict.DENIED)]
    await telling.do(holders.note_checks, checks, at=telling.clock.now())
    stop = asyncio.Event()
    herald = notices.Herald(telling.database, telling.book, telling.clock, Ringer(telling.database))
    running = asyncio.create_task(herald.run(stop))
    wanted = {Kind.COMPLETED, Kind.PAYOUT_FLAGGED, Kind.DESTINATION_DENIED}
    async with asyncio.timeout(30):
        while {notice.kind for notice in await telling.written()} != wanted:
            await asyncio.sleep(0.05)
    stop.set()
    await running


async def test_a_mail_server_that_is_down_holds_up_no_payout(telling: NoticeHouse) -> None:
    """Telling has transactions of its own, and none is open while it calls out."""
    down = notices.MailServer(host="127.0.0.1", port=9, sender="payouts@acme.example", security="none")
    holder = await telling.holder()
    first = await telling.payout(holder, "send", "settle")
    await telling.tell(first.id)
    await asyncio.gather(telling.courier(mail=down).pass_once(), telling.payout(holder, "send", "settle"))
    states = {payout.state for payout in await telling.do(payouts.page, payouts.Query(holder_id=holder))}
    assert states == {payouts.PayoutState.COMPLETED}


async def test_an_old_review_is_overdue_by_when_it_began(telling: NoticeHouse) -> None:
    payout_id = await held(telling, await telling.holder())
    [move] = [move for move in await telling.do(payouts.history, payout_id) if move.verb == "review"]
    long_ago = replace(move, at=move.at - timedelta(days=3))
    await telling.do(notices.tell, [long_ago], book=telling.book, at=telling.clock.now())
    await telling.do(notices.tell_overdue, book=telling.book, at=telling.clock.now())
    assert len(await telling.written(Kind.REVIEW_OVERDUE)) == 1
