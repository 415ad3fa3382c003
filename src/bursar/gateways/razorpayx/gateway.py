"""RazorpayX as a gateway."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways.deadline import Deadline
from bursar.gateways.model import (
    CannotList,
    Capabilities,
    Downtime,
    Instruction,
    NeverArrived,
    Outcome,
    Payment,
    Report,
    Resolution,
    Word,
)
from bursar.gateways.razorpayx import causes, modes, reports, wire
from bursar.gateways.razorpayx.accounts import Validations
from bursar.gateways.razorpayx.api import PAGE, Api, Trouble
from bursar.gateways.razorpayx.modes import BankMode
from bursar.gateways.razorpayx.wire import Payout
from bursar.holders import Destination

TEST_KEY: Final = "rzp_test_"  # How the keys of its test mode begin, which has no account validation.
INQUIRE_MAX: Final = 50  # One call each.
CALLS_AT_ONCE: Final = 10  # Of one process; it gives no figure for how many it allows.

Found = Outcome | NeverArrived


class RazorpayX:
    """RazorpayX, out of one account of ours there."""

    name = "razorpayx"
    capabilities = Capabilities(
        currencies=frozenset({"INR"}),
        key_window=timedelta(hours=24),  # No end is documented.
        inquire_max=INQUIRE_MAX,
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
        key_id: str,
        key_secret: str,
        account_number: str,
        webhook_secrets: str,
        deadline: float,
        bank_mode: BankMode = "auto",
        purpose: str = "payout",
        queues: bool = False,
    ) -> None:
        """Pay out of ``account_number`` with a key for it; ``deadline`` is in seconds, for each verb as a whole.

        ``webhook_secrets`` are separated by commas. ``queues`` leaves payouts to RazorpayX for which the account holds
        too little; else they wait here.
        """
        self._api = Api(client, url=url, key_id=key_id, key_secret=key_secret, account_number=account_number)
        self._account_number = account_number
        self._secrets = reports.secrets(webhook_secrets)
        self._bank_mode: BankMode = bank_mode
        self._purpose = purpose
        self._queues = queues
        self._validations = Validations(self._api)
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self.capabilities = replace(self.capabilities, deadline=deadline, resolve=not key_id.startswith(TEST_KEY))

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay; it has no bulk, so this is one call each."""
        within = Deadline(self.capabilities.deadline)
        outcomes = await asyncio.gather(*(self._send(one, within) for one in instructions))
        causes.report_account_trouble(self.name, outcomes)
        return outcomes

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Found]:
        """Look the attempts up, one call each."""
        within = Deadline(self.capabilities.deadline)
        answers = await asyncio.gather(*(self._find(one, within) for one in instructions))
        causes.report_account_trouble(self.name, answers)
        return answers

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report | Downtime]:
        """Verify and read one webhook."""
        return reports.read(body, headers, secrets=self._secrets, modes=modes.for_banks(self._bank_mode))

    async def resolve(self, destination: Destination) -> Resolution:
        """Ask whose account or UPI address this is."""
        return await self._validations.of(destination, within=Deadline(self.capabilities.deadline))

    async def float_of(self, currency: str) -> Money | None:
        """Ask what our account there holds; nothing where it is overdrawn."""
        answer = await self._api.balances(within=Deadline(self.capabilities.deadline))
        if isinstance(answer, Trouble):
            return None
        held = [one for one in answer if one.currency == currency]
        # Where there is but one account it is ours, whatever name it has in this list.
        ours = [one for one in held if one.account_number == self._account_number] or held
        return Money(max(0, ours[0].available), currency) if len(ours) == 1 else None

    async def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """The payouts of our account that were made in this span, newest first, whoever made them.

        What is added meanwhile moves the rest on, so that some may be given twice and none is missed.

        Raises:
            CannotList: a page could not be had, or not be read.
        """
        skip, is_more = 0, True
        while is_more:
            within = Deadline(self.capabilities.deadline)
            answer = await self._api.made(since=since, until=until, skip=skip, within=within)
            if isinstance(answer, Trouble):
                raise CannotList(cause=answer.reason)
            for payout in answer:
                yield _payment(payout)
            skip, is_more = skip + PAGE, len(answer) == PAGE

    async def _send(self, instruction: Instruction, within: Deadline) -> Outcome:
        mode = modes.mode_for(instruction.amount, instruction.destination, bank_mode=self._bank_mode)
        if isinstance(mode, Outcome):
            return mode
        order = wire.order(
            instruction, mode=mode, account_number=self._account_number, purpose=self._purpose, queues=self._queues
        )
        async with self._calls:
            answer = await self._api.create(order, once=wire.once(instruction), within=within)
        return causes.refused(answer) if isinstance(answer, Trouble) else _judge([answer], instruction)

    async def _find(self, instruction: Instruction, within: Deadline) -> Found:
        """Look one attempt up: by its id where it has one, else by our reference."""
        async with self._calls:
            if instruction.reference is not None:
                answer = await self._api.payout(instruction.reference, within=within)
                return causes.unknown(answer) if isinstance(answer, Trouble) else _judge([answer], instruction)
            found = await self._api.find(instruction.key, within=within)
        if isinstance(found, Trouble):
            return causes.unknown(found)
        return _judge(found, instruction) if found else NeverArrived()


def _judge(payouts: Sequence[Payout], instruction: Instruction) -> Outcome:
    """Only one record, and of this very attempt, is proof. Of two, nobody could say which of them is ours."""
    if len(payouts) != 1 or not wire.is_of(payouts[0], instruction):
        return Outcome(Word.UNKNOWN, reason="answer_to_another")
    return causes.told(payouts[0], paid=instruction.paid)


def _payment(payout: Payout) -> Payment:
    """Put a line of the list into our words: what is reversed there has come back, if it was ever paid.

    Raises:
        CannotList: it does not say when.
    """
    try:
        at = wire.at(payout.created_at)
    except (ValueError, OverflowError, OSError) as unreadable:
        raise CannotList(cause="malformed_answer") from unreadable
    outcome = causes.told(payout, paid=payout.status == "reversed")
    return Payment(payout.id, payout.key, payout.money, outcome.word, at)
