"""Transfers from the platform to its connected accounts, and their reversals: book entries, done at once."""

from dataclasses import dataclass, field
from typing import Final

from bursar_sandbox import book
from bursar_sandbox.book import Book, Status
from bursar_sandbox.clock import Clock
from bursar_sandbox.currencies import DECIMALS_OF
from bursar_sandbox.entries import enter
from bursar_sandbox.stripe.accounts import Accounts
from bursar_sandbox.stripe.asks import ReversalAsk, TransferAsk, TransferChange
from bursar_sandbox.stripe.balances import Balances, Kind
from bursar_sandbox.stripe.events import Events
from bursar_sandbox.stripe.ids import PLATFORM, Ids
from bursar_sandbox.stripe.merging import changed
from bursar_sandbox.stripe.objects import List, Reversal, Transfer
from bursar_sandbox.stripe.refusals import BadParameter, NotDone
from bursar_sandbox.stripe.shelf import Kept, Shelf

SHOWN_REVERSALS: Final = 10  # In the transfer itself; the others are listed.
AMOUNT_MAX_MINOR: Final = 99_999_999
GATEWAY: Final = "stripe-transfer"
"""What the book of transfers is called."""


@dataclass(slots=True)
class Sent(Kept):
    """One transfer with everything that belongs to it."""

    shown: Transfer
    entry: book.Transfer
    reversals: Shelf[Reversal]
    paid_out: str | None = None  # The payout that took its money on to a bank.

    @property
    def is_whole(self) -> bool:
        """All of its money is still in the connected account."""
        return self.paid_out is None and self.shown.amount_reversed == 0


@dataclass(slots=True)
class Transfers:
    """Every transfer that was made."""

    accounts: Accounts
    balances: Balances
    events: Events
    clock: Clock
    ids: Ids
    book: Book = field(default_factory=lambda: Book(forgives_returns=True))
    shelf: Shelf[Sent] = field(
        default_factory=lambda: Shelf(
            "transfer",
            marks=lambda sent: (("to", sent.shown.destination), ("group", sent.shown.transfer_group)),
        )
    )

    def create(self, ask: TransferAsk) -> Sent:
        """Move money to a connected account.

        Raises:
            BadParameter: there is no such currency.
            NotDone: there is no such account, it may not be paid to, or the platform holds too little.
        """
        currency = known(ask.currency)
        holder = self.accounts.find(ask.destination)
        if holder is None or holder is self.accounts.platform:
            raise NotDone(f"No such destination: '{ask.destination}'", code="resource_missing", param="destination")
        if holder.shown.capabilities.get("transfers") != "active":
            raise NotDone(
                "Your destination account needs to have at least one of the following capabilities enabled: "
                "transfers, crypto_transfers, legacy_payments",
                code="insufficient_capabilities_for_transfer",
            )
        if ask.amount > AMOUNT_MAX_MINOR:
            raise NotDone("Amount must be no more than 999,999.99", code="amount_too_large", param="amount")
        if self.balances.of(PLATFORM, currency) < ask.amount:
            raise NotDone(
                "You have insufficient available funds in your Stripe account. One of the ways to add funds to your "
                "available balance is to wait for pending funds to settle. See: https://stripe.com/docs/balance",
                code="balance_insufficient",
            )
        return self._move(ask, currency=currency)

    def change(self, sent: Sent, ask: TransferChange) -> None:
        """Change a transfer's words."""
        before: dict[str, object] = {"description": sent.shown.description, "metadata": sent.shown.metadata}
        sent.shown.description = ask.description or sent.shown.description
        sent.shown.metadata = changed(sent.shown.metadata, ask.metadata)
        self.events.tell("transfer.updated", sent.shown, before=before)

    def reverse(self, sent: Sent, ask: ReversalAsk) -> Reversal:
        """Take a transfer's money back, or a part of it.

        Raises:
            NotDone: it has come back already, or the connected account does not hold so much.
        """
        shown = sent.shown
        left = shown.amount - shown.amount_reversed
        amount = left if ask.amount is None else ask.amount
        if left == 0:
            raise NotDone(f"Transfer {sent.id} is already fully reversed.")
        if amount > left:
            raise NotDone(f"Reversal amount ({amount}) is greater than unreversed amount ({left})", param="amount")
        if self.balances.of(shown.destination, shown.currency) < amount:
            raise NotDone(
                "The connected account does not have enough available balance to reverse this transfer.",
                code="balance_insufficient",
            )
        return self._take_back(sent, amount=amount, metadata=changed({}, ask.metadata))

    def _move(self, ask: TransferAsk, *, currency: str) -> Sent:
        now_ms = self.clock.now_ms()
        name, payment = self.ids.new("tr"), self.ids.new("py")
        movement = self.balances.move(
            PLATFORM, currency, amount=-ask.amount, kind=Kind.TRANSFER, source=name, words=ask.description
        )
        self.balances.move(ask.destination, currency, amount=ask.amount, kind=Kind.RECEIVED, source=payment)
        shown = Transfer(
            id=name,
            amount=ask.amount,
            balance_transaction=movement,
            created=now_ms // 1000,
            currency=currency,
            description=ask.description,
            destination=ask.destination,
            destination_payment=payment,
            metadata=changed({}, ask.metadata),
            reversals=List(f"/v1/transfers/{name}/reversals", []),
            source_transaction=ask.source_transaction,
            source_type=ask.source_type,
            transfer_group=ask.transfer_group,
        )
        reference = ask.transfer_group or name
        entry = enter(
            self.book,
            shown,
            reference=reference,
            payee=f"{GATEWAY}|{ask.destination}",
            status=Status.SUCCESS,
            at_ms=now_ms,
        )
        sent = Sent(shown, entry, Shelf("transfer reversal"))
        self.shelf.add(sent)
        self.events.tell("transfer.created", shown)
        return sent

    def _take_back(self, sent: Sent, *, amount: int, metadata: dict[str, str]) -> Reversal:
        shown, now_ms = sent.shown, self.clock.now_ms()
        name = self.ids.new("trr")
        movement = self.balances.move(PLATFORM, shown.currency, amount=amount, kind=Kind.TRANSFER_REVERSAL, source=name)
        refund = self.ids.new("pyr")
        self.balances.move(shown.destination, shown.currency, amount=-amount, kind=Kind.GIVEN_BACK, source=refund)
        reversal = Reversal(
            id=name,
            amount=amount,
            balance_transaction=movement,
            created=now_ms // 1000,
            currency=shown.currency,
            destination_payment_refund=refund,
            metadata=metadata,
            transfer=sent.id,
        )
        before: dict[str, object] = {"amount_reversed": shown.amount_reversed, "reversed": shown.reversed}
        sent.reversals.add(reversal)
        shown.reversals.data = [reversal, *shown.reversals.data][:SHOWN_REVERSALS]
        shown.reversals.has_more = len(sent.reversals) > SHOWN_REVERSALS
        shown.amount_reversed += amount
        shown.reversed = shown.amount_reversed == shown.amount
        self.book.move(sent.entry, Status.RETURNED, at_ms=now_ms, amount_minor=shown.amount_reversed)
        self.events.tell("transfer.reversed", shown, before=before)
        return reversal


def known(currency: str) -> str:
    """A currency in lower case.

    Raises:
        BadParameter: there is no such currency.
    """
    if currency.upper() not in DECIMALS_OF:
        raise BadParameter(f"Invalid currency: {currency.lower()}", param="currency")
    return currency.lower()
