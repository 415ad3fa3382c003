"""What holds for a simulated platform whatever happens to it, in whatever order."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_sandbox.settings import StripeSettings
from bursar_sandbox.stripe.asks import ListAsk, PayoutAsk, ReversalAsk, Span, TransferAsk
from bursar_sandbox.stripe.ids import PLATFORM
from bursar_sandbox.stripe.platform import Platform, open_platform
from bursar_sandbox.stripe.refusals import Refused
from bursar_sandbox.stripe.shelf import Shelf

OPENING = 1_000_000
ACCOUNTS = [f"acct_sandbox{ending}" for ending in ("0001", "0002", "0003", "0004", "0007", "0008")]


@dataclass
class StillClock:
    """Stands still until told to move."""

    at_ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


@dataclass
class Item:
    """Something on a shelf."""

    id: str
    created: int


Step = Callable[[Platform, int, int], None]


def transfer(platform: Platform, which: int, amount: int) -> None:
    group = f"order{which}-{amount % 3}"
    platform.transfers.create(
        TransferAsk(amount=amount, currency="usd", destination=ACCOUNTS[which % 6], transfer_group=group)
    )


def pay_out(platform: Platform, which: int, amount: int) -> None:
    holder = platform.accounts.find(ACCOUNTS[which % 6])
    assert holder is not None
    platform.payouts.create(holder, PayoutAsk(amount=amount, currency="usd"))


def reverse(platform: Platform, which: int, amount: int) -> None:
    shelf = platform.transfers.shelf.all
    if shelf:
        platform.transfers.reverse(shelf[which % len(shelf)], ReversalAsk(amount=amount))


def cancel(platform: Platform, which: int, _amount: int) -> None:
    shelf = platform.payouts.shelf.all
    if shelf:
        platform.payouts.cancel(shelf[which % len(shelf)])


def take_back(platform: Platform, which: int, _amount: int) -> None:
    shelf = platform.payouts.shelf.all
    if shelf:
        platform.payouts.reverse(shelf[which % len(shelf)], metadata={})


def wait(platform: Platform, which: int, _amount: int) -> None:
    assert isinstance(platform.clock, StillClock)
    platform.clock.at_ms += which * 100
    platform.payouts.life.advance()


STEPS: list[Step] = [transfer, pay_out, reverse, cancel, take_back, wait]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.sampled_from([100, 100, 250, 900_000])), max_size=40
    )
)
def test_no_money_comes_or_goes_but_to_banks(steps: list[tuple[Step, int, int]]) -> None:
    platform = open_platform(StripeSettings(opening_balance_minor=OPENING), clock=StillClock())
    for step, which, amount in steps:
        with suppress(Refused):
            step(platform, which, amount)
        held = sum(platform.balances.of(account, "usd") for account in (PLATFORM, *ACCOUNTS))
        assert held + _at_banks(platform) == OPENING
        assert min(platform.balances.of(account, "usd") for account in (PLATFORM, *ACCOUNTS)) >= 0
    for account in (PLATFORM, *ACCOUNTS):
        moved = sum(movement.net for movement in platform.balances.movements(account).all)
        opening = OPENING if account == PLATFORM else 0
        assert platform.balances.of(account, "usd") == opening + moved
    _books_agree(platform)


def _at_banks(platform: Platform) -> int:
    """What has left for banks and is not back: a reversal brings it back as soon as it is asked for."""
    return sum(
        payout.shown.amount
        for payout in platform.payouts.shelf.all
        if payout.shown.status not in {"failed", "canceled"}
    )


def _books_agree(platform: Platform) -> None:
    """One book is what was paid and stayed at banks, the other what was given and not taken back."""
    kept = [payout.shown for payout in platform.payouts.shelf.all if payout.shown.status == "paid"]
    total = platform.payouts.book.totals.get("USD")
    assert (total.net_minor if total else 0) == sum(shown.amount for shown in kept)
    given_ = [sent.shown for sent in platform.transfers.shelf.all]
    total = platform.transfers.book.totals.get("USD")
    assert (total.net_minor if total else 0) == sum(shown.amount - shown.amount_reversed for shown in given_)


@given(
    st.lists(st.integers(0, 5), max_size=30),
    st.integers(1, 7),
    st.integers(0, 60),
    st.sampled_from([None, "starting_after", "ending_before"]),
    st.tuples(st.none() | st.integers(0, 60), st.none() | st.integers(0, 60)),
)
def test_a_page_is_what_a_patient_reader_would_find(
    gaps: list[int], limit: int, at: int, cursor: str | None, span: tuple[int | None, int | None]
) -> None:
    shelf: Shelf[Item] = Shelf("item")
    second = 0
    for number, gap in enumerate(gaps):
        second += gap
        shelf.add(Item(str(number), second))
    name = str(at % len(gaps)) if cursor and gaps else None
    ask = ListAsk(limit=limit, created=Span(gte=span[0], lt=span[1]), **({cursor: name} if cursor and name else {}))
    newest_first = [
        item for item in reversed(shelf.all)
        if (span[0] is None or item.created >= span[0]) and (span[1] is None or item.created < span[1])
    ]  # fmt: skip
    if name and cursor == "starting_after":
        newest_first = [item for item in newest_first if int(item.id) < int(name)]
    if name and cursor == "ending_before":
        newer = [item for item in newest_first if int(item.id) > int(name)]
        expected, has_more = newer[-limit:], len(newer) > limit
    else:
        expected, has_more = newest_first[:limit], len(newest_first) > limit
    page = shelf.page(shelf.all, ask)
    assert (page.things, page.has_more) == (expected, has_more)


def test_a_shelf_that_keeps_the_newest_forgets_the_oldest() -> None:
    shelf: Shelf[Item] = Shelf("item", marks=lambda item: (item.created % 2,), keep=3)
    for number in range(10):
        shelf.add(Item(str(number), number))
    assert [item.id for item in shelf.all] == ["6", "7", "8", "9"]
    assert shelf.find("0") is None
    assert [item.id for item in shelf.marked(0)] == ["6", "8"]
    assert [item.id for item in shelf.page(shelf.all, ListAsk(starting_after="8")).things] == ["7", "6"]
    with pytest.raises(Refused):
        shelf.page(shelf.all, ListAsk(starting_after="0"))
