"""v4 as a gateway."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bursar.foundation.http import PoliteClient
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave import accounts, causes
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.flutterwave.references import References
from bursar.gateways.flutterwave.v4 import reports, wire
from bursar.gateways.flutterwave.v4.api import Api
from bursar.gateways.flutterwave.v4.token import Tokens
from bursar.gateways.model import (
    Capabilities,
    Instruction,
    NeverArrived,
    Outcome,
    Report,
    Resolution,
    Word,
)
from bursar.holders import Destination

CURRENCY: Final = "NGN"  # A look-up of an account has to name one; see ``currencies`` of v3 for why it is the only one.
INQUIRE_MAX: Final = 50  # One call each.
CALLS_AT_ONCE: Final = 10  # Of one process's look-ups; sending has its own pace in the terms.


class FlutterwaveV4:
    """Flutterwave v4."""

    name = "flutterwave-v4"
    capabilities = Capabilities(
        currencies=frozenset({CURRENCY}),
        key_window=timedelta(hours=24),  # No end is documented.
        inquire_max=INQUIRE_MAX,
        resolve=True,
    )

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        secret_hash: str,
        deadline: float,
        plain_signature: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use an OAuth client's account at ``url``; ``deadline`` is in seconds, for each verb as a whole.

        ``plain_signature`` is for accounts whose webhooks carry the secret itself; those prove nothing.
        """
        tokens = Tokens(client, url=token_url, client_id=client_id, client_secret=client_secret, monotonic=monotonic)
        self._api = Api(client, url=url, tokens=tokens)
        self._secret_hash = secret_hash
        self._plain_signature = plain_signature
        self._references = References()
        self._look_ups = asyncio.Semaphore(CALLS_AT_ONCE)
        self.capabilities = replace(self.capabilities, deadline=deadline, reports_prove=not plain_signature)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay; it has no bulk, so this is one call each."""
        within = Deadline(self.capabilities.deadline)
        outcomes = await asyncio.gather(*(self._send_one(instruction, within) for instruction in instructions))
        causes.report_account_trouble(self.name, outcomes)
        return outcomes

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Look the attempts up, one call each."""
        within = Deadline(self.capabilities.deadline)
        answers = await asyncio.gather(*(self._find(instruction, within) for instruction in instructions))
        causes.report_account_trouble(self.name, answers)
        return answers

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Verify and read one webhook."""
        return reports.read(
            body, headers, secret_hash=self._secret_hash, plain=self._plain_signature, references=self._references
        )

    async def resolve(self, destination: Destination) -> Resolution:
        """Ask whose account this is."""
        within = Deadline(self.capabilities.deadline)
        answer = await self._api.resolve(destination, currency=CURRENCY, within=within)
        return accounts.resolution(answer, destination)

    async def _send_one(self, instruction: Instruction, within: Deadline) -> Outcome:
        answer = await self._api.create(wire.ordered(instruction, self._references), within=within)
        if isinstance(answer, wire.Transfer):
            return self._judge([answer], instruction)
        cause = causes.cause_of(answer.message, answer.code)
        if cause is None or cause.kind is not causes.Kind.DUPLICATE:
            return causes.refused(answer)
        first = await self._find_by_reference(instruction, within)
        return first if isinstance(first, Outcome) else Outcome(Word.UNKNOWN, reason=cause.reason)

    async def _find(self, instruction: Instruction, within: Deadline) -> Outcome | NeverArrived:
        async with self._look_ups:
            if instruction.reference is None:
                return await self._find_by_reference(instruction, within)
            answer = await self._api.fetch(instruction.reference, within=within)
            return causes.unknown(answer) if isinstance(answer, Trouble) else self._judge([answer], instruction)

    async def _find_by_reference(self, instruction: Instruction, within: Deadline) -> Outcome | NeverArrived:
        answer = await self._api.find(self._references.of(instruction.key), within=within)
        if isinstance(answer, Trouble):
            return causes.unknown(answer)
        return self._judge(answer, instruction) if answer else NeverArrived()

    def _judge(self, transfers: Sequence[wire.Transfer], instruction: Instruction) -> Outcome:
        """Only a record of this very attempt, or of its retry, is proof."""
        ours = wire.latest(one for one in transfers if one.key(self._references) == instruction.key)
        return Outcome(Word.UNKNOWN, reason="answer_to_another") if ours is None else wire.understand(ours)
