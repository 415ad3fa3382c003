"""Reports that prove nothing: they move nothing and make somebody ask, however many come, no more than is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from dispatch_house import (
    ACCEPTED,
    HELD,
    PAID,
    REFUSED,
    RETURNED,
    UNKNOWN,
    Bank,
    DispatchHouse,
    Workshop,
    open_house,
    open_workshop,
)

from bursar import dispatch
from bursar.dispatch.model import Prepared
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Instruction, NeverArrived, Outcome, Report
from bursar.payouts import PayoutState

S = PayoutState
SOON = timedelta(seconds=0.2)


def unproven() -> Bank:
    """A bank whose reports anybody could have written, once they know its secret."""
    bank = Bank()
    bank.capabilities = replace(bank.capabilities, reports_prove=False, inquire_max=100)
    return bank


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    house = await open_house(tx)
    house.bank = unproven()
    return house


async def results(house: DispatchHouse) -> list[str | None]:
    """What became of this bank's reports, in the order they came."""
    rows = await house.tx.many("SELECT result FROM reports WHERE gateway = $1 ORDER BY event_id", house.bank.name)
    return [row["result"] for row in rows]


async def look_in(house: DispatchHouse, about: Prepared) -> timedelta | None:
    """In what time somebody asks about an attempt."""
    found: timedelta | None = (await house.attempt(about))["look_in"]
    return found


@pytest.mark.parametrize("said", [PAID, REFUSED, RETURNED, HELD])
async def test_it_moves_nothing_and_somebody_asks_soon(house: DispatchHouse, said: Outcome) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED)
    await house.report(about.instruction.key, said)
    assert await house.apply_reports() == 1
    assert (await house.state(about), await results(house), await house.breaks()) == (S.SENT, ["asked"], [])
    assert await look_in(house, about) == SOON


async def test_one_that_says_what_is_known_is_late(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED)
    before = await look_in(house, about)
    await house.report(about.instruction.key, ACCEPTED)
    await house.apply_reports()
    assert (await results(house), await look_in(house, about)) == (["late"], before)


async def test_one_that_overtakes_its_answer_waits_for_it(house: DispatchHouse) -> None:
    """The call is under way: asking now could find nothing, and sending again is out of the question."""
    about = await house.sending()
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    assert await results(house) == ["waiting"]
    assert await look_in(house, about) == timedelta(seconds=120), "the lease of whoever is sending it"
    await house.learn(about, ACCEPTED)
    await house.let_waits_end()
    await house.apply_reports()
    assert (await results(house), await look_in(house, about)) == (["asked"], timedelta())


async def test_a_thousand_of_them_lead_to_one_inquiry(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED)
    await house.report(about.instruction.key, *[PAID] * 200)
    while await house.apply_reports():
        pass
    assert (await results(house), await look_in(house, about)) == (["asked"] * 200, SOON)


async def test_not_asked_again_until_a_while_after_the_last_time(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED)
    await house.tx.run("UPDATE attempts SET asked_at = now() - interval '1 second' WHERE id = $1", about.attempt_id)
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    assert await look_in(house, about) == timedelta(seconds=4)


async def test_while_somebody_asks_already_it_waits(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED)
    await house.tx.run("UPDATE attempts SET asked_at = now() + interval '1 ms' WHERE id = $1", about.attempt_id)
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    assert await results(house) == ["waiting"]


@pytest.mark.parametrize("said", [RETURNED, REFUSED])
async def test_a_closed_one_that_may_have_come_back_is_asked_about(house: DispatchHouse, said: Outcome) -> None:
    about = await house.sending()
    await house.learn(about, PAID)
    await house.report(about.instruction.key, said)
    await house.apply_reports()
    assert (await house.state(about), await results(house)) == (S.COMPLETED, ["asked"])
    assert await look_in(house, about) == SOON


@pytest.mark.parametrize("said", [PAID, ACCEPTED, HELD])
async def test_a_closed_one_of_which_it_tells_nothing_new_is_not(house: DispatchHouse, said: Outcome) -> None:
    about = await house.sending()
    await house.learn(about, PAID)
    await house.report(about.instruction.key, said)
    await house.apply_reports()
    assert (await results(house), await look_in(house, about)) == (["late"], None)


async def test_one_about_an_attempt_we_do_not_know_is_parked(house: DispatchHouse) -> None:
    await house.report("somebody-elses-key", PAID)
    await house.apply_reports()
    assert await results(house) == ["unmatched"]


# Through the inquirer: the gateway's own word is what counts ----------------------------------------------------------


@dataclass
class TruthfulBank(Bank):
    """Says, when asked, what is true: ``truth`` where it is set."""

    truth: Outcome | NeverArrived | None = None

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        found = await super().inquire(instructions)
        return found if self.truth is None else [self.truth] * len(instructions)


async def open_shop(database: Database, *, says: Outcome = ACCEPTED, count: int = 1) -> Workshop:
    """Payouts that have been sent to a bank whose reports prove nothing, and answered so."""
    bank = TruthfulBank(says=says)
    bank.capabilities = replace(bank.capabilities, reports_prove=False, inquire_max=100)
    shop = await open_workshop(database, bank, dispatch__batch_size=100, dispatch__group_by="none")
    await shop.request(count)
    await shop.dispatcher.pass_once()
    return shop


async def hint(shop: Workshop, said: Outcome) -> None:
    """Reports about all that was sent, applied, and as much later as is needed to ask."""
    keys = [key for call in shop.bank.calls for key in call]
    async with shop.database.transaction() as tx:
        arrived = [(shop.bank.name, [Report(f"{key}-{said.word}", key, said)], b"body") for key in keys]
        await dispatch.reports.take_in(tx, arrived)
    await dispatch.reports.Reader(shop.tools).pass_once()
    await shop.run("UPDATE attempts SET look_at = now() WHERE gateway = $1 AND look_at IS NOT NULL", shop.bank.name)


async def test_an_honest_one_leads_to_the_end_and_a_whole_bulk_is_asked_about_at_once(database: Database) -> None:
    shop = await open_shop(database, count=30, says=replace(ACCEPTED, reference="bulk-1"))
    await hint(shop, PAID)
    assert await shop.inquirer.pass_once() == 30
    assert (await shop.states(), len(shop.bank.inquiries)) == ({"completed": 30}, 1)


@pytest.mark.parametrize("lie", [PAID, REFUSED, RETURNED])
async def test_a_lie_about_what_is_under_way_changes_nothing(database: Database, lie: Outcome) -> None:
    shop = await open_shop(database)
    shop.bank.truth = ACCEPTED
    await hint(shop, lie)
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"sent": 1}


@pytest.mark.parametrize("lie", [REFUSED, RETURNED])
async def test_a_lie_about_what_was_paid_changes_nothing_and_nobody_asks_again(
    database: Database, lie: Outcome
) -> None:
    shop = await open_shop(database, says=PAID)
    shop.bank.truth = PAID
    await hint(shop, lie)
    assert await shop.inquirer.pass_once() == 1
    assert (await shop.states(), (await shop.attempts())[0]["look_at"]) == ({"completed": 1}, None)
    async with database.transaction() as tx:
        assert await DispatchHouse(tx, shop.terms, shop.holder, shop.bank).breaks() == []


async def test_what_came_back_weeks_later_is_returned_by_the_gateways_own_word(database: Database) -> None:
    shop = await open_shop(database, says=PAID)
    shop.bank.truth = RETURNED
    await hint(shop, RETURNED)
    await shop.inquirer.pass_once()
    assert (await shop.states(), (await shop.attempts())[0]["look_at"]) == ({"returned": 1}, None)


async def test_a_contradiction_is_one_break_for_people_however_often_it_is_reported(database: Database) -> None:
    shop = await open_shop(database, says=PAID)
    shop.bank.truth = REFUSED
    for said in (REFUSED, RETURNED):
        await hint(shop, said)
        assert await shop.inquirer.pass_once() == 1
    assert (await shop.states(), (await shop.attempts())[0]["look_at"]) == ({"completed": 1}, None)
    async with database.transaction() as tx:
        assert await DispatchHouse(tx, shop.terms, shop.holder, shop.bank).breaks() == ["refused_after_paid"]


async def test_a_closed_one_is_never_sent_again_and_asked_about_until_it_is_answered(database: Database) -> None:
    shop = await open_shop(database, says=PAID)
    for truth, is_asked_again in ((UNKNOWN, True), (NeverArrived(), True), (PAID, False)):
        shop.bank.truth = truth
        await hint(shop, RETURNED)
        await shop.inquirer.pass_once()
        assert ((await shop.attempts())[0]["look_at"] is not None) is is_asked_again
    assert (len(shop.bank.calls), await shop.states()) == (1, {"completed": 1})
