"""Crediting: once for each source reference, together with the money, and each one on its own."""

from datetime import timedelta
from typing import Any

import pytest
from earnings_house import EarningsHouse, money, open_house

from bursar import earnings, ledger, programs
from bursar.earnings import Credited, NotCredited, SourceReferenceReused
from bursar.earnings.model import CLOCKS_DIFFER
from bursar.foundation.db import CheckViolation, Transaction
from bursar.foundation.errors import Invalid, Kind
from bursar.foundation.money import Money
from ground import AT, funding, terms_text


@pytest.fixture
async def house(tx: Transaction) -> EarningsHouse:
    return await open_house(tx)


async def test_an_earning_is_credited_together_with_its_money(house: EarningsHouse) -> None:
    new = house.new("250.50", description="Order 7", days=2)
    [credited] = await house.credit(new)
    assert isinstance(credited, Credited)
    assert credited.is_new
    stored = await earnings.get(house.tx, credited.earning.id)
    assert stored == credited.earning
    assert (stored.amount, stored.available, stored.description) == (money("250.50"), money("250.50"), "Order 7")
    assert (stored.earned_at, stored.created_at, stored.credited_by) == (new.earned_at, AT, "key:platform")
    assert await house.balance() == (25_050, 0)
    [line] = await ledger.statement(house.tx, house.holder)
    assert (line.kind, line.reference, line.amount) == (ledger.TransferKind.CREDIT, new.reference, new.amount)


async def test_the_same_again_is_the_stored_one_and_moves_nothing(house: EarningsHouse) -> None:
    new = house.new()
    [first] = await house.credit(new)
    [again] = await house.credit(new, at=AT + timedelta(days=1))
    assert isinstance(first, Credited)
    assert again == Credited(first.earning, is_new=False)
    assert await house.balance() == (10_000, 0)


async def test_a_time_that_is_left_out_is_when_it_is_credited_and_may_be_left_out_again(house: EarningsHouse) -> None:
    new = house.new(earned_at=None)
    [first] = await house.credit(new)
    [again] = await house.credit(new, at=AT + timedelta(days=1))
    assert isinstance(first, Credited)
    assert isinstance(again, Credited)
    assert first.earning.earned_at == again.earning.earned_at == AT


async def test_two_equal_ones_in_one_batch_count_once(house: EarningsHouse) -> None:
    new = house.new()
    results = await house.credit(new, new)
    assert [result.is_new for result in results if isinstance(result, Credited)] == [True, False]
    assert await house.balance() == (10_000, 0)


@pytest.mark.parametrize(
    "other", [{"amount": money("1.00")}, {"description": "other"}, {"earned_at": AT - timedelta(days=9)}]
)
@pytest.mark.parametrize("together", [True, False])
async def test_other_content_under_a_used_reference_is_refused_by_its_name(
    house: EarningsHouse, other: dict[str, Any], together: bool
) -> None:
    if together:
        first, second = await house.credit(house.new(reference="order-x"), house.new(reference="order-x", **other))
    else:
        [first] = await house.credit(house.new(reference="order-x"))
        [second] = await house.credit(house.new(reference="order-x", **other))
    assert isinstance(first, Credited)
    assert isinstance(second, SourceReferenceReused)
    assert second.facts["reference"] == "order-x"
    assert second.facts["earning"] == first.earning.id
    assert second.kind is Kind.CONFLICT
    assert await house.balance() == (10_000, 0)


async def test_a_reference_of_money_that_is_no_earning_is_refused(house: EarningsHouse) -> None:
    await ledger.credit(house.tx, [funding(house.holder, "5.00", program=house.program, reference="wire-1")], at=AT)
    [refused] = await house.credit(house.new(reference="wire-1"))
    assert isinstance(refused, SourceReferenceReused)
    assert refused.facts["earning"] is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": Money(0, "PKR")}, "amount"),
        ({"amount": Money(-100, "PKR")}, "amount"),
        ({"amount": Money(100, "USD")}, "currency"),
        ({"holder": "nobody"}, "holder"),
        ({"earned_at": AT + CLOCKS_DIFFER + timedelta(seconds=1)}, "earned_at"),
    ],
)
async def test_what_breaks_a_rule_is_refused_alone(house: EarningsHouse, wrong: dict[str, Any], field: str) -> None:
    before, refused, after = await house.credit(house.new(), house.new(**wrong), house.new())
    assert isinstance(refused, NotCredited)
    assert refused.facts["field"] == field
    assert refused.facts["rule"]
    assert isinstance(before, Credited)
    assert isinstance(after, Credited)
    assert await house.balance() == (20_000, 0)


async def test_a_holder_of_another_program_is_unknown_here(house: EarningsHouse) -> None:
    other = await open_house(house.tx)
    [refused] = await house.credit(house.new(holder=other.reference))
    assert isinstance(refused, NotCredited)
    assert refused.facts["field"] == "holder"


async def test_a_program_with_deposits_has_no_earnings(house: EarningsHouse) -> None:
    other = await open_house(house.tx, credits="deposits")
    [refused] = await other.credit(other.new())
    assert isinstance(refused, NotCredited)
    assert refused.facts["field"] == "program"


async def test_a_program_with_earnings_does_not_go_back_to_deposits(house: EarningsHouse) -> None:
    with pytest.raises(programs.EarningsStay):
        await programs.apply(house.tx, terms_text(program=house.program), actor="test", at=AT)


@pytest.mark.parametrize("wrong", [{"reference": " x"}, {"reference": "x" * 201}, {"description": "x" * 501}])
async def test_a_reference_is_one_line_and_a_description_a_text(house: EarningsHouse, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        house.new(**wrong)


@pytest.mark.parametrize("tampering", ["amount = amount + 1", "reference = 'x'", "earned_at = now()"])
async def test_what_an_earning_is_for_never_changes(house: EarningsHouse, tampering: str) -> None:
    await house.earn("100.00")
    with pytest.raises(Exception, match="append-only"):
        await house.tx.run(f"UPDATE earnings SET {tampering}")


async def test_the_figures_of_an_earning_add_up_whoever_writes_them(house: EarningsHouse) -> None:
    await house.earn("100.00")
    with pytest.raises(CheckViolation, match="figures_add_up"):
        await house.tx.run("UPDATE earnings SET available = available - 1")
