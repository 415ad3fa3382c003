"""Before money goes to a stored destination: its cool-off is over, and the gateway has said whose account it is."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dispatch_house import Bank, DispatchHouse, Workshop, open_house, open_workshop

from bursar import dispatch, holders, payouts, programs
from bursar.foundation.db import Database, Transaction, transaction_is_open
from bursar.gateways import Confirmed, Denied, NotKnown, Resolution
from bursar.holders import AccountCheck, AccountVerdict, Destination, NewDestination, StoredDestination
from ground import AT, KEYRING, ask, person

V = AccountVerdict
ANNA = Destination("HBL", "1234500001", "Anna Khan")
ACMES = Destination("HBL", "1234500001", "Acme")  # As tests call their merchants.
NAMES_COUNT = {"destinations__validate": True, "risk__name_score_min": 0.75, "review__at_level": "medium"}


@dataclass
class KnowingBank(Bank):
    """Knows whose accounts there are."""

    answer: Resolution = field(default_factory=lambda: Confirmed("Anna Khan"))
    resolved: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.capabilities = replace(self.capabilities, resolve=True)

    async def resolve(self, destination: Destination) -> Resolution:
        assert not transaction_is_open.get(), "a gateway is called without a transaction"
        self.resolved.append(destination.account_number)
        return self.answer


async def store(
    tx: Transaction, holder: UUID, *destinations: Destination, cool_off_hours: float = 0.0
) -> list[StoredDestination]:
    """Destinations that a holder has added at nine."""
    news = [
        NewDestination(holder_id=holder, destination=each, cool_off_hours=cool_off_hours, added_by="person:anna")
        for each in destinations
    ]
    added = await holders.add_destinations(tx, news, keyring=KEYRING, at=AT)
    return [each.destination for each in added]


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    house = await open_house(tx, destinations__validate=True, destinations__cool_off_hours=24.0)
    house.bank = KnowingBank()
    return house


async def why_it_waits(house: DispatchHouse, payout: payouts.Payout) -> tuple[str | None, timedelta]:
    """Why a payout waits, and for how long from the database's now on."""
    stored = await payouts.get(house.tx, payout.id)
    assert stored.state is payouts.PayoutState.APPROVED
    return stored.reason, stored.due_at - await house.tx.now()


async def check(house: DispatchHouse, stored: StoredDestination, verdict: AccountVerdict) -> None:
    """What the gateway said about a destination."""
    await holders.note_checks(house.tx, [AccountCheck(stored.id, verdict, "Anna Khan", 1.0)], at=AT)


async def test_one_that_nobody_has_checked_is_waited_for(house: DispatchHouse) -> None:
    [stored] = await store(house.tx, house.holder, ANNA)
    [payout] = await house.request()
    assert (await house.prepare()).prepared == ()
    assert await why_it_waits(house, payout) == ("account_unchecked", timedelta(seconds=60))
    await check(house, stored, V.CONFIRMED)
    assert await payouts.end_waits(house.tx, [(house.holder, stored.index)], reasons=["account_unchecked"]) == 1
    assert len((await house.prepare()).prepared) == 1


async def test_one_that_does_not_exist_waits_for_a_person(house: DispatchHouse) -> None:
    [stored] = await store(house.tx, house.holder, ANNA)
    await check(house, stored, V.DENIED)
    [payout] = await house.request()
    assert (await house.prepare()).prepared == ()
    assert await why_it_waits(house, payout) == ("account_denied", timedelta(hours=1))
    assert await payouts.end_waits(house.tx, [(house.holder, stored.index)], reasons=["account_unchecked"]) == 0


async def test_one_that_replaced_another_cools_off_first(house: DispatchHouse) -> None:
    await store(house.tx, house.holder, replace_account("1234500009"))
    [stored] = await store(house.tx, house.holder, ANNA, cool_off_hours=24.0)
    await house.tx.run("UPDATE destinations SET usable_at = now() + interval '5 hours' WHERE id = $1", stored.id)
    await check(house, stored, V.CONFIRMED)
    [payout] = await house.request()
    assert (await house.prepare()).prepared == ()
    assert await why_it_waits(house, payout) == ("cool_off", timedelta(hours=5))
    await house.tx.run("UPDATE destinations SET usable_at = now() WHERE id = $1", stored.id)
    await house.let_waits_end()
    assert len((await house.prepare()).prepared) == 1


def replace_account(number: str) -> Destination:
    """Anna's other account."""
    return Destination("HBL", number, "Anna Khan")


async def test_one_that_was_removed_after_the_approval_is_paid_all_the_same(house: DispatchHouse) -> None:
    [stored] = await store(house.tx, house.holder, ANNA)
    await check(house, stored, V.CONFIRMED)
    await house.request()
    await holders.remove_destinations(house.tx, [stored.id], actor="person:anna")
    assert len((await house.prepare()).prepared) == 1


async def test_removing_one_is_no_way_around_its_check(house: DispatchHouse) -> None:
    [stored] = await store(house.tx, house.holder, ANNA)
    [payout] = await house.request()
    await holders.remove_destinations(house.tx, [stored.id], actor="person:anna")
    assert (await house.prepare()).prepared == ()
    assert (await why_it_waits(house, payout))[0] == "account_unchecked"


async def found_to_be(house: DispatchHouse, stored: StoredDestination, title: str, score: float) -> None:
    """What the gateway said about a destination, a moment ago."""
    found = AccountCheck(stored.id, V.CONFIRMED, title, score)
    await holders.note_checks(house.tx, [found], at=await house.tx.now())


@pytest.mark.parametrize(("title", "score", "goes"), [("Acme Ltd", 1.0, True), ("Somebody Else", 0.1, False)])
async def test_a_name_that_was_found_after_the_approval_counts(
    tx: Transaction, title: str, score: float, *, goes: bool
) -> None:
    house = await open_house(tx, **NAMES_COUNT)
    house.bank = KnowingBank()
    [stored] = await store(tx, house.holder, ACMES)
    [payout] = await house.request(destination=ACMES)
    await found_to_be(house, stored, title, score)
    prepared = (await house.prepare()).prepared
    now = await payouts.get(tx, payout.id)
    assert (len(prepared), now.state) == ((1, "sending") if goes else (0, "in_review"))


async def test_with_people_who_know_the_name_it_leaves(tx: Transaction) -> None:
    house = await open_house(tx, **NAMES_COUNT)
    house.bank = KnowingBank()
    [stored] = await store(tx, house.holder, ACMES)
    [payout] = await house.request(destination=ACMES)
    await found_to_be(house, stored, "Somebody Else", 0.1)
    await house.prepare()
    found = await payouts.get(tx, payout.id)
    assert (found.reviewed, found.reason) == (True, "account_name_differs")
    await tx.run("UPDATE destinations SET checked_at = checked_at - interval '1 second' WHERE id = $1", stored.id)
    await payouts.approve(tx, [payout.id], person=await person(tx), book=house.book)
    assert len((await house.prepare()).prepared) == 1


async def test_an_approval_by_people_who_did_not_know_the_name_does_not_count(tx: Transaction) -> None:
    house = await open_house(tx, **NAMES_COUNT)
    house.bank = KnowingBank()
    [stored] = await store(tx, house.holder, ACMES)
    [payout] = await house.request(destination=ACMES, amount="150000.00")
    await payouts.approve(tx, [payout.id], person=await person(tx), book=house.book)
    await tx.run("UPDATE payouts SET updated_at = $2 WHERE id = $1", payout.id, AT)
    await found_to_be(house, stored, "Somebody Else", 0.1)
    assert (await house.prepare()).prepared == ()
    assert (await payouts.get(tx, payout.id)).state == "in_review"
    await payouts.approve(tx, [payout.id], person=await person(tx), book=house.book)
    await tx.run("UPDATE destinations SET checked_at = checked_at - interval '1 second' WHERE id = $1", stored.id)
    assert len((await house.prepare()).prepared) == 1


async def test_one_that_is_not_stored_or_no_more_cannot_be_asked_for(house: DispatchHouse) -> None:
    """Through whatever door: it could neither be checked nor cool off."""

    async def refused() -> bool:
        asks = [ask(house.holder, house.terms.program)]
        [answer] = await payouts.request(house.tx, asks, desk=payouts.Desk(house.book, KEYRING), at=AT)
        return isinstance(answer, programs.DestinationNotAllowed)

    assert await refused()
    [stored] = await store(house.tx, house.holder, ANNA)
    assert not await refused()
    await holders.remove_destinations(house.tx, [stored.id], actor="person:anna")
    assert await refused()


async def test_a_gateway_that_cannot_say_is_not_waited_for(house: DispatchHouse) -> None:
    await store(house.tx, house.holder, ANNA)
    house.bank = Bank()
    await house.request()
    assert len((await house.prepare()).prepared) == 1


async def test_terms_that_do_not_ask_wait_for_nothing(tx: Transaction) -> None:
    house = await open_house(tx)
    house.bank = KnowingBank()
    await store(tx, house.holder, ANNA)
    await house.request()
    assert len((await house.prepare()).prepared) == 1


# With a checker -------------------------------------------------------------------------------------------------------


async def open_shop(database: Database, bank: KnowingBank, **changes: Any) -> tuple[Workshop, StoredDestination]:
    """A holder called Acme with a destination that nobody has checked, at a bank that knows."""
    wanted = {"route__gateway": bank.name, "destinations__validate": True, **changes}
    shop = await open_workshop(database, bank, **wanted)
    async with database.transaction() as tx:
        [stored] = await store(tx, shop.holder, ANNA)
    return shop, stored


async def found(shop: Workshop) -> StoredDestination:
    """The destination as it stands."""
    async with shop.database.transaction(readonly=True) as tx:
        [stored] = (await holders.destinations_of(tx, [shop.holder]))[shop.holder]
    return stored


@pytest.mark.parametrize(
    ("answer", "verdict", "title", "score"),
    [
        (Confirmed("Anna Khan"), V.CONFIRMED, "Anna Khan", 0.0),  # The holder is called Acme.
        (Confirmed("ACME LTD"), V.CONFIRMED, "ACME LTD", 1.0),
        (Confirmed(""), V.CONFIRMED, None, None),  # It exists, and nobody has named it.
        (Denied("no_such_account"), V.DENIED, None, None),
        (NotKnown("timed_out"), V.UNCHECKED, None, None),
    ],
)
async def test_what_the_gateway_says_is_kept(
    database: Database, answer: Resolution, verdict: AccountVerdict, title: str | None, score: float | None
) -> None:
    shop, _ = await open_shop(database, KnowingBank(answer=answer))
    assert await dispatch.AccountChecker(shop.tools).pass_once() == 1
    stored = await found(shop)
    assert (stored.check, stored.account_title_found) == (verdict, title)
    assert (stored.name_score is None) == (score is None)
    assert score is None or stored.name_score == pytest.approx(score, abs=0.3)


async def test_it_is_asked_once_and_again_later_when_nobody_could_say(database: Database) -> None:
    bank = KnowingBank(answer=NotKnown("timed_out"))
    shop, _ = await open_shop(database, bank)
    checker = dispatch.AccountChecker(shop.tools)
    assert [await checker.pass_once() for _ in range(2)] == [1, 0]
    await shop.run("UPDATE destinations SET check_at = now() WHERE holder_id = $1", shop.holder)
    bank.answer = Confirmed("Anna Khan")
    assert [await checker.pass_once() for _ in range(2)] == [1, 0]
    await shop.run("UPDATE destinations SET check_at = now() WHERE holder_id = $1", shop.holder)
    assert await checker.pass_once() == 0, "it is known"
    assert bank.resolved == ["1234500001"] * 2


async def test_the_payout_that_waited_leaves_with_the_answer(database: Database) -> None:
    bank = KnowingBank()
    shop, _ = await open_shop(database, bank)
    await shop.request()
    assert await shop.dispatcher.pass_once() == 1, "it is taken up and made to wait"
    assert await shop.dispatcher.pass_once() == 0
    await dispatch.AccountChecker(shop.tools).pass_once()
    assert await shop.dispatcher.pass_once() == 1
    assert await shop.states() == {"completed": 1}


async def test_one_that_was_claimed_while_the_answer_came_does_not_wait_for_its_time(database: Database) -> None:
    shop, _ = await open_shop(database, KnowingBank())
    await shop.request()
    checker = dispatch.AccountChecker(shop.tools)
    await checker.pass_once()
    async with database.transaction() as tx:  # What a claim commits that had begun before that.
        ids = [row["id"] for row in await tx.many("SELECT id FROM payouts WHERE holder_id = $1", shop.holder)]
        await payouts.wait_longer(tx, ids, reason="account_unchecked", seconds=60)
    assert await shop.dispatcher.pass_once() == 0
    await checker.pass_once()
    assert await shop.dispatcher.pass_once() == 1


async def test_two_checkers_never_ask_about_the_same_one(database: Database) -> None:
    bank = KnowingBank()
    shop, _ = await open_shop(database, bank)
    async with database.transaction() as tx:
        await store(tx, shop.holder, *(replace_account(f"99887766{n:02}") for n in range(8)))
    asked = await asyncio.gather(*(dispatch.AccountChecker(shop.tools).pass_once() for _ in range(3)))
    assert (sum(asked), len(bank.resolved), len(set(bank.resolved))) == (9, 9, 9)


@pytest.mark.parametrize("changes", [{"destinations__validate": False}, {"route__gateway": "mockbank"}])
async def test_programs_that_do_not_want_it_or_cannot_have_it_are_left_alone(
    database: Database, changes: dict[str, Any]
) -> None:
    bank = KnowingBank()
    shop, _ = await open_shop(database, bank, **changes)
    if "route__gateway" in changes:
        shop.tools.gateways["mockbank"].capabilities = replace(bank.capabilities, resolve=False)
    assert await dispatch.AccountChecker(shop.tools).pass_once() == 0


async def test_one_that_does_not_open_is_left_for_later(database: Database) -> None:
    bank = KnowingBank()
    shop, _ = await open_shop(database, bank)
    await shop.run("UPDATE destinations SET sealed = '' WHERE holder_id = $1", shop.holder)
    await dispatch.AccountChecker(shop.tools).pass_once()
    assert (await found(shop)).check is V.UNCHECKED
