"""What holds for a simulated business at RazorpayX whatever happens to it, in whatever order."""

from collections.abc import Callable
from contextlib import suppress

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from razorpayx_house import ACCOUNT, StandingClock, ask, ask_upi

from bursar_sandbox.book import Status
from bursar_sandbox.razorpayx import asks
from bursar_sandbox.razorpayx.business import Business, open_business
from bursar_sandbox.razorpayx.refusals import Refused
from bursar_sandbox.razorpayx.rules import PayoutStatus, Step
from bursar_sandbox.settings import RazorpayXSettings

OPENING = 2_000_000
ENDINGS = ("0001", "0002", "0003", "0004", "0005", "0007", "0008", "0010")
HELD_BACK = frozenset({PayoutStatus.PROCESSING, PayoutStatus.PROCESSED})
"""Where the money of a payout is not in the account."""

Act = Callable[[Business, StandingClock, int], None]


def pay(business: Business, _clock: StandingClock, which: int) -> None:
    """One payout of an order that may have been tried before; every second one waits for money."""
    ending, reference = ENDINGS[which % len(ENDINGS)], f"order{which % 5}-{len(business.payouts.all)}"
    wanted = {"reference_id": reference, "amount": 100_000 * (1 + which % 3), "queue_if_low_balance": which % 2 == 0}
    body = ask(f"76543210{ending}", **wanted) if which % 3 else ask_upi(f"asha{ending}@okaxis", **wanted)
    business.payouts.create(msgspec.convert(body, asks.PayoutAsk))


def cancel(business: Business, _clock: StandingClock, which: int) -> None:
    if business.payouts.all:
        business.payouts.cancel(business.payouts.all[which % len(business.payouts.all)])


def move(business: Business, _clock: StandingClock, which: int) -> None:
    """A tester's hand, wherever it likes."""
    if business.payouts.all:
        payout = business.payouts.all[which % len(business.payouts.all)]
        business.life.force(payout, Step(list(PayoutStatus)[which % len(PayoutStatus)]))


def wait(business: Business, clock: StandingClock, which: int) -> None:
    clock.at_ms += which * 100
    business.advance()


def cut_off(business: Business, _clock: StandingClock, which: int) -> None:
    if which % 2:
        business.downtimes.start("HDFC", ["IMPS"])
    else:
        business.downtimes.resolve("HDFC")


ACTS: list[Act] = [pay, pay, pay, cancel, move, wait, wait, cut_off]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 30)), max_size=40))
def test_no_rupee_comes_or_goes_but_to_payees(acts: list[tuple[Act, int]]) -> None:
    clock = StandingClock()
    chosen = RazorpayXSettings(account_number=ACCOUNT, opening_balance_minor=OPENING)
    business = open_business(chosen, clock=clock)
    for act, which in acts:
        with suppress(Refused):
            act(business, clock, which)
        out = [payout.shown for payout in business.payouts.all if payout.shown.status in HELD_BACK]
        assert business.money.held + sum(shown.amount + shown.fees for shown in out) == OPENING
    moved = sum(movement.credit - movement.debit for movement in business.money.movements)
    assert business.money.held == OPENING + moved
    _book_agrees(business)


def _book_agrees(business: Business) -> None:
    """Its net is what payees have, and no payout stands there twice."""
    total = business.life.book.totals.get("INR")
    kept = [payout for payout in business.payouts.all if payout.shown.status is PayoutStatus.PROCESSED]
    assert (total.net_minor if total else 0) == sum(payout.shown.amount for payout in kept)
    assert {payout.entry.status for payout in kept} <= {Status.SUCCESS}
    assert len(business.life.book) == len(business.payouts.all)
