"""How payouts go on once they were taken on: status by status, with the money, the book and whoever is to be told."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bursar_sandbox import book
from bursar_sandbox.book import Book, Reason, Status
from bursar_sandbox.clock import Clock
from bursar_sandbox.stripe import numbers
from bursar_sandbox.stripe.accounts import Accounts
from bursar_sandbox.stripe.balances import Balances, Kind
from bursar_sandbox.stripe.events import Events
from bursar_sandbox.stripe.numbers import Fate
from bursar_sandbox.stripe.objects import Payout, PayoutStatus, TraceId
from bursar_sandbox.stripe.shelf import Kept
from bursar_sandbox.stripe.transfers import Sent

STATUS_OF: Final = {
    PayoutStatus.PENDING: Status.PENDING,
    PayoutStatus.IN_TRANSIT: Status.PENDING,
    PayoutStatus.PAID: Status.SUCCESS,
    PayoutStatus.FAILED: Status.FAILED,
    PayoutStatus.CANCELED: Status.FAILED,
}
UNDONE: Final = frozenset({PayoutStatus.FAILED, PayoutStatus.CANCELED})
"""Where the money is back in the account that it came from."""

ENDS: Final = frozenset({PayoutStatus.PAID, *UNDONE})
"""Statuses with an event of their own."""


class Behaviour(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a tester may change while it runs."""

    settle_after_ms: Annotated[int, Meta(ge=0)] = 300
    fail_after_ms: Annotated[int, Meta(ge=0)] = 3000
    requests_per_second: Annotated[int, Meta(ge=0)] = 0
    keeps_every_error: bool = False  # Also a 500 before anything was begun is the answer to its key for a day.


@dataclass(slots=True)
class Underway(Kept):
    """One payout with everything that belongs to it."""

    shown: Payout
    account: str
    fate: Fate
    entry: book.Transfer
    source: Sent | None  # The transfer that its money came from, as far as anybody can tell.


@dataclass(slots=True)
class Life:
    """Moves payouts, in their time or by a tester's hand."""

    accounts: Accounts
    balances: Balances
    events: Events
    clock: Clock
    behaviour: Behaviour
    book: Book = field(default_factory=Book)
    _due: list[tuple[int, int, Underway]] = field(default_factory=list)
    # So that what falls due at the same time is done in the order it came.
    _order: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, payout: Underway) -> None:
        """Tell of a new payout; it leaves soon and ends some time later, or seems to."""
        self.events.tell("payout.created", payout.shown, account=payout.account)
        if payout.fate.stays_pending:
            return
        now_ms, wait_ms = self.clock.now_ms(), self.behaviour.settle_after_ms
        failure = [wait_ms + self.behaviour.fail_after_ms] if payout.fate.was_paid else []
        for wait in (wait_ms // 2, wait_ms, *failure):
            heapq.heappush(self._due, (now_ms + wait, next(self._order), payout))

    def move(self, payout: Underway, to: PayoutStatus, *, failure_code: str | None = None) -> None:
        """Bring a payout to another status, whatever it was, and tell of it."""
        shown, was = payout.shown, payout.shown.status
        before: dict[str, object] = {"status": was}
        shown.status = to
        shown.failure_code = failure_code if to is PayoutStatus.FAILED else None
        shown.failure_message = numbers.MESSAGES.get(shown.failure_code or "")
        if to is PayoutStatus.PAID:
            shown.trace_id = TraceId("supported", payout.id[-12:])
        self._settle_with_balance(payout, is_undone=to in UNDONE, was_undone=was in UNDONE)
        self._write(payout, was_paid=was is PayoutStatus.PAID)
        what = f"payout.{to}" if to in ENDS else "payout.updated"
        self.events.tell(what, shown, account=payout.account, before=before)

    def advance(self) -> None:
        """Do what is due by now."""
        now_ms = self.clock.now_ms()
        while self._due and self._due[0][0] <= now_ms:
            self.step(heapq.heappop(self._due)[2])

    def step(self, payout: Underway) -> None:
        """What comes next; nothing, where somebody has moved it by hand in the meantime."""
        fate = payout.fate
        match payout.shown.status:
            case PayoutStatus.PENDING if not fate.stays_pending:
                self.move(payout, PayoutStatus.IN_TRANSIT)
            case PayoutStatus.IN_TRANSIT if fate.failure_code is None or fate.was_paid:
                self.move(payout, PayoutStatus.PAID)
            case PayoutStatus.IN_TRANSIT:
                self._fail(payout)
            case PayoutStatus.PAID if fate.was_paid:
                self._fail(payout)

    def next_due_in_ms(self) -> int | None:
        """How long until something is due; None if nothing is."""
        return max(0, self._due[0][0] - self.clock.now_ms()) if self._due else None

    def _fail(self, payout: Underway) -> None:
        """The bank does not take it, and is not tried again before somebody changes something."""
        code = payout.fate.failure_code
        self.move(payout, PayoutStatus.FAILED, failure_code=code)
        holder = self.accounts.find(payout.account)
        for bank in holder.banks if holder else ():
            if holder and bank.id == payout.shown.destination:
                self.accounts.judge_bank(holder, bank, status="errored")

    def _settle_with_balance(self, payout: Underway, *, is_undone: bool, was_undone: bool) -> None:
        """Let the account have its money back, or give it once more."""
        if is_undone == was_undone:
            return
        shown = payout.shown
        kind = Kind.PAYOUT_CANCELED if shown.status is PayoutStatus.CANCELED else Kind.PAYOUT_FAILED
        amount = shown.amount if is_undone else -shown.amount
        movement = self.balances.move(
            payout.account, shown.currency, amount=amount, kind=kind if is_undone else Kind.PAYOUT, source=payout.id
        )
        shown.failure_balance_transaction = movement if is_undone else None
        if payout.source is not None:
            payout.source.paid_out = None if is_undone else payout.id

    def _write(self, payout: Underway, *, was_paid: bool) -> None:
        """Let the book say where the money is. What fails after it was paid was paid, and came back."""
        shown, now_ms = payout.shown, self.clock.now_ms()
        if shown.original_payout is not None:
            if shown.status is PayoutStatus.PAID:
                self.book.move(payout.entry, Status.RETURNED, at_ms=now_ms, amount_minor=-shown.amount)
        elif shown.status is PayoutStatus.FAILED and was_paid:
            self.book.move(payout.entry, Status.RETURNED, at_ms=now_ms)
        else:
            reason = Reason(shown.failure_code, shown.failure_message or "") if shown.failure_code else None
            self.book.move(payout.entry, STATUS_OF[shown.status], at_ms=now_ms, reason=reason)
