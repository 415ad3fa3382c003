"""v3 as a gateway."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave import accounts, causes
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.flutterwave.references import References
from bursar.gateways.flutterwave.v3 import reports, wire
from bursar.gateways.flutterwave.v3.api import Api
from bursar.gateways.model import (
    CannotList,
    Capabilities,
    Instruction,
    NeverArrived,
    Outcome,
    Payment,
    Report,
    Resolution,
    Word,
)
from bursar.holders import Destination

INQUIRE_MAX: Final = 100
CALLS_AT_ONCE: Final = 10  # Of one process's look-ups; sending has its own pace in the terms.

_IN_BULK: Final = re.compile(r"bulk:(\d+)(?:/\d+)?")

Found = Outcome | NeverArrived


class Flutterwave:
    """Flutterwave v3.

    A bulk's answer names no members, so an attempt that left in one is known as ``bulk:ID`` until a look-up gives it
    an id of its own: ``bulk:ID/ID`` while it is under way, and that id alone once it is over.
    """

    name = "flutterwave"
    capabilities = Capabilities(
        currencies=frozenset({"NGN"}),  # Others need a branch, a network or a sender, which no destination carries yet.
        key_window=timedelta(hours=24),  # No end is documented; a reference taken twice is refused at any time.
        reports_prove=False,
        resolve=True,
        floats=True,
        lists=True,
    )

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        secret_key: str,
        secret_hash: str,
        bulk_max: int,
        deadline: float,
        test_suffix: str = "",
    ) -> None:
        """Use the account of ``secret_key`` at ``url``; ``deadline`` is in seconds, for each verb as a whole.

        ``test_suffix`` ends every reference; with a test key, it decides what becomes of a transfer.
        """
        self._api = Api(client, url=url, secret_key=secret_key)
        self._secret_hash = secret_hash
        self._references = References(test_suffix)
        self._look_ups = asyncio.Semaphore(CALLS_AT_ONCE)
        self.capabilities = replace(
            self.capabilities,
            deadline=deadline,
            bulk_max=bulk_max,
            inquire_max=max(INQUIRE_MAX, bulk_max),  # A whole bulk: asked about in parts, its list is read for each.
        )

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay; more than one instruction travel in one bulk."""
        within = Deadline(self.capabilities.deadline)
        if len(instructions) == 1:
            outcomes = [await self._send_one(instructions[0], within)]
        else:
            outcomes = await self._send_bulk(instructions, within)
        causes.report_account_trouble(self.name, outcomes)
        return outcomes

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Found]:
        """Look the attempts up: those of one bulk through its list, the others one by one."""
        within = Deadline(self.capabilities.deadline)
        bulks: dict[int, list[Instruction]] = defaultdict(list)
        for instruction in instructions:
            if left_in := _IN_BULK.fullmatch(instruction.reference or ""):
                bulks[int(left_in[1])].append(instruction)
        found: dict[str, Found] = {}
        listed = [self._look_through(bulk, asked, within) for bulk, asked in bulks.items() if len(asked) > 1]
        for members in await asyncio.gather(*listed):
            found |= members
        missing = [instruction for instruction in instructions if instruction.key not in found]
        singly = await asyncio.gather(*(self._find(instruction, within) for instruction in missing))
        found |= {instruction.key: answer for instruction, answer in zip(missing, singly, strict=True)}
        answers = [found[instruction.key] for instruction in instructions]
        causes.report_account_trouble(self.name, answers)
        return answers

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Check and read one webhook."""
        return reports.read(body, headers, secret_hash=self._secret_hash, references=self._references)

    async def resolve(self, destination: Destination) -> Resolution:
        """Ask whose account this is."""
        answer = await self._api.resolve(
            bank_code=destination.bank_code,
            account_number=destination.account_number,
            within=Deadline(self.capabilities.deadline),
        )
        return accounts.resolution(answer, destination)

    async def float_of(self, currency: str) -> Money | None:
        """Ask what our account there holds."""
        answer = await self._api.balance(currency, within=Deadline(self.capabilities.deadline))
        return None if isinstance(answer, Trouble) or answer.currency != currency else answer.available

    async def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """What was asked of it on the days of this span, newest first.

        The list is read from its new end. What is added meanwhile moves the rest on, so that some may be given twice
        and none is missed. A transfer that it has retried is followed by its retries under the same key.

        Raises:
            CannotList: a page could not be had, or not be read.
        """
        first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        page, pages = 1, 1
        while page <= pages:
            answer = await self._api.made(first, last, page=page, within=Deadline(self.capabilities.deadline))
            if isinstance(answer, Trouble):
                raise CannotList(cause=answer.reason)
            for transfer in answer.data:
                yield wire.payment(transfer, self._references)
            page, pages = page + 1, answer.pages

    async def _send_one(self, instruction: Instruction, within: Deadline) -> Outcome:
        answer = await self._api.create(wire.ordered(instruction, self._references), within=within)
        if isinstance(answer, wire.Transfer):
            return self._judge([answer], instruction)
        cause = causes.cause_of(answer.message)
        if cause is None or cause.kind is not causes.Kind.DUPLICATE:
            return causes.refused(answer)
        first = await self._find_by_reference(instruction, within)
        return first if isinstance(first, Outcome) else Outcome(Word.UNKNOWN, reason=cause.reason)

    async def _send_bulk(self, instructions: Sequence[Instruction], within: Deadline) -> list[Outcome]:
        orders = [wire.ordered_in_bulk(instruction, self._references) for instruction in instructions]
        answer = await self._api.create_bulk(orders, title=instructions[0].key, within=within)
        if isinstance(answer, Trouble):
            return [causes.refused(answer, of_many=True)] * len(instructions)
        accepted = Outcome(Word.ACCEPTED, reference=f"bulk:{answer.id}", shown={"bulk": answer.id})
        return [accepted] * len(instructions)

    async def _look_through(self, bulk: int, asked: Sequence[Instruction], within: Deadline) -> dict[str, Found]:
        """Read a bulk's list for as long as that takes fewer calls than asking for each that is still missing.

        Whoever is not in it is left out of the answer: that proves nothing, and a look-up by reference tells more.
        """
        members: dict[str, list[wire.Transfer]] = defaultdict(list)
        page, pages = 1, 1
        while missing := [instruction for instruction in asked if instruction.key not in members]:
            if not 0 < pages - page + 1 <= len(missing):
                break
            async with self._look_ups:
                answer = await self._api.members(bulk, page=page, within=within)
            if isinstance(answer, Trouble):  # Asking one by one would only ask the same service more.
                return self._in_bulk(bulk, asked, members) | {one.key: causes.unknown(answer) for one in missing}
            for transfer in answer.data:
                members[self._references.key(transfer.reference)].append(transfer)
            page, pages = page + 1, answer.pages
        return self._in_bulk(bulk, asked, members)

    def _in_bulk(
        self, bulk: int, asked: Sequence[Instruction], members: Mapping[str, Sequence[wire.Transfer]]
    ) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for instruction in asked:
            if instruction.key in members:
                outcome = self._judge(members[instruction.key], instruction)
                found[instruction.key] = outcome if outcome.word in _OVER else _still_in(bulk, outcome)
        return found

    async def _find(self, instruction: Instruction, within: Deadline) -> Found:
        """Look one attempt up: by its id where it has one, else by our reference."""
        reference = instruction.reference or ""
        async with self._look_ups:
            if not (reference.isascii() and reference.isdigit()):
                return await self._find_by_reference(instruction, within)
            answer = await self._api.fetch(int(reference), within=within)
            return causes.unknown(answer) if isinstance(answer, Trouble) else self._judge([answer], instruction)

    async def _find_by_reference(self, instruction: Instruction, within: Deadline) -> Found:
        answer = await self._api.find(self._references.of(instruction.key), within=within)
        if isinstance(answer, Trouble):
            return causes.unknown(answer)
        if not answer.data and not answer.total:
            return NeverArrived()
        return self._judge(answer.data, instruction)

    def _judge(self, transfers: Sequence[wire.Transfer], instruction: Instruction) -> Outcome:
        """Only a record of this very attempt, or of its retry, is proof."""
        ours = wire.latest(one for one in transfers if self._references.key(one.reference) == instruction.key)
        return Outcome(Word.UNKNOWN, reason="answer_to_another") if ours is None else wire.understand(ours)


def _still_in(bulk: int, outcome: Outcome) -> Outcome:
    """Keep the bulk's id with that of the transfer, so that the next look-up can go through its list again."""
    return replace(outcome, reference=f"bulk:{bulk}/{outcome.reference}")


_OVER: Final = frozenset({Word.PAID, Word.REFUSED})
