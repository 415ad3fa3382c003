"""How payouts go on once they were taken on: step by step, with the money, the book and whoever is to be told."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from bursar_sandbox import book
from bursar_sandbox.book import Book, Reason, Status
from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx import rules
from bursar_sandbox.razorpayx.events import Events
from bursar_sandbox.razorpayx.money import Money
from bursar_sandbox.razorpayx.objects import FundAccount, Payout, StatusDetails
from bursar_sandbox.razorpayx.rules import PayoutStatus, Step

S = PayoutStatus

EVENTS: Final = {
    S.PENDING: "payout.pending",
    S.QUEUED: "payout.queued",
    S.PROCESSING: "payout.initiated",
    S.PROCESSED: "payout.processed",
    S.REVERSED: "payout.reversed",
    S.FAILED: "payout.failed",
    S.REJECTED: "payout.rejected",
}
"""What is told of each status; of the others nothing is."""

DEBITED: Final = frozenset({S.PROCESSING, S.PROCESSED})
"""Where our account has paid for it."""

OVER: Final = frozenset({S.REVERSED, S.FAILED, S.CANCELLED, S.REJECTED})
LOW_BALANCE: Final = Step(S.QUEUED, "low_balance")
UTR_LENGTH: Final = 12


class Behaviour(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a tester may change while it runs."""

    mode: Literal["live", "test"] = "live"
    settle_after_ms: Annotated[int, Meta(ge=0)] = 300
    reverse_after_ms: Annotated[int, Meta(ge=0)] = 3000


@dataclass(slots=True)
class Underway:
    """One payout with everything that belongs to it."""

    shown: Payout
    account: FundAccount  # With its contact.
    entry: book.Transfer
    steps: list[Step]  # That are still to come.
    is_debited: bool = False

    @property
    def whole(self) -> Payout:
        """The payout as composite calls and webhooks show it."""
        return msgspec.structs.replace(self.shown, fund_account=self.account)


@dataclass(slots=True)
class Life:
    """Moves payouts, in their time or by a tester's hand."""

    money: Money
    events: Events
    clock: Clock
    behaviour: Behaviour
    book: Book = field(default_factory=lambda: Book(forgives_returns=True))
    _due: list[tuple[int, int, int, Underway]] = field(default_factory=list)
    _waiting: deque[Underway] = field(default_factory=deque)  # For money; the oldest is paid first.
    # So that what falls due at the same time is done in the order it came.
    _order: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, payout: Underway) -> None:
        """Let a new payout take its first step, or wait for money."""
        if payout.steps[0].status is S.PROCESSING and not self.affords(payout.shown):
            self._waiting.append(payout)
            self.move(payout, LOW_BALANCE)
        else:
            self.step(payout)

    def affords(self, payout: Payout) -> bool:
        """The account holds enough for it, with fees."""
        return self.money.held >= payout.amount + rules.fees(payout.amount)[0]

    def step(self, payout: Underway, *, due_ms: int | None = None) -> None:
        """Take the next step, which was due then or is now, and plan the one after it."""
        step = payout.steps.pop(0)
        self.move(payout, step)
        if payout.steps:
            tempo = self.behaviour
            wait_ms = tempo.reverse_after_ms if step.status is S.PROCESSED else tempo.settle_after_ms
            at_ms = (self.clock.now_ms() if due_ms is None else due_ms) + wait_ms
            heapq.heappush(self._due, (at_ms, next(self._order), len(payout.steps), payout))

    def move(self, payout: Underway, step: Step) -> None:
        """Bring a payout to another status, whatever it was, and tell of it."""
        shown, was = payout.shown, payout.shown.status
        shown.status, shown.status_details = step.status, StatusDetails.of(step.reason)
        self._settle_with_account(payout)
        if step.status is S.PROCESSED:
            shown.utr = shown.id[-UTR_LENGTH:].upper()
        self._write(payout, was_paid=was is S.PROCESSED, reason=step.reason)
        if step.status in EVENTS:
            self.events.tell(EVENTS[step.status], payout.whole, about=payout.entry.reference)
        if step.status is S.PROCESSED:
            self.events.tell("payout.updated", payout.whole, about=payout.entry.reference)

    def force(self, payout: Underway, step: Step) -> None:
        """Move a payout by hand; it takes no step by itself any more."""
        payout.steps.clear()
        self.move(payout, step)
        self.pay_waiting()

    def pay_waiting(self) -> None:
        """Let payouts go that waited for money, as far as there is some now."""
        while self._waiting:
            payout = self._waiting[0]
            if payout.shown.status is S.QUEUED and payout.steps:
                if not self.affords(payout.shown):
                    return
                self.step(payout)
            self._waiting.popleft()  # Also what was cancelled or moved by hand in the meantime.

    def advance(self) -> None:
        """Do what is due by now."""
        now_ms = self.clock.now_ms()
        while self._due and self._due[0][0] <= now_ms:
            due_ms, _, left, payout = heapq.heappop(self._due)
            if len(payout.steps) == left:  # Else somebody was quicker.
                self.step(payout, due_ms=due_ms)
        self.pay_waiting()

    def hurry(self, payout: Underway) -> None:
        """Let a payout that waits for time alone come to its outcome now."""
        while payout.steps and payout.shown.status is S.PROCESSING:
            self.step(payout)

    def next_due_in_ms(self) -> int | None:
        """How long until something is due; None if nothing is."""
        return max(0, self._due[0][0] - self.clock.now_ms()) if self._due else None

    def _settle_with_account(self, payout: Underway) -> None:
        """Let the account have paid for it or not, whichever it was before."""
        is_debited, shown = payout.shown.status in DEBITED, payout.shown
        if is_debited == payout.is_debited:
            return
        payout.is_debited = is_debited
        if is_debited:
            shown.fees, shown.tax = rules.fees(shown.amount)
            self.money.pay(shown)
        else:
            self.money.take_back(shown)

    def _write(self, payout: Underway, *, was_paid: bool, reason: str | None) -> None:
        """Let the book say where the money is. What is over after it was paid was paid, and came back."""
        status, now_ms = payout.shown.status, self.clock.now_ms()
        if status in OVER and (was_paid or payout.entry.status is Status.RETURNED):
            self.book.move(payout.entry, Status.RETURNED, at_ms=now_ms)
            return
        to = Status.SUCCESS if status is S.PROCESSED else Status.FAILED if status in OVER else Status.PENDING
        why = Reason(reason, rules.DETAILS[reason][1]) if reason else None
        self.book.move(payout.entry, to, at_ms=now_ms, reason=why)
