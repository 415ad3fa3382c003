"""The bank without its door: what each account does, and how time and float change it."""

import pytest

from bursar_sandbox.book import Status, Transfer
from bursar_sandbox.chance import stream
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.model import TransferAsk


class StillClock:
    """Stands still until told to move."""

    def __init__(self) -> None:
        self.current_ms = 1_765_538_031_708

    def now_ms(self) -> int:
        """The time it was set to."""
        return self.current_ms


def pay(bank: Bank, *, suffix: str = "0001", order: str = "order-1", attempt: int = 1, minor: int = 1000) -> Transfer:
    ask = TransferAsk(
        reference=f"{order}-{attempt}",
        order_id=order,
        amount="10.00",
        currency="PKR",
        bank_code="HBL",
        account_number=f"123450{suffix}",
        account_title="Test User",
    )
    return bank.transfer(ask, amount_minor=minor)[0]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def bank_at(clock: StillClock, *, settle_after_ms: int = 0, tells_at_once: bool = True) -> Bank:
    return Bank(
        clock=clock, chance=stream(1, "references"), settle_after_ms=settle_after_ms, tells_at_once=tells_at_once
    )


@pytest.mark.parametrize(
    ("suffix", "first", "second"),
    [
        ("0001", "SUCCESS", "SUCCESS"),
        ("0002", "RETRY", "SUCCESS"),
        ("0003", "FAILED", "FAILED"),
        ("0004", "PENDING", "PENDING"),
        ("0005", "ON_HOLD", "ON_HOLD"),
        ("7777", "SUCCESS", "SUCCESS"),
    ],
)
def test_the_account_number_decides(clock: StillClock, suffix: str, first: str, second: str) -> None:
    bank = bank_at(clock)
    assert pay(bank, suffix=suffix, attempt=1).status == first
    assert pay(bank, suffix=suffix, attempt=2).status == second


def test_each_order_has_its_own_first_attempt(clock: StillClock) -> None:
    bank = bank_at(clock)
    assert {pay(bank, suffix="0002", order=order).status for order in "abc"} == {Status.RETRY}


@pytest.mark.parametrize(("suffix", "final"), [("0001", Status.SUCCESS), ("0003", Status.FAILED)])
def test_a_slow_bank_settles_when_it_is_time_and_not_before(clock: StillClock, suffix: str, final: Status) -> None:
    bank = bank_at(clock, settle_after_ms=500)
    transfer = pay(bank, suffix=suffix)
    assert (transfer.status, transfer.paid_ms, bank.take_news()) == (Status.PENDING, None, [])
    clock.current_ms += 499
    bank.settle_due()
    assert transfer.status is Status.PENDING
    assert bank.next_due_in_ms() == 1
    clock.current_ms += 1
    bank.settle_due()
    assert transfer.status is final
    assert [event.status for event in bank.take_news()] == [final]
    assert bank.next_due_in_ms() is None


@pytest.mark.parametrize("suffix", ["0004", "0005"])
def test_what_waits_for_ever_never_settles_by_itself(clock: StillClock, suffix: str) -> None:
    bank = bank_at(clock, settle_after_ms=500)
    pay(bank, suffix=suffix)
    assert bank.next_due_in_ms() is None


def test_a_slow_bank_refuses_the_first_attempt_at_once(clock: StillClock) -> None:
    bank = bank_at(clock, settle_after_ms=500)
    assert pay(bank, suffix="0002").status is Status.RETRY
    assert pay(bank, suffix="0002", attempt=2).status is Status.PENDING


def test_what_was_cancelled_in_time_does_not_settle(clock: StillClock) -> None:
    bank = bank_at(clock, settle_after_ms=500)
    transfer = pay(bank)
    bank.cancel(transfer.reference)
    clock.current_ms += 1000
    bank.settle_due()
    assert transfer.status is Status.FAILED


def test_news_are_what_changed_or_what_was_final_at_once(clock: StillClock) -> None:
    bank = bank_at(clock)
    for number, suffix in enumerate(("0001", "0002", "0003", "0004", "0005")):
        pay(bank, suffix=suffix, order=f"order-{number}")
    assert [event.status for event in bank.take_news()] == ["SUCCESS", "FAILED", "ON_HOLD"]


def test_news_of_answers_can_be_turned_off(clock: StillClock) -> None:
    bank = bank_at(clock, tells_at_once=False)
    reference = pay(bank).reference
    assert bank.take_news() == []
    bank.force(reference, Status.RETURNED, reason=None, amount_minor=None)
    assert [event.status for event in bank.take_news()] == [Status.RETURNED]


def test_float_is_taken_given_back_and_never_overdrawn(clock: StillClock) -> None:
    bank = bank_at(clock)
    bank.funds.limit("PKR", 1500)
    held = pay(bank, suffix="0005", order="held", minor=1000)
    assert bank.funds.available("PKR") == 500
    refused = pay(bank, order="refused", minor=501)
    assert refused.status is Status.RETRY
    assert refused.reason is not None
    assert refused.reason.code == "insufficient_float"
    bank.cancel(held.reference)
    assert bank.funds.available("PKR") == 1500
    paid = pay(bank, order="paid", minor=1500)
    bank.force(paid.reference, Status.RETURNED, reason=None, amount_minor=700)
    assert bank.funds.available("PKR") == 700


def test_references_look_like_the_banks_own(clock: StillClock) -> None:
    bank = bank_at(clock)
    references = {pay(bank, order=str(number)).gateway_reference for number in range(100)}
    assert len(references) == 100
    assert all(len(reference) == 25 and reference.startswith("PSP1765538031708") for reference in references)
