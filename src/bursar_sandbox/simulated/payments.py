"""Takes payments on, lets chance decide them, and writes them into the book.

Pure apart from clock and chance, which it is handed: no network, no waiting.
"""

import sys
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bursar_sandbox.book import Book, Transfer
from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.orders import order_of
from bursar_sandbox.refusals import TransferNotFound
from bursar_sandbox.simulated import rules
from bursar_sandbox.simulated.model import PaymentAsk
from bursar_sandbox.simulated.refusals import KeyConflict
from bursar_sandbox.simulated.rules import Verdict

DELAY_MAX_S: Final = 3600
REFERENCE_BITS: Final = 32  # Eight hexadecimal digits.


class Behaviour(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a tester may change while it runs."""

    success_rate: Annotated[float, Meta(ge=0, le=1)] = 0.95
    delay_seconds: Annotated[float, Meta(ge=0, le=DELAY_MAX_S)] = 1.0
    seed: int = 0


class Payments:
    """Every payment that was ever asked for."""

    def __init__(self, behaviour: Behaviour, *, clock: Clock) -> None:
        """Nothing has been asked for yet."""
        self.book = Book()
        self._clock = clock
        self._names = stream(behaviour.seed, "references")
        self._references: set[str] = set()
        self.behave(behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        """Behave like this from now on, with chance from the beginning of its seed."""
        self.behaviour = behaviour
        self._chance = stream(behaviour.seed, "outcomes")

    def pay(self, ask: PaymentAsk) -> tuple[Transfer, bool]:
        """Take a payment on and decide it; a key known already is only looked up (then the flag is True).

        Raises:
            KeyConflict: the key stands for another payment.
        """
        known, fingerprint = self.book.find(ask.key), ask.fingerprint()
        if known is None:
            return self._take_on(ask, fingerprint=fingerprint), False
        if known.fingerprint != fingerprint:
            raise KeyConflict
        return known, True

    def find(self, key: str) -> Transfer:
        """The payment under this key.

        Raises:
            TransferNotFound: there is none.
        """
        payment = self.book.find(key)
        if payment is None:
            raise TransferNotFound("No payment was ever known under this key.")
        return payment

    def move(self, payment: Transfer, verdict: Verdict, *, amount_minor: int | None = None) -> None:
        """Let a payment stand somewhere else; of a return, `amount_minor` is what came back."""
        self.book.move(
            payment, verdict.status, at_ms=self._clock.now_ms(), reason=verdict.reason, amount_minor=amount_minor
        )

    def _take_on(self, ask: PaymentAsk, *, fingerprint: int) -> Transfer:
        now_ms, order = self._clock.now_ms(), order_of(ask.key)
        number = self.book.attempts_of(order) + 1
        # Drawn for everybody, so that an account whose lot is certain takes nobody else's luck.
        is_lucky = self._chance.random() < self.behaviour.success_rate
        verdict = rules.verdict(ask.recipient.number, attempt_number=number, is_lucky=is_lucky)
        payment = Transfer(
            reference=ask.key,
            order_id=order,
            gateway_reference=self._new_reference(now_ms),
            amount_minor=ask.amount,
            currency=sys.intern(ask.currency),  # Millions of payments share a few of these.
            destination=ask.recipient.hash,
            destination_tail=sys.intern(ask.recipient.account[-4:]),
            fingerprint=fingerprint,
            attempt_number=number,
            status=verdict.status,
            reason=verdict.reason,
            accepted_ms=now_ms,
            changed_ms=now_ms,
        )
        self.book.enter(payment)
        return payment

    def _new_reference(self, now_ms: int) -> str:
        """`PAY-<unix seconds>-<8 hexadecimal digits>`, as in the marketplace document; never one that was given."""
        while True:
            reference = f"PAY-{now_ms // 1000}-{self._names.getrandbits(REFERENCE_BITS):08x}"
            if reference not in self._references:
                self._references.add(reference)
                return reference
