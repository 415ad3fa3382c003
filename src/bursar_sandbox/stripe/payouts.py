"""Payouts from accounts at Stripe to banks: whether they are taken on, and what they pay for."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from bursar_sandbox.book import Book, Status
from bursar_sandbox.clock import Clock
from bursar_sandbox.entries import enter
from bursar_sandbox.stripe import numbers
from bursar_sandbox.stripe.accounts import Accounts, Holder
from bursar_sandbox.stripe.asks import MetadataChange, PayoutAsk
from bursar_sandbox.stripe.balances import Balances, Kind
from bursar_sandbox.stripe.events import Events
from bursar_sandbox.stripe.ids import Ids
from bursar_sandbox.stripe.life import Life, Underway
from bursar_sandbox.stripe.merging import changed
from bursar_sandbox.stripe.objects import BankAccount, Payout, PayoutStatus, TraceId
from bursar_sandbox.stripe.refusals import NotDone
from bursar_sandbox.stripe.shelf import Shelf
from bursar_sandbox.stripe.transfers import Sent, Transfers, known

GATEWAY: Final = "stripe"
"""What the book of payouts is called."""

DAY_S: Final = 86_400
ARRIVES_AFTER_DAYS: Final = 2


@dataclass(slots=True)
class Payouts:
    """Every payout that was ever taken on."""

    accounts: Accounts
    balances: Balances
    transfers: Transfers
    events: Events
    clock: Clock
    ids: Ids
    life: Life
    shelf: Shelf[Underway] = field(
        default_factory=lambda: Shelf("payout", marks=lambda payout: (payout.account, payout.entry.reference))
    )

    @property
    def book(self) -> Book:
        """What was really paid out."""
        return self.life.book

    def create(self, holder: Holder, ask: PayoutAsk) -> Underway:
        """Take a payout on.

        Raises:
            BadParameter: there is no such currency.
            NotDone: the account may not be paid out, holds too little, or has no bank account that could take it.
        """
        currency = known(ask.currency)
        bank = self._bank(holder, ask, currency=currency)
        if self.balances.of(holder.id, currency) < ask.amount:
            raise NotDone(
                "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. "
                "You can use the the /v1/balance endpoint to view your Stripe balance.",
                code="balance_insufficient",
            )
        now_ms = self.clock.now_ms()
        shown = self._shown(holder, ask, currency=currency, bank=bank)
        source, reference = self._source(holder, shown)
        payee = f"{GATEWAY}|{holder.id}"
        entry = enter(self.book, shown, reference=reference, payee=payee, status=Status.PENDING, at_ms=now_ms)
        fate = self.accounts.fate(holder, bank, attempt_number=entry.attempt_number)
        payout = Underway(shown, holder.id, fate, entry, source)
        if source is not None:
            source.paid_out = payout.id
        self.shelf.add(payout)
        self.life.begin(payout)
        return payout

    def change(self, payout: Underway, ask: MetadataChange) -> None:
        """Change a payout's metadata."""
        before: dict[str, object] = {"metadata": payout.shown.metadata}
        payout.shown.metadata = changed(payout.shown.metadata, ask.metadata)
        self.events.tell("payout.updated", payout.shown, account=payout.account, before=before)

    def cancel(self, payout: Underway) -> None:
        """Stop a payout that has not left yet.

        Raises:
            NotDone: it has.
        """
        if payout.shown.status is not PayoutStatus.PENDING:
            raise NotDone("Payouts can only be canceled while their status is `pending`.")
        self.life.move(payout, PayoutStatus.CANCELED)

    def reverse(self, payout: Underway, *, metadata: dict[str, str]) -> Underway:
        """Ask the bank for a payout's money: a payout of its own, the other way round.

        Raises:
            NotDone: the bank does not have it, or was asked already.
        """
        shown = payout.shown
        if shown.status is not PayoutStatus.PAID or shown.original_payout is not None:
            raise NotDone("Only a paid payout can be reversed; cancel one that is pending.", param="payout")
        if shown.reversed_by is not None:
            raise NotDone("This payout has already been reversed.", param="payout")
        name, now_ms = self.ids.new("po"), self.clock.now_ms()
        back = msgspec.structs.replace(
            shown, id=name, amount=-shown.amount, balance_transaction="", created=now_ms // 1000,
            metadata=metadata, original_payout=shown.id, status=PayoutStatus.PENDING, trace_id=TraceId(),
        )  # fmt: skip
        back.balance_transaction = self.balances.move(
            payout.account, shown.currency, amount=shown.amount, kind=Kind.PAYOUT, source=name
        )
        shown.reversed_by = name
        reversal = Underway(back, payout.account, numbers.PAID, payout.entry, None)
        self.shelf.add(reversal)
        self.life.begin(reversal)
        return reversal

    def _bank(self, holder: Holder, ask: PayoutAsk, *, currency: str) -> BankAccount:
        """Where it is to go."""
        if not holder.shown.payouts_enabled:
            raise NotDone(
                "Cannot create payouts: this account has requirements that need to be provided.",
                code="payouts_not_allowed",
            )
        if ask.destination is not None:
            bank = next((bank for bank in holder.banks if bank.id == ask.destination), None)
        else:
            bank = self.accounts.bank_for(holder, currency)
        if bank is None and ask.destination is not None:
            words = f"No such external account: '{ask.destination}'"
            raise NotDone(words, code="resource_missing", param="destination")
        if bank is None or bank.currency != currency:
            raise NotDone(f"Sorry, you don't have any external accounts in that currency ({currency}).")
        if bank.status == "errored":
            raise NotDone(
                "The bank account provided cannot be used for payouts. A different bank account must be used.",
                code="bank_account_unusable",
            )
        if ask.method == "instant":
            raise NotDone(
                "Instant payouts are not supported for this bank account.", code="instant_payouts_unsupported"
            )
        return bank

    def _shown(self, holder: Holder, ask: PayoutAsk, *, currency: str, bank: BankAccount) -> Payout:
        name, now = self.ids.new("po"), self.clock.now_ms() // 1000
        movement = self.balances.move(
            holder.id, currency, amount=-ask.amount, kind=Kind.PAYOUT, source=name, words=ask.description
        )
        return Payout(
            id=name,
            amount=ask.amount,
            arrival_date=(now // DAY_S + ARRIVES_AFTER_DAYS) * DAY_S,
            balance_transaction=movement,
            created=now,
            currency=currency,
            description=ask.description,
            destination=bank.id,
            metadata=changed({}, ask.metadata),
            method=ask.method,
            payout_method=ask.payout_method,
            source_type=ask.source_type,
            statement_descriptor=ask.statement_descriptor,
            trace_id=TraceId(),
        )

    def _source(self, holder: Holder, shown: Payout) -> tuple[Sent | None, str]:
        """The transfer whose money this is, and what it pays for.

        Stripe keeps no such connection. The book needs one, to tell what was paid twice: a payout belongs to the
        transfer group that its metadata names; else to the oldest transfer of the same sum whose money is still there.
        """
        received = self.transfers.shelf
        for word in shown.metadata.values():
            for sent in reversed(received.marked(("group", word))):
                if sent.shown.destination == holder.id:
                    return sent, word
        for sent in received.marked(("to", holder.id)):
            if sent.is_whole and (sent.shown.amount, sent.shown.currency) == (shown.amount, shown.currency):
                return sent, sent.entry.reference
        return None, shown.id
