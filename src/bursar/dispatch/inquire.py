"""Asking again: about attempts whose outcome is unknown, whose promised answer does not come, or whose worker died.

An inquiry never guesses. If the gateway has never seen the key, the same key is sent again, but only while the gateway
would still recognise it; after that, and after the terms' limit, two people decide.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bursar import payouts
from bursar.dispatch import store, switches
from bursar.dispatch.model import Attempt, AttemptState, Prepared, Told
from bursar.dispatch.send import send
from bursar.dispatch.tools import Tools
from bursar.foundation import log
from bursar.foundation.crypto import CannotOpen
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.loops import repeat
from bursar.gateways import Gateway, Instruction, Outcome, Word, check_echo

BELL: Final = "inquire"
AT_ONCE: Final = 100  # Look-ups claimed together; they are single calls, a few at a time.
CALLS_MAX: Final = 20
LEASE_SECONDS: Final = 120.0
LOOK_EVERY_SECONDS: Final = 1.0

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt to ask about; ``resend`` says whether the same key may be sent again if it never arrived."""

    attempt: Attempt
    prepared: Prepared
    resend: bool


class Inquirer:
    """Asks gateways about attempts in doubt, until nothing is in doubt."""

    def __init__(self, tools: Tools) -> None:
        """Use these tools."""
        self._tools = tools
        self._calls = asyncio.Semaphore(CALLS_MAX)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        await repeat(self._more, name="inquire", stop=stop, pause=self._pause)

    async def pass_once(self) -> int:
        """Ask about everything that is due, once; how many attempts that were."""
        doubts, broken = await self._tools.database.retrying(self._claim)
        await asyncio.gather(*(self._ask(doubt, probe=doubt.attempt.gateway in broken) for doubt in doubts))
        return len(doubts)

    async def _more(self) -> bool:
        return await self.pass_once() >= AT_ONCE

    async def _pause(self) -> object:
        return await self._tools.listener.wait(BELL, at_most=LOOK_EVERY_SECONDS)

    async def _claim(self, tx: Transaction) -> tuple[list[Doubt], set[str]]:
        """Lease what is due; of a gateway whose circuit is open, one attempt, and only when a probe is due."""
        allowed = await switches.standing(tx)
        fine = set(self._tools.gateways) - set(allowed.broken)
        attempts = await store.take_due(tx, gateways=fine, limit=AT_ONCE, lease_seconds=LEASE_SECONDS)
        probing = {name for name, due in allowed.broken.items() if due and name in self._tools.gateways}
        for name in sorted(probing):
            attempts += await self._take_probe(tx, name)
        about = await payouts.get_many(tx, {attempt.payout_id for attempt in attempts})
        at = await tx.now()
        return [
            doubt
            for attempt in attempts
            if (doubt := self._open(attempt, about[attempt.payout_id], allowed, at)) is not None
        ], probing

    async def _take_probe(self, tx: Transaction, gateway: str) -> list[Attempt]:
        """Half-open: one look-up, which moves no money, shows whether the gateway is back."""
        await store.set_circuit(tx, gateway, state="half_open", probe_in=switches.PROBE_SECONDS, failures=0)
        if not await store.hasten_one(tx, gateway):  # Nothing is in doubt, so the next batch is as good a probe.
            await store.set_circuit(tx, gateway, state="closed", probe_in=None, failures=0)
            return []
        return await store.take_due(tx, gateways=[gateway], limit=1, lease_seconds=LEASE_SECONDS)

    def _open(self, attempt: Attempt, payout: payouts.Payout, allowed: switches.Standing, at: datetime) -> Doubt | None:
        try:
            destination = payouts.open_destination(payout, self._tools.keyring)
        except (CannotOpen, Refusal):
            _log.error("inquiry.cannot_open", attempt_id=str(attempt.id))  # The lease ends and it is tried again.
            return None
        instruction = Instruction(key=attempt.key, payout_id=payout.id, amount=payout.amount, destination=destination)
        stopped = allowed.stops(program=attempt.program, gateway=attempt.gateway, holder=attempt.holder_id)
        return Doubt(
            attempt=attempt,
            prepared=Prepared(attempt.id, attempt.lease_no, instruction, payout.destination_group),
            resend=at < attempt.window_ends_at and not stopped,
        )

    async def _ask(self, doubt: Doubt, *, probe: bool) -> None:
        async with self._calls:
            gateway = self._tools.gateway(doubt.attempt.gateway)
            try:
                outcome, answered = await _find_out(gateway, doubt)
                if probe and answered:
                    await self._tools.circuits.close(gateway.name)
                elif not answered:
                    await self._tools.circuits.heard(gateway.name, [outcome])
                told = Told(doubt.attempt.id, outcome, "inquiry", doubt.attempt.lease_no)
                await self._tools.recorder.record([told])
            except Exception:  # noqa: BLE001 - not recorded is not lost: the lease runs out and somebody asks again
                _log.exception("inquiry.record_failed", attempt_id=str(doubt.attempt.id))


async def _find_out(gateway: Gateway, doubt: Doubt) -> tuple[Outcome, bool]:
    """What became of the attempt, and whether the gateway answered at all."""
    found = await gateway.inquire(doubt.prepared.instruction)
    if isinstance(found, Outcome):
        instruction = doubt.prepared.instruction
        outcome = check_echo(found, amount=instruction.amount, destination_hash=instruction.destination.hash)
        return outcome, found.word is not Word.UNKNOWN
    if doubt.attempt.outcome in {AttemptState.ACCEPTED, AttemptState.HELD}:
        return Outcome(Word.UNKNOWN, reason="forgotten"), True  # It said it had it; a person looks when this goes on.
    if not doubt.resend:
        return Outcome(Word.UNKNOWN, reason="never_arrived"), True
    _log.info("attempt.sent_again", attempt_id=str(doubt.attempt.id), gateway=gateway.name)
    return (await send(gateway, [doubt.prepared]))[0], True
