"""The bank itself: takes transfers on, settles them in time, and notes what it has to tell.

Pure apart from clock and chance, which it is handed: no network, no waiting.
"""

import random
import string
import sys
from collections import deque
from typing import Final, NamedTuple

from bursar_sandbox.book import Book, Reason, Status, Transfer
from bursar_sandbox.clock import Clock
from bursar_sandbox.mockbank import rules
from bursar_sandbox.mockbank.funds import TAKES_FUNDS, Funds, taken_minor
from bursar_sandbox.mockbank.model import TransferAsk, TransferEvent
from bursar_sandbox.mockbank.refusals import NotCancellable, ReferenceConflict
from bursar_sandbox.mockbank.rules import Verdict
from bursar_sandbox.refusals import TransferNotFound

REFERENCE_ALPHABET: Final = string.ascii_uppercase + string.digits
REFERENCE_TAIL_LENGTH: Final = 9
CANCELLABLE: Final = frozenset({Status.ON_HOLD, Status.PENDING})
WORTH_TELLING_AT_ONCE: Final = frozenset({Status.SUCCESS, Status.FAILED, Status.ON_HOLD})


class _Due(NamedTuple):
    """A transfer that was answered PENDING, and what becomes of it when."""

    at_ms: int
    transfer: Transfer
    verdict: Verdict


class Bank:
    """One bank with its book, its float, and its news for the outside."""

    def __init__(
        self,
        *,
        clock: Clock,
        chance: random.Random,
        settle_after_ms: int = 0,
        tells: bool = True,
        tells_at_once: bool = True,
    ) -> None:
        """`tells`: note news at all; `tells_at_once`: also of what the answer itself said."""
        self.book = Book()
        self.funds = Funds()
        self._clock = clock
        self._chance = chance
        self._settle_after_ms = settle_after_ms
        self._tells = tells
        self._tells_at_once = tells_at_once
        self._due: deque[_Due] = deque()  # In order of time, because the delay never changes.
        self._news: list[TransferEvent] = []

    def transfer(self, ask: TransferAsk, *, amount_minor: int) -> tuple[Transfer, bool]:
        """Take on a transfer; a reference known already is only looked up (then the flag is True)."""
        known = self.book.find(ask.reference)
        fingerprint = ask.fingerprint(amount_minor)
        if known is None:
            return self._take_on(ask, amount_minor=amount_minor, fingerprint=fingerprint), False
        if known.fingerprint != fingerprint:
            raise ReferenceConflict
        return known, True

    def find(self, reference: str) -> Transfer:
        """The transfer under this reference."""
        transfer = self.book.find(reference)
        if transfer is None:
            raise TransferNotFound
        return transfer

    def cancel(self, reference: str) -> Transfer:
        """Stop a transfer that has not been paid yet."""
        transfer = self.find(reference)
        if transfer.status not in CANCELLABLE:
            raise NotCancellable
        self._move(transfer, rules.CANCELLED)
        if self._tells_at_once:
            self._tell(transfer)
        return transfer

    def force(self, reference: str, to: Status, *, reason: Reason | None, amount_minor: int | None) -> Transfer:
        """Move a transfer anywhere, even against what was said before, and tell of it."""
        transfer = self.find(reference)
        self._move(transfer, Verdict(to, reason), amount_minor=amount_minor)
        self._tell(transfer)
        return transfer

    def settle_due(self) -> None:
        """Make final what has been pending long enough."""
        now_ms = self._clock.now_ms()
        while self._due and self._due[0].at_ms <= now_ms:
            _, transfer, verdict = self._due.popleft()
            # It may have been cancelled, held or settled by hand in the meantime.
            if transfer.status is Status.PENDING:
                self._move(transfer, verdict)
                self._tell(transfer)

    def next_due_in_ms(self) -> int | None:
        """How long until something settles; None if nothing waits for it."""
        if not self._due:
            return None
        return max(0, self._due[0].at_ms - self._clock.now_ms())

    def take_news(self) -> list[TransferEvent]:
        """What happened since the last call of this, oldest first."""
        news, self._news = self._news, []
        return news

    def _take_on(self, ask: TransferAsk, *, amount_minor: int, fingerprint: int) -> Transfer:
        now_ms = self._clock.now_ms()
        number = self.book.attempts_of(ask.order_id) + 1
        verdict = self._verdict(ask, amount_minor=amount_minor, attempt_number=number)
        settles_later = self._settle_after_ms > 0 and verdict.status in rules.FINAL
        said = rules.IN_CLEARING if settles_later else verdict
        transfer = Transfer(
            reference=ask.reference,
            order_id=ask.order_id,
            gateway_reference=self._reference("PSP", now_ms),
            amount_minor=amount_minor,
            currency=sys.intern(ask.currency),  # Millions of transfers share a few of these.
            destination=ask.destination,
            destination_tail=sys.intern(ask.account_number[-4:]),
            fingerprint=fingerprint,
            attempt_number=number,
            status=said.status,
            reason=said.reason,
            accepted_ms=now_ms,
            changed_ms=now_ms,
        )
        self.book.enter(transfer)
        self.funds.take(transfer.currency, taken_minor(transfer))
        if settles_later:
            self._due.append(_Due(now_ms + self._settle_after_ms, transfer, verdict))
        elif self._tells_at_once and said.status in WORTH_TELLING_AT_ONCE:
            self._tell(transfer)
        return transfer

    def _verdict(self, ask: TransferAsk, *, amount_minor: int, attempt_number: int) -> Verdict:
        verdict = rules.verdict(ask.account_number, attempt_number=attempt_number)
        if verdict.status in TAKES_FUNDS and not self.funds.cover(ask.currency, amount_minor):
            return rules.INSUFFICIENT_FLOAT
        return verdict

    def _move(self, transfer: Transfer, verdict: Verdict, *, amount_minor: int | None = None) -> None:
        before = taken_minor(transfer)
        self.book.move(
            transfer,
            verdict.status,
            at_ms=self._clock.now_ms(),
            reason=verdict.reason,
            amount_minor=amount_minor,
        )
        self.funds.take(transfer.currency, taken_minor(transfer) - before)

    def _tell(self, transfer: Transfer) -> None:
        if self._tells:
            event_id = self._reference("EVT", transfer.changed_ms)
            self._news.append(TransferEvent.of(transfer, event_id=event_id))

    def _reference(self, prefix: str, now_ms: int) -> str:
        # The time makes it unique over restarts, even when the same seed is used again.
        tail = "".join(self._chance.choices(REFERENCE_ALPHABET, k=REFERENCE_TAIL_LENGTH))
        return f"{prefix}{now_ms}{tail}"
