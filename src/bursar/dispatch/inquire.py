"""Asking again: about attempts whose outcome is unknown, whose promised answer does not come, or whose worker died.

An inquiry never guesses. If the gateway has never seen the key, the same key is sent again, but only while the gateway
would still recognise it; after that, and after the terms' limit, two people decide.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from bursar import payouts, programs
from bursar.dispatch import circuits, store, switches
from bursar.dispatch.model import Attempt, AttemptState, Prepared, Told
from bursar.dispatch.send import send
from bursar.dispatch.telling import calling, heard
from bursar.dispatch.tools import Tools
from bursar.foundation import log
from bursar.foundation.crypto import CannotOpen
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.loops import repeat
from bursar.gateways import Gateway, Instruction, NeverArrived, Outcome, Word, check_echo

BELL: Final = "inquire"
AT_ONCE: Final = 500  # Attempts claimed together.
CALLS_MAX: Final = 20
LEASE_SECONDS: Final = 120.0
LOOK_EVERY_SECONDS: Final = 1.0

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt to ask about; ``resend`` says whether the same key may be sent again if it never arrived.

    ``per_second`` is how many calls its program allows.
    """

    attempt: Attempt
    prepared: Prepared
    resend: bool
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """What one inquiry gave: outcomes that count, whether the gateway answered at all, and what it has never seen."""

    outcomes: Sequence[tuple[Doubt, Outcome]]
    answered: bool
    lost: Sequence[Doubt]


class Inquirer:
    """Asks gateways about attempts in doubt, until nothing is in doubt."""

    def __init__(self, tools: Tools) -> None:
        """Use these tools."""
        self._tools = tools
        self._calls = asyncio.Semaphore(CALLS_MAX)
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then claim nothing more and finish what is under way."""
        await repeat(self._claim_and_ask, name="inquire", stop=stop, pause=self._pause)
        while self._asking:
            await asyncio.wait(self._asking)

    async def pass_once(self) -> int:
        """Ask about what is due, at most ``AT_ONCE``, and wait for the answers; how many attempts that were."""
        count, asking = await self._begin()
        await asyncio.gather(*asking)
        return count

    async def _claim_and_ask(self) -> bool:
        """Claim what is due and begin to ask; whether more may be due. While answers come, the next are claimed."""
        count, _ = await self._begin()
        while len(self._asking) >= CALLS_MAX:
            await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
        return count >= AT_ONCE

    async def _begin(self) -> tuple[int, list[asyncio.Task[None]]]:
        """Claim what is due and begin to ask about it: how many attempts, and the calls."""
        doubts, probing = await self._tools.database.retrying(self._claim)
        latest = time.monotonic() + LEASE_SECONDS
        asks = _together(doubts, most=lambda name: self._tools.gateway(name).capabilities.inquire_max)
        tasks = [
            asyncio.create_task(self._ask(ask, probe=ask[0].attempt.gateway in probing, latest=latest)) for ask in asks
        ]
        self._asking.update(tasks)
        for task in tasks:
            task.add_done_callback(self._asking.discard)
        return len(doubts), tasks

    async def _pause(self) -> object:
        return await self._tools.listener.wait(BELL, at_most=LOOK_EVERY_SECONDS)

    async def _claim(self, tx: Transaction) -> tuple[list[Doubt], set[str]]:
        """Lease what is due; of a gateway whose circuit is open, one attempt, and only when a probe is due."""
        allowed = await switches.standing(tx)
        fine = set(self._tools.gateways) - set(allowed.broken)
        attempts = await store.take_due(tx, gateways=fine, limit=AT_ONCE, lease_seconds=LEASE_SECONDS)
        due = sorted(name for name, is_due in allowed.broken.items() if is_due and name in self._tools.gateways)
        probing = set()
        for name in due:
            if (failed := await circuits.begin_probe(tx, name)) is not None:
                attempts += await self._take_probe(tx, name, failed=failed)
                probing.add(name)
        if not attempts:
            return [], probing
        about = await payouts.on_their_way(tx, {attempt.payout_id for attempt in attempts})
        terms = await self._tools.book.judge(tx, {attempt.program for attempt in attempts})
        at = await tx.now()
        return [
            doubt
            for attempt in attempts
            if (doubt := self._open(attempt, about[attempt.payout_id], terms[attempt.program], allowed, at)) is not None
        ], probing

    async def _take_probe(self, tx: Transaction, gateway: str, *, failed: int) -> list[Attempt]:
        """Half-open: one look-up, which moves no money, shows whether the gateway is back.

        It is about what is in doubt or what was paid, in turns: of a single attempt, no answer may ever say anything.
        """
        taken = await store.take_one(tx, gateway, paid_first=failed % 2 == 1, lease_seconds=LEASE_SECONDS)
        if not taken:  # Nothing was ever sent that one could ask about.
            await circuits.close(tx, gateway)
        return taken

    def _open(
        self, attempt: Attempt, payout: payouts.Payout, terms: programs.Terms, allowed: switches.Standing, at: datetime
    ) -> Doubt | None:
        try:
            destination = payouts.open_destination(payout, self._tools.keyring)
        except (CannotOpen, Refusal):
            _log.error("inquiry.cannot_open", attempt_id=str(attempt.id))  # The lease ends and it is tried again.
            return None
        instruction = Instruction(
            key=attempt.key,
            payout_id=payout.id,
            amount=payout.amount,
            destination=destination,
            reference=attempt.gateway_reference,
            paid=attempt.outcome is AttemptState.PAID,
        )
        stopped = allowed.stops(
            program=attempt.program, gateway=attempt.gateway, holder=attempt.holder_id, run=payout.run_id
        )
        return Doubt(
            attempt=attempt,
            prepared=Prepared(
                attempt.id, attempt.lease_no, instruction, payout.destination_group, attempt.correlation_id
            ),
            resend=attempt.outcome in _NEVER_HEARD_OF and at < attempt.window_ends_at and not stopped,
            per_second=terms.dispatch.rate_per_second,
        )

    async def _ask(self, doubts: Sequence[Doubt], *, probe: bool, latest: float) -> None:
        """Ask about attempts of one program at one gateway in one call, and send again what never arrived."""
        gateway = self._tools.gateway(doubts[0].attempt.gateway)
        pace = self._tools.paces.of(doubts[0].attempt.program, doubts[0].per_second)
        try:
            async with self._calls:
                await pace.wait()
                if time.monotonic() > latest - gateway.capabilities.deadline:  # Somebody else asks after the lease.
                    return
                with calling("inquire", gateway.name, [doubt.prepared for doubt in doubts]) as span:
                    found = await _find_out(gateway, doubts)
                    heard(span, [outcome for _, outcome in found.outcomes])
                outcomes = list(found.outcomes)
                for again in _cut(found.lost, gateway.capabilities.bulk_max):
                    await pace.wait()
                    outcomes += await _send_again(gateway, again)
            said = [outcome for _, outcome in found.outcomes]
            if probe:
                await self._tools.circuits.probed(gateway.name, said, answered=found.answered)
            elif not found.answered:
                await self._tools.circuits.heard(gateway.name, said)
            await self._tools.recorder.record(
                [Told(one.attempt.id, outcome, "inquiry", one.attempt.lease_no) for one, outcome in outcomes]
            )
        except Exception:  # noqa: BLE001 - not recorded is not lost: the lease runs out and somebody asks again
            _log.exception("inquiry.record_failed", gateway=gateway.name, count=len(doubts))


def _together(doubts: Sequence[Doubt], *, most: Callable[[str], int]) -> Iterator[Sequence[Doubt]]:
    """Cut doubts into calls: what one bulk carried is asked about together, and of what was sent alone as much as fits.

    A gateway's own reference is that of the bulk for all of its members.
    """

    def place(doubt: Doubt) -> tuple[str, str, str]:
        return doubt.attempt.program, doubt.attempt.gateway, doubt.attempt.gateway_reference or ""

    ordered = sorted(doubts, key=place)
    for (_, gateway), at_one in groupby(ordered, key=lambda doubt: place(doubt)[:2]):
        alone: list[Doubt] = []
        for reference, members in groupby(at_one, key=lambda doubt: doubt.attempt.gateway_reference):
            group = list(members)
            if reference is None or len(group) == 1:
                alone += group
            else:
                yield from _cut(group, most(gateway))
        yield from _cut(alone, most(gateway))


def _cut(doubts: Sequence[Doubt], most: int) -> Iterator[Sequence[Doubt]]:
    for start in range(0, len(doubts), most):
        yield doubts[start : start + most]


async def _find_out(gateway: Gateway, doubts: Sequence[Doubt]) -> Found:
    """What became of the attempts, as far as the gateway says."""
    answers = await gateway.inquire([doubt.prepared.instruction for doubt in doubts])
    outcomes, lost = [], []
    for doubt, answer in zip(doubts, answers, strict=True):
        if isinstance(answer, NeverArrived) and doubt.resend:
            lost.append(doubt)
        else:
            outcomes.append((doubt, _understood(doubt, answer)))
    answered = any(isinstance(answer, NeverArrived) or answer.word is not Word.UNKNOWN for answer in answers)
    return Found(outcomes, answered, lost)


def _understood(doubt: Doubt, answer: Outcome | NeverArrived) -> Outcome:
    """What an answer means, as long as nothing is sent again."""
    if isinstance(answer, NeverArrived):
        said_it_had_it = doubt.attempt.outcome not in _NEVER_HEARD_OF  # A person looks when this goes on.
        return Outcome(Word.UNKNOWN, reason="forgotten" if said_it_had_it else "never_arrived")
    instruction = doubt.prepared.instruction
    return check_echo(answer, amount=instruction.amount, destination_hash=instruction.destination.hash)


async def _send_again(gateway: Gateway, doubts: Sequence[Doubt]) -> list[tuple[Doubt, Outcome]]:
    for doubt in doubts:
        _log.info("attempt.sent_again", attempt_id=str(doubt.attempt.id), gateway=gateway.name)
    prepared = [doubt.prepared for doubt in doubts]
    with calling("send", gateway.name, prepared) as span:
        outcomes = await send(gateway, prepared)
        heard(span, outcomes)
    return list(zip(doubts, outcomes, strict=True))


_NEVER_HEARD_OF: Final = frozenset({AttemptState.OPEN, AttemptState.UNKNOWN})
"""Attempts of which the gateway has never said that it has them."""
