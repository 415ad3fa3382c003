"""Takes transfers on, processes them in time, debits wallets, and notes what there is to tell.

The same for both versions. Pure apart from clock and chance, which it is handed: no network, no waiting.
"""

import heapq
import itertools
import random
import string
from decimal import Decimal
from hashlib import sha256
from typing import Final

from bursar_sandbox.book import Book, Reason, Status, Transfer
from bursar_sandbox.clock import Clock
from bursar_sandbox.currencies import major_number
from bursar_sandbox.flutterwave import directory, prices, rules
from bursar_sandbox.flutterwave.accounts import Accounts
from bursar_sandbox.flutterwave.archive import Archive
from bursar_sandbox.flutterwave.records import Ask, Batch, Behaviour, News, Occasion, Parent, Record
from bursar_sandbox.flutterwave.rules import Fate, State
from bursar_sandbox.flutterwave.wallets import Wallets
from bursar_sandbox.orders import order_of

CODE_LENGTH: Final = 10
CODE_ALPHABET: Final = string.ascii_letters + string.digits

STATUS_OF: Final = {
    State.NEW: Status.PENDING,
    State.PENDING: Status.PENDING,
    State.SUCCESSFUL: Status.SUCCESS,
    State.FAILED: Status.FAILED,
}


class Processor:
    """One merchant's account: its transfers, its wallets, its book."""

    def __init__(self, *, clock: Clock, chance: random.Random, behaviour: Behaviour, wallets: Wallets) -> None:
        """Nothing has been asked for yet."""
        self.book = Book()
        self.archive = Archive()
        self.accounts = Accounts()
        self.wallets = wallets
        self.behaviour = behaviour
        self._clock = clock
        self._chance = chance
        # The time makes ids unique over restarts, as a client may remember them.
        self._ids = itertools.count(clock.now_ms())
        self._batch_ids = itertools.count(clock.now_ms())
        self._events = itertools.count(1)
        self._order = itertools.count()  # So that what falls due at the same time is done in the order it came.
        self._due: list[tuple[int, int, Record]] = []
        self._news: list[News] = []

    def objection(self, ask: Ask) -> str | None:
        """Why Flutterwave would not even queue this, in its words."""
        if rules.is_blacklisted(ask.bank_code, ask.account_number):
            return rules.BLACKLISTED
        if self.accounts.owner(ask.bank_code, ask.account_number) is None:
            return rules.CANNOT_RESOLVE
        if self.behaviour.refuses_unfunded and not self.wallets.covers(ask.wallet, ask.amount):
            return rules.NO_FUNDS_AT_ONCE
        return None

    def take_on(
        self, ask: Ask, *, doomed: str | None = None, batch: Batch | None = None, parent: Parent | None = None
    ) -> Record:
        """Queue a transfer under a reference that nobody has used; `doomed` says why it is going to fail."""
        now_ms = self._clock.now_ms()
        entry = self._enter(ask, now_ms=now_ms)
        if doomed is None and rules.needs_name(ask.currency) and not ask.beneficiary_name:
            doomed = rules.NO_NAME
        fate, wait_ms = (Fate(State.FAILED, doomed, is_refused=True), 0) if doomed else self._fate(entry, ask)
        fee = prices.fee(ask.amount, ask.currency)
        if ask.beneficiary_name:
            self.accounts.hear(ask.bank_code, ask.account_number, name=ask.beneficiary_name)
        record = Record(
            id=int(entry.gateway_reference),
            code=f"trf_{self.new_code()}",
            ask=ask,
            full_name=self.accounts.owner(ask.bank_code, ask.account_number) or "N/A",
            bank_name=directory.bank_name(ask.bank_code),
            fee=fee,
            cost=(ask.amount + fee) * _rate(ask),
            entry=entry,
            fate=fate,
            state=State.NEW,
            created_ms=now_ms,
            batch_id=batch.id if batch else None,
            parent=parent,
            is_approved=not fate.needs_approval,
        )
        self.archive.add(record, batch=batch)
        if not fate.needs_approval:
            self._plan(record, now_ms=now_ms, wait_ms=wait_ms)
        return record

    def open_batch(self) -> Batch:
        """A new bulk, still empty."""
        batch = Batch(next(self._batch_ids), self._clock.now_ms(), [])
        self.archive.batches[batch.id] = batch.members
        return batch

    def invent_reference(self) -> str:
        """A reference for a transfer that came without one."""
        return f"FLW-{self.new_code()}"

    def new_code(self) -> str:
        """Something random to tell one thing from another."""
        return "".join(self._chance.choices(CODE_ALPHABET, k=CODE_LENGTH))

    def advance(self) -> None:
        """Do what is due: process what is new, end what has been processed."""
        now_ms = self._clock.now_ms()
        while self._due and self._due[0][0] <= now_ms:
            self._step(heapq.heappop(self._due)[2])

    def hurry(self, record: Record) -> None:
        """Take a transfer as far as it goes, at once."""
        self._step(record)
        self._step(record)

    def next_due_in_ms(self) -> int | None:
        """How long until something is due; None if nothing is."""
        return max(0, self._due[0][0] - self._clock.now_ms()) if self._due else None

    def approve(self, record: Record) -> None:
        """What somebody does on the dashboard with a transfer that waits for it; it is processed soon, and paid."""
        record.is_approved, record.fate = True, rules.SUCCESS
        self._plan(record, now_ms=self._clock.now_ms(), wait_ms=0)

    def force(self, record: Record, to: State, *, message: str) -> None:
        """Move a transfer anywhere, even against what was said before, and tell of an outcome."""
        if to in rules.FINAL:
            self._end(record, to, message=message)
        else:
            self._settle_with_wallet(record, pays=to is State.PENDING)
            record.fate = rules.STAYS_PENDING
            self._move(record, to, message=message)

    def reverse(self, record: Record, *, amount_minor: int | None = None) -> None:
        """Let paid money come back: the wallet is credited, without the fee."""
        now_ms = self._clock.now_ms()
        self.book.move(record.entry, Status.RETURNED, at_ms=now_ms, amount_minor=amount_minor)
        record.reversed_ms = now_ms
        came_back = major_number(record.entry.returned_minor, record.ask.currency)
        self.wallets.take(record.ask.wallet, -came_back * _rate(record.ask))
        self._tell(record, Occasion.REVERSAL)

    def take_news(self) -> list[News]:
        """What happened since the last call of this, oldest first."""
        news, self._news = self._news, []
        return news

    def _enter(self, ask: Ask, *, now_ms: int) -> Transfer:
        reference = ask.reference or self.invent_reference()
        order = order_of(rules.asked_for(reference))
        entry = Transfer(
            reference=reference,
            order_id=order,
            gateway_reference=str(next(self._ids)),
            amount_minor=ask.amount_minor,
            currency=ask.currency,
            destination=_destination(ask),
            destination_tail=ask.account_number[-4:],
            fingerprint=0,
            attempt_number=self.book.attempts_of(order) + 1,
            status=Status.PENDING,
            reason=None,
            accepted_ms=now_ms,
            changed_ms=now_ms,
        )
        self.book.enter(entry)
        return entry

    def _fate(self, entry: Transfer, ask: Ask) -> tuple[Fate, int]:
        """What becomes of a transfer, and how long that takes."""
        behaviour = self.behaviour
        if behaviour.mode == "test":
            fate, minutes = rules.asked_fate(entry.reference)
            return fate, minutes * behaviour.minute_ms
        fate = rules.live_fate(ask.bank_code, ask.account_number, attempt_number=entry.attempt_number)
        return fate, behaviour.settle_after_ms

    def _plan(self, record: Record, *, now_ms: int, wait_ms: int) -> None:
        """It is processed soon, and ends after the wait."""
        process_ms = now_ms + self.behaviour.settle_after_ms // 2
        for at_ms in (process_ms, max(process_ms, now_ms + wait_ms)):
            heapq.heappush(self._due, (at_ms, next(self._order), record))

    def _step(self, record: Record) -> None:
        """What comes next; nothing, where somebody has moved it by hand in the meantime."""
        if record.state is State.NEW and record.is_approved:
            self._process(record)
        elif record.state is State.PENDING and record.fate.state in rules.FINAL:
            self._end(record, record.fate.state, message=self._words(record))

    def _process(self, record: Record) -> None:
        if record.fate.is_refused:
            self._end(record, State.FAILED, message=record.fate.message)
        elif self.behaviour.restricted:
            self._end(record, State.FAILED, message=rules.RESTRICTED)
        elif not self.wallets.covers(record.ask.wallet, record.cost):
            self._end(record, State.FAILED, message=rules.NO_FUNDS)
        else:
            self._settle_with_wallet(record, pays=True)
            self._move(record, State.PENDING)

    def _end(self, record: Record, to: State, *, message: str) -> None:
        self._settle_with_wallet(record, pays=to is State.SUCCESSFUL)
        self._move(record, to, message=message)
        self._tell(record, Occasion.OUTCOME)

    def _move(self, record: Record, to: State, *, message: str = "") -> None:
        record.state, record.message, record.reversed_ms = to, message, None
        reason = Reason("failed", message) if to is State.FAILED else None
        self.book.move(record.entry, STATUS_OF[to], at_ms=self._clock.now_ms(), reason=reason)

    def _settle_with_wallet(self, record: Record, *, pays: bool) -> None:
        """Let the wallet have paid for it or not, whichever it was before."""
        if record.is_debited != pays:
            self.wallets.take(record.ask.wallet, record.cost if pays else -record.cost)
            record.is_debited = pays

    def _tell(self, record: Record, occasion: Occasion) -> None:
        self._news.append(News(record, occasion, self._clock.now_ms(), f"{record.id}-{next(self._events)}"))

    def _words(self, record: Record) -> str:
        return record.fate.message.format(currency=record.ask.currency)


def _rate(ask: Ask) -> Decimal:
    """What one of the payee's currency costs in the wallet's."""
    return prices.rate(ask.wallet, ask.currency) or Decimal(1)


def _destination(ask: Ask) -> bytes:
    """SHA-256 of `bankCode|accountNumber`, as in the mock bank's book."""
    return sha256(f"{ask.bank_code}|{ask.account_number}".encode()).digest()
