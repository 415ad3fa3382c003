"""What is owed, how it comes down, and what is taken back before anything is owed."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from debts_house import DebtsHouse
from earnings_house import money, open_house

import auditor
from bursar import earnings, monitoring
from bursar.earnings import (
    DebtEnded,
    DebtQuery,
    How,
    NoSuchDebt,
    NothingToRecover,
    SourceReferenceReused,
    TakeBack,
    Why,
)
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.ids import new
from bursar.ledger import AccountKind
from ground import AT
from statements import statements_of

Work = Callable[[], Awaitable[object]]


@pytest.fixture
async def house(tx: Transaction) -> DebtsHouse:
    opened = await open_house(tx)
    return DebtsHouse(opened.tx, opened.program, opened.holder, opened.reference)


async def insist_on_the_books(house: DebtsHouse) -> None:
    """Both judges find nothing wrong with the money. No gateway was asked for anything, which they would miss."""
    found = await auditor.complaints(house.tx.connection)
    assert [said for said in found if not said.startswith("attempts_are_numbered")] == []
    assert [breach for breach in await monitoring.check_laws(house.tx) if breach.law in {1, 2}] == []


# Owing ----------------------------------------------------------------------------------------------------------------


async def test_what_is_owed_stands_on_the_debts_account_and_on_no_balance(house: DebtsHouse) -> None:
    await house.earn("100.00")
    await house.owe("30.00", "12.50")
    assert await house.debts() == [("30.00", "0.00", "0.00"), ("12.50", "0.00", "0.00")]
    assert await house.owed() == money("42.50")
    assert await house.account(AccountKind.DEBTS) == -4250
    assert await house.account(AccountKind.FUNDING) == -10_000 + 4250
    assert await house.balance() == (10_000, 0)
    await insist_on_the_books(house)


async def test_a_debt_counts_once_for_its_reference(house: DebtsHouse) -> None:
    await house.earn("1.00")
    wanted = house.debt("30.00")
    [first, second] = await earnings.owe(house.tx, [wanted, wanted], at=AT)
    [again] = await earnings.owe(house.tx, [wanted], at=AT)
    assert first == second == again
    assert await house.owed() == money("30.00")


async def test_a_reference_is_a_line(house: DebtsHouse) -> None:
    with pytest.raises(Invalid):
        house.debt(reference="two\nlines")


# Recovering -----------------------------------------------------------------------------------------------------------


async def test_the_oldest_debt_is_recovered_first_and_from_the_oldest_earnings(house: DebtsHouse) -> None:
    await house.earn("20.00", "50.00", "30.00")
    first, second = await house.owe("30.00", "40.00")
    assert await house.recover("45.00") == ["45.00"]
    assert await house.debts() == [("30.00", "30.00", "0.00"), ("40.00", "15.00", "0.00")]
    assert await house.withheld() == [
        ("0.00", "20.00", "withheld"),
        ("25.00", "25.00", "available"),
        ("30.00", "0.00", "available"),
    ]
    assert await house.balance() == (5_500, 0)
    assert await house.account(AccountKind.DEBTS) == -2_500
    steps = await earnings.parts_of_debts(house.tx, [first.id, second.id])
    assert [(part.number, part.how, part.amount) for part in steps[second.id]] == [(1, How.RECOVERED, money("15.00"))]
    await insist_on_the_books(house)


@pytest.mark.parametrize(
    ("earned", "owed", "most", "recovered"),
    [
        ("100.00", "30.00", "100.00", "30.00"),
        ("10.00", "30.00", "100.00", "10.00"),
        ("100.00", "30.00", "20.00", "20.00"),
        ("30.00", "30.00", "30.00", "30.00"),
    ],
    ids=["all that is owed", "all that is there", "all that may be taken", "all of it"],
)
async def test_no_more_is_recovered_than_is_owed_is_there_or_may_be_taken(
    house: DebtsHouse, earned: str, owed: str, most: str, recovered: str
) -> None:
    await house.earn(earned)
    await house.owe(owed)
    assert await house.recover(most) == [recovered]
    assert await house.owed() == money(owed) - money(recovered)
    await insist_on_the_books(house)


async def test_recoveries_in_one_batch_go_on_where_the_ones_before_them_ended(house: DebtsHouse) -> None:
    await house.earn("100.00")
    [debt] = await house.owe("30.00")
    assert await house.recover("20.00", "20.00", "20.00") == ["20.00", "10.00", "0.00"]
    parts = (await earnings.parts_of_debts(house.tx, [debt.id]))[debt.id]
    assert [(part.number, part.amount.text) for part in parts] == [(1, "20.00"), (2, "10.00")]
    assert (await earnings.debt(house.tx, debt.id)).ended_at == AT
    await insist_on_the_books(house)


async def test_money_that_nobody_earned_settles_debts_too(house: DebtsHouse) -> None:
    await house.fund("50.00")
    await house.owe("30.00")
    assert await house.recover("50.00") == ["30.00"]
    await insist_on_the_books(house)


async def test_what_a_debt_was_recovered_from_names_it(house: DebtsHouse) -> None:
    [earning] = await house.earn("100.00")
    [debt] = await house.owe("30.00")
    payout_id = new(AT)
    await house.recover("30.00", payout_id=payout_id)
    [withheld] = (await earnings.withheld_of(house.tx, [earning.id]))[earning.id]
    assert (withheld.why, withheld.reference, withheld.payout_id) == (Why.RECOVERED, f"{debt.reference}#1", payout_id)
    [(whole, part)] = (await earnings.parts_of_payouts(house.tx, [payout_id]))[payout_id]
    assert (whole.id, part.amount, part.transfer_id) == (debt.id, money("30.00"), withheld.transfer_id)


# Settling and forgiving -----------------------------------------------------------------------------------------------


async def test_staff_settle_the_debt_they_name_and_no_other(house: DebtsHouse) -> None:
    await house.earn("25.00")
    _, second = await house.owe("30.00", "40.00")
    [settled] = await earnings.settle(house.tx, [second.id], actor="person:mia", at=AT)
    assert not isinstance(settled, Exception)
    assert (settled.recovered, settled.outstanding) == (money("25.00"), money("15.00"))
    assert await house.debts() == [("30.00", "0.00", "0.00"), ("40.00", "25.00", "0.00")]
    [part] = (await earnings.parts_of_debts(house.tx, [second.id]))[second.id]
    assert part.actor == "person:mia"
    await insist_on_the_books(house)


async def test_a_debt_is_forgiven_as_far_as_it_is_left_and_the_program_bears_it(house: DebtsHouse) -> None:
    await house.earn("10.00")
    [debt] = await house.owe("30.00")
    await house.recover("10.00")
    funding = await house.account(AccountKind.FUNDING)
    [forgiven] = await earnings.forgive(house.tx, [debt.id], actor="person:mia", reason="our fault", at=AT)
    assert not isinstance(forgiven, Exception)
    assert (forgiven.recovered, forgiven.forgiven, forgiven.ended_at) == (money("10.00"), money("20.00"), AT)
    assert await house.account(AccountKind.DEBTS) == 0
    assert await house.account(AccountKind.FUNDING) == funding - 2_000
    note = await house.tx.one("SELECT actor, subject, facts FROM audit_notes WHERE action = 'debt.forgiven'")
    assert (note["actor"], note["subject"]) == ("person:mia", str(debt.id))
    assert note["facts"] == {"reference": debt.reference, "amount": "20.00 PKR", "reason": "our fault"}
    await insist_on_the_books(house)


async def test_each_debt_is_settled_or_forgiven_or_refused_on_its_own(house: DebtsHouse) -> None:
    await house.earn("30.00")
    ended, bare = await house.owe("30.00", "40.00")
    await house.recover("30.00")
    wanted = [ended.id, bare.id, new(AT)]
    settled = await earnings.settle(house.tx, wanted, actor="person:mia", at=AT)
    assert [type(one) for one in settled] == [DebtEnded, NothingToRecover, NoSuchDebt]
    forgiven = await earnings.forgive(house.tx, [*wanted, bare.id], actor="person:mia", reason="old", at=AT)
    assert [type(one) for one in forgiven[::2]] == [DebtEnded, NoSuchDebt]
    assert forgiven[1] == forgiven[3]
    assert (await house.owed()).minor == 0
    await insist_on_the_books(house)


async def test_a_debt_is_shown_to_its_holder_and_its_program_only(house: DebtsHouse) -> None:
    await house.earn("1.00")
    [debt] = await house.owe("30.00")
    assert await earnings.debt(house.tx, debt.id, holder_id=house.holder, program=house.program) == debt
    for other in ({"holder_id": new(AT)}, {"program": "another"}):
        with pytest.raises(NoSuchDebt):
            await earnings.debt(house.tx, debt.id, **other)


async def test_a_list_can_be_of_open_debts_or_of_a_reference(house: DebtsHouse) -> None:
    await house.earn("30.00")
    first, second, third = await house.owe("30.00", "40.00", "50.00")
    await house.recover("30.00")

    async def listed(**wanted: object) -> list[str]:
        found = await earnings.debts_page(house.tx, DebtQuery(program=house.program, **wanted))  # type: ignore[arg-type]
        return [debt.amount.text for debt in found]

    assert await listed() == ["50.00", "40.00", "30.00"]
    assert await listed(is_open=True) == ["50.00", "40.00"]
    assert await listed(is_open=False) == ["30.00"]
    assert await listed(search=second.reference) == ["40.00"]
    assert await listed(before=third.id, limit=1) == ["40.00"]
    assert first.ended_at is None


# Taking back ----------------------------------------------------------------------------------------------------------


async def test_what_is_taken_back_comes_out_of_its_own_earning_first(house: DebtsHouse) -> None:
    await house.earn("20.00", days=1)
    [own] = await house.earn("50.00")
    assert await house.take_back("60.00", of=own.reference) == "60.00"
    assert await house.withheld() == [("10.00", "10.00", "available"), ("0.00", "50.00", "withheld")]
    assert await house.balance() == (1_000, 0)
    assert await house.account(AccountKind.FUNDING) == -1_000
    [withheld] = (await earnings.withheld_of(house.tx, [own.id]))[own.id]
    assert withheld.why is Why.TAKEN_BACK
    await insist_on_the_books(house)


async def test_what_payouts_have_reserved_or_paid_is_not_taken_back(house: DebtsHouse) -> None:
    [own] = await house.earn("50.00", days=1)
    await house.earn("10.00")
    [payout] = await house.ask("45.00")
    assert await house.take_back("50.00", of=own.reference) == "15.00"
    assert await house.withheld() == [("0.00", "5.00", "reserved"), ("0.00", "10.00", "withheld")]
    await house.take(payout, "cancel")
    assert await house.withheld() == [("45.00", "5.00", "available"), ("0.00", "10.00", "withheld")]
    await insist_on_the_books(house)


async def test_an_earning_that_was_partly_paid_and_partly_withheld_says_so(house: DebtsHouse) -> None:
    await house.earn("50.00")
    [payout] = await house.ask("45.00")
    await house.take(payout, "send", "settle")
    assert await house.take_back("50.00") == "5.00"
    assert await house.withheld() == [("0.00", "5.00", "withheld")]
    await house.take(payout, "return")
    assert await house.withheld() == [("45.00", "5.00", "available")]
    await insist_on_the_books(house)


async def test_wishes_in_one_batch_share_what_is_there(house: DebtsHouse) -> None:
    first, second = await house.earn("30.00", "30.00")
    await house.ask("25.00")
    wishes = [
        TakeBack(house.holder, house.program, one.reference, money("30.00"), f"refund:{one.reference}")
        for one in (second, first, first)
    ]
    wishes[2] = TakeBack(house.holder, house.program, "", money("1.00"), "another")
    assert [part.text for part in await earnings.take_back(house.tx, wishes, at=AT)] == ["30.00", "5.00", "0.00"]
    assert await house.withheld() == [("0.00", "5.00", "reserved"), ("0.00", "30.00", "withheld")]
    await insist_on_the_books(house)


# Fees -----------------------------------------------------------------------------------------------------------------


async def test_a_fee_is_booked_with_its_earning_and_once(house: DebtsHouse) -> None:
    wanted = house.new("90.00", fee=money("10.00"))
    await house.credit(wanted, wanted)
    await house.credit(wanted)
    assert await house.account(AccountKind.FEES) == 1_000
    assert await house.account(AccountKind.FUNDING) == -10_000
    assert await house.balance() == (9_000, 0)
    await insist_on_the_books(house)


async def test_an_earning_that_is_refused_brings_no_fee(house: DebtsHouse) -> None:
    await house.credit(house.new("90.00", reference="order-a"))
    [refused] = await house.credit(house.new("80.00", reference="order-a", fee=money("10.00")))
    assert isinstance(refused, SourceReferenceReused)
    assert await house.account(AccountKind.FEES) == 0


# Costs ----------------------------------------------------------------------------------------------------------------


async def _noting(house: DebtsHouse, size: int) -> Work:
    return lambda: house.owe(*["5.00"] * size)


async def _recovering(house: DebtsHouse, size: int) -> Work:
    await house.owe(*["10.00"] * size)
    return lambda: house.recover(*["10.00"] * size)


async def _taking_back(house: DebtsHouse, size: int) -> Work:
    wishes = [TakeBack(house.holder, house.program, "", money("10.00"), f"{size}-{n}") for n in range(size)]
    return lambda: earnings.take_back(house.tx, wishes, at=AT)


async def _settling(house: DebtsHouse, size: int) -> Work:
    names = [debt.id for debt in await house.owe(*["10.00"] * size)]
    return lambda: earnings.settle(house.tx, names, actor="test", at=AT)


async def _forgiving(house: DebtsHouse, size: int) -> Work:
    names = [debt.id for debt in await house.owe(*["10.00"] * size)]
    return lambda: earnings.forgive(house.tx, names, actor="test", reason="old", at=AT)


@pytest.mark.parametrize(
    "verb", [_noting, _recovering, _taking_back, _settling, _forgiving], ids=lambda verb: verb.__name__.strip("_")
)
async def test_a_batch_of_debts_costs_the_same_whatever_its_size(
    house: DebtsHouse, verb: Callable[[DebtsHouse, int], Awaitable[Work]]
) -> None:
    counted = {}
    for size in (2, 1, 10, 100):  # The first one warms up.
        await house.earn(*["10.00"] * size)
        work = await verb(house, size)
        async with statements_of(house.tx) as heard:
            await work()
        counted[size] = len(heard)
    assert counted[1] == counted[10] == counted[100], counted
    assert counted[1] <= 15, counted


# What the database refuses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE debts SET amount = amount + 1",
        "UPDATE debts SET reference = 'another'",
        "UPDATE debts SET recovered = amount + 1",
        "UPDATE debts SET ended_at = NULL WHERE ended_at IS NOT NULL",
        "UPDATE debts SET forgiven = -1",
        "DELETE FROM debts",
        "UPDATE debt_recoveries SET amount = 1",
        "DELETE FROM debt_recoveries",
        "UPDATE earning_withholdings SET amount = 1",
        "DELETE FROM earning_withholdings",
        "UPDATE earnings SET withheld = withheld + 1",
    ],
)
async def test_the_database_keeps_what_was_written_about_debts(house: DebtsHouse, deed: str) -> None:
    await house.earn("50.00")
    await house.owe("30.00", "40.00")
    await house.recover("40.00")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await house.tx.run(deed)


# Both judges ----------------------------------------------------------------------------------------------------------


DEEDS: Final = (
    "UPDATE debts SET recovered = recovered - 1, forgiven = forgiven + 1",
    "UPDATE debts SET amount = amount + 1, ended_at = NULL",
    "UPDATE debts SET reference = reference || 'x'",
    "UPDATE debt_recoveries SET amount = amount + 1",
    "DELETE FROM debt_recoveries",
    "DELETE FROM debts WHERE ended_at IS NULL",
    "DELETE FROM transfers WHERE kind = 'recover'",
    "DELETE FROM earning_withholdings",
    "UPDATE earning_withholdings SET amount = amount + 1",
    "UPDATE earning_withholdings SET why = 'taken_back'",
    "UPDATE earning_withholdings SET holder_id = gen_random_uuid()",
    "UPDATE earnings SET withheld = withheld - 1, paid = paid + 1 WHERE withheld > 0",
)


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_is_wrong_with_debts_is_found_by_both(house: DebtsHouse, deed: str) -> None:
    await house.earn("50.00")
    await house.owe("30.00", "40.00")
    await house.recover("40.00")
    await insist_on_the_books(house)
    await house.tx.run("SET LOCAL session_replication_role = replica")
    await house.tx.run(deed)
    assert await auditor.complaints(house.tx.connection) != []
    assert await monitoring.check_laws(house.tx) != []


def test_the_reasons_of_withholdings_are_what_the_database_knows() -> None:
    sql = (Path(__file__).parents[2] / "migrations/sql/0016_debts.sql").read_text("utf-8")
    for kind, column in ((Why, "why"), (How, "how")):
        [known] = re.findall(rf"CHECK \({column} IN \((.*?)\)\)", sql)
        assert set(re.findall(r"'(\w+)'", known)) == {one.value for one in kind}
