"""Stripe Connect as two gateways: one that stops at the connected account, and one that goes on to its bank.

Webhooks are signed, but what they tell is only a reason to ask: a payout that failed has left its money on the
connected account, and is over only once that money was taken back. Asking does that; a report could not.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bursar.foundation.clock import Clock
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways.deadline import Deadline
from bursar.gateways.model import Capabilities, Instruction, NeverArrived, Outcome, Payment, Report, Resolution, Word
from bursar.gateways.stripe import accounts, causes, listing, reports, transfers, wire
from bursar.gateways.stripe.api import Api, Trouble
from bursar.gateways.stripe.wire import Payout, Transfer
from bursar.holders import Destination

BEING_TAKEN_BACK: Final = "being_taken_back"
"""Why an attempt is held: its payout came to nothing, and its money still lies on the connected account."""

Found = Outcome | NeverArrived


class StripeTransfer:
    """Stripe, as far as the holder's own account there; what becomes of it afterwards is the holder's to say."""

    name = "stripe-transfer"
    pays_out = False
    capabilities = Capabilities(
        # Of those in which Stripe counts the same minor units as ISO 4217 (docs.stripe.com/currencies).
        currencies=frozenset(
            {"AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "JPY", "NOK", "NZD", "PLN", "SEK", "SGD", "USD"}
        ),
        key_window=timedelta(hours=24),
        reports_prove=False,
        resolve=True,
        lists=True,
        floats=True,
    )

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        secret_key: str,
        webhook_secrets: str,
        version: str,
        clock: Clock,
        deadline: float,
    ) -> None:
        """Use the platform account of ``secret_key`` at ``url``; ``deadline`` is in seconds, for each verb as a whole.

        ``webhook_secrets`` are those of our webhook endpoints there, separated by commas.
        """
        self._api = Api(client, url=url, secret_key=secret_key, version=version)
        self._secrets = reports.secrets(webhook_secrets)
        self._clock = clock
        self.capabilities = replace(self.capabilities, deadline=deadline)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay these, one after the other."""
        outcomes = [
            await self._send(one, self._within()) if wire.is_account(one.destination) else _NO_ACCOUNT
            for one in instructions
        ]
        causes.report_account_trouble(self.name, outcomes)
        return outcomes

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Found]:
        """Look the attempts up, and take back what lies where it should not."""
        answers = [await self._inquire(one, self._within()) for one in instructions]
        causes.report_account_trouble(self.name, answers)
        return answers

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Verify and read one webhook."""
        return reports.read(body, headers, secrets=self._secrets, gateway=self.name, now=self._clock.now())

    async def resolve(self, destination: Destination) -> Resolution:
        """Ask whether an account may be paid to, and whose it is."""
        account = destination.account_number
        answer = await self._api.account(account, within=self._within())
        return accounts.resolution(answer, account, pays_out=self.pays_out)

    async def float_of(self, currency: str) -> Money | None:
        """Ask what our account there holds; nothing where it is overdrawn."""
        answer = await self._api.balance(within=self._within())
        if isinstance(answer, Trouble):
            return None
        held = [part.amount for part in answer.available if part.currency.upper() == currency]
        return Money(max(0, sum(held)), currency) if held else None

    def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """Our transfers of this span, each looked into as far as its gateway answers for it."""
        return listing.transfers(
            lambda asked: self._api.transfers(asked, within=self._within()),
            self._became,
            gateway=self.name,
            since=since,
            until=until,
        )

    async def _send(self, instruction: Instruction, within: Deadline) -> Outcome:
        made = await transfers.make(self._api, instruction, gateway=self.name, within=within)
        if isinstance(made, Outcome):
            return made
        return _arrived(made, instruction) if wire.is_ours(made, instruction) else transfers.another(made)

    async def _inquire(self, instruction: Instruction, within: Deadline) -> Found:
        transfer = await transfers.find(self._api, instruction, within=within)
        match transfer:
            case None:
                return NeverArrived()
            case Trouble():
                return causes.unknown(transfer)
            case Transfer():
                is_ours = wire.is_ours(transfer, instruction)
                return await self._follow(transfer, instruction, within) if is_ours else transfers.another(transfer)

    async def _follow(
        self,
        transfer: Transfer,
        instruction: Instruction,
        within: Deadline,  # noqa: ARG002 - whoever follows the money further asks with it
    ) -> Found:
        """What became of the money once it was moved."""
        return _arrived(transfer, instruction)

    async def _became(self, transfer: Transfer) -> Outcome | Trouble:
        """What became of a transfer's attempt, for the list."""
        return Outcome(Word.RETURNED if transfer.reversed else Word.PAID)

    def _within(self) -> Deadline:
        return Deadline(self.capabilities.deadline)


class Stripe(StripeTransfer):
    """Stripe, as far as the holder's bank.

    An attempt is known there as its payout; as its transfer while there is no payout, and there will be none.
    """

    name = "stripe"
    pays_out = True

    async def _send(self, instruction: Instruction, within: Deadline) -> Outcome:
        transfer = await transfers.make(self._api, instruction, gateway=self.name, within=within)
        if isinstance(transfer, Outcome):
            return transfer
        form = wire.payout_form(instruction, gateway=self.name)
        account = instruction.destination.account_number
        answer: Payout | Trouble | None = await self._api.create_payout(
            form, account=account, key=f"{instruction.key}-payout", within=within
        )
        if isinstance(answer, Trouble) and transfers.is_kept(answer):
            answer = await transfers.payout_of(self._api, transfer, within=within) or answer
        if isinstance(answer, Payout):
            return await self._judge(answer, transfer, instruction, within)
        assert answer is not None, "a look-up that finds nothing leaves the trouble that led to it"
        outcome = causes.refused(answer, step=causes.Step.PAYOUT)
        if outcome.word is not Word.REFUSED:
            return outcome
        return await self._end(transfer, instruction, replace(outcome, reference=transfer.id), within)

    async def _follow(self, transfer: Transfer, instruction: Instruction, within: Deadline) -> Found:
        """What became of the money once it was moved; where no payout was made of it yet, it never arrived."""
        payout = await self._payout(transfer, instruction, within)
        if isinstance(payout, Trouble):
            return causes.unknown(payout)
        if payout is not None:
            return await self._judge(payout, transfer, instruction, within)
        if transfer.reversed:
            return _over(causes.by_reason(transfer.noted_reason), transfer)
        if instruction.reference == transfer.id:  # It was refused a payout, as was written down.
            return await self._end(transfer, instruction, _over(causes.TAKEN_BACK, transfer), within)
        return NeverArrived()

    async def _payout(self, transfer: Transfer, instruction: Instruction, within: Deadline) -> Payout | Trouble | None:
        """The attempt's payout: by its id where it has one, else by our key."""
        reference = instruction.reference or ""
        if not reference.startswith("po_"):
            return await transfers.payout_of(self._api, transfer, within=within)
        return await self._api.payout(reference, account=instruction.destination.account_number, within=within)

    async def _judge(self, payout: Payout, transfer: Transfer, instruction: Instruction, within: Deadline) -> Outcome:
        """What a payout's own record says became of the attempt."""
        if payout.metadata.get(wire.KEY) != instruction.key:
            return transfers.another(transfer)
        told = causes.told(payout)
        if told.word is Word.REFUSED:
            return await self._end(transfer, instruction, told, within)
        return _returned(told) if instruction.paid and transfer.reversed else told

    async def _end(self, transfer: Transfer, instruction: Instruction, outcome: Outcome, within: Deadline) -> Outcome:
        """Take the money back, and only then say that the attempt is over: until then the account's owner has it."""
        reason = outcome.reason or causes.TAKEN_BACK.reason
        is_back = await transfers.take_back(
            self._api, transfer, instruction, reason=reason, now=self._clock.now(), within=within
        )
        if is_back:
            return _returned(outcome) if instruction.paid else outcome
        # Of an attempt that was paid, only what is not known is asked about again.
        word = Word.UNKNOWN if instruction.paid else Word.HELD
        return Outcome(
            word, reference=outcome.reference, reason=BEING_TAKEN_BACK, echo=outcome.echo, shown=outcome.shown
        )

    async def _became(self, transfer: Transfer) -> Outcome | Trouble:
        """What became of it; a call for each, since our own account's lists know nothing of payouts.

        No account stands in the way of all the others: of one that has cut us off, nobody can say more than that the
        money is there, and where several payouts bear our key, the first is ours, since the others copied it.
        """
        found = await transfers.payouts_of(self._api, transfer, within=self._within())
        if isinstance(found, Trouble):
            if not causes.is_missing(found):
                return found
            found = []
        told = causes.told(found[-1]) if found else _over(causes.TAKEN_BACK, transfer)
        match told.word:
            case Word.REFUSED if not transfer.reversed:
                return replace(told, word=Word.HELD)
            case Word.PAID if transfer.reversed:
                return _returned(told)
        return told


def _arrived(transfer: Transfer, instruction: Instruction) -> Outcome:
    """What a transfer's record says of an attempt that ends with it."""
    if transfer.reversed:
        over = _over(causes.TAKEN_BACK, transfer)
        return _returned(over) if instruction.paid else over
    return Outcome(Word.PAID, reference=transfer.id, echo=wire.echo(transfer), shown={"transfer": transfer.id})


def _over(cause: causes.Cause, transfer: Transfer) -> Outcome:
    return causes.outcome(cause, about=transfer, shown={"transfer": transfer.id})


def _returned(outcome: Outcome) -> Outcome:
    return replace(outcome, word=Word.RETURNED, retryable=False, lacks_funds=False)


_NO_ACCOUNT: Final = Outcome(Word.REFUSED, reason="not_a_gateway_account")
