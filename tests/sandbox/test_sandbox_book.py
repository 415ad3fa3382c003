"""The oracle must be right whatever happens to a transfer, in whatever order."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_sandbox.book import Book, Status, Transfer

_numbers = itertools.count(1)


def entered(
    book: Book, *, order: str = "order-1", status: Status = Status.SUCCESS, minor: int = 1000, at_ms: int = 7
) -> Transfer:
    """Write a new attempt at an order into the book."""
    number = next(_numbers)
    transfer = Transfer(
        reference=f"ref-{number}",
        order_id=order,
        gateway_reference=f"PSP{number}",
        amount_minor=minor,
        currency="PKR",
        destination=b"\0" * 32,
        destination_tail="0001",
        fingerprint=0,
        attempt_number=book.attempts_of(order) + 1,
        status=status,
        reason=None,
        accepted_ms=at_ms,
        changed_ms=at_ms,
    )
    book.enter(transfer)
    return transfer


def test_an_order_paid_under_two_references_is_found() -> None:
    book = Book()
    entered(book, order="twice")
    entered(book, order="once")
    assert book.paid_more_than_once == []
    entered(book, order="twice")
    assert book.paid_more_than_once == ["twice"]


def test_a_failure_that_turns_into_a_payment_after_a_second_attempt_is_found() -> None:
    book = Book()
    first = entered(book, status=Status.FAILED)
    entered(book)
    assert book.paid_more_than_once == []
    book.move(first, Status.SUCCESS, at_ms=99)
    assert book.paid_more_than_once == ["order-1"]


def test_money_that_came_back_was_still_paid() -> None:
    """Paying again after a return is a second payment of the same order."""
    book = Book()
    book.move(entered(book), Status.RETURNED, at_ms=99)
    entered(book)
    assert book.paid_more_than_once == ["order-1"]


def test_a_payment_taken_back_by_the_gateway_clears_the_order() -> None:
    book = Book()
    first = entered(book)
    entered(book)
    book.move(first, Status.FAILED, at_ms=99)
    assert book.paid_more_than_once == []
    assert first.paid_ms is None


def test_a_return_keeps_the_time_of_payment_and_may_be_partial() -> None:
    book = Book()
    transfer = entered(book, minor=1000)
    paid_ms = transfer.paid_ms
    book.move(transfer, Status.RETURNED, at_ms=99, amount_minor=400)
    assert (transfer.paid_ms, transfer.returned_ms, transfer.returned_minor) == (paid_ms, 99, 400)
    assert book.totals["PKR"].net_minor == 600


@pytest.mark.parametrize("status", [Status.FAILED, Status.RETRY, Status.PENDING, Status.ON_HOLD])
def test_only_paid_transfers_count(status: Status) -> None:
    book = Book()
    entered(book, status=status)
    assert book.totals["PKR"].count_paid == 0
    assert book.totals["PKR"].paid_minor == 0


def test_attempts_are_counted_per_order() -> None:
    book = Book()
    assert [entered(book, order=order).attempt_number for order in "ababa"] == [1, 1, 2, 2, 3]


def test_pages_follow_the_order_of_arrival() -> None:
    book = Book()
    references = [entered(book, order=str(number)).reference for number in range(5)]
    first, cursor = book.page(start=0, limit=3)
    assert cursor == 3
    second, end = book.page(start=3, limit=3)
    assert end is None
    assert [transfer.reference for transfer in first + second] == references


def test_a_clock_that_steps_back_does_not_hide_transfers_from_a_listing() -> None:
    book = Book()
    early = entered(book, order="a", at_ms=1000)
    after_the_step = entered(book, order="b", at_ms=400)
    late = entered(book, order="c", at_ms=2000)
    assert book.position_since(500) == 0
    assert after_the_step.accepted_ms == early.accepted_ms
    assert book.position_since(late.accepted_ms) == 2


moves = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(Status), st.integers(1, 2000)), max_size=40)


@given(moves)
def test_running_totals_equal_a_recount(steps: list[tuple[int, Status, int]]) -> None:
    """Any order of any changes leaves the same figures as counting everything afresh."""
    book = Book()
    transfers = [entered(book, order=f"order-{index % 3}") for index in range(6)]
    for index, status, minor in steps:
        book.move(transfers[index], status, at_ms=99, amount_minor=minor)
    paid = [transfer for transfer in transfers if transfer.is_paid]
    total = book.totals["PKR"]
    assert total.paid_minor == sum(transfer.amount_minor for transfer in paid)
    assert total.returned_minor == sum(transfer.returned_minor for transfer in paid)
    assert total.net_minor == total.paid_minor - total.returned_minor
    assert total.count_paid == len(paid)
    times_paid = Counter(transfer.order_id for transfer in paid)
    assert set(book.paid_more_than_once) == {order for order, times in times_paid.items() if times > 1}
