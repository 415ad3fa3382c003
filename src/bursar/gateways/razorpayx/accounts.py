"""Whose an account or a UPI address is. Each asking costs a fee, and the answer takes seconds."""

import asyncio
from typing import Final

from bursar.gateways.deadline import Deadline
from bursar.gateways.model import Confirmed, Denied, NotKnown, Resolution
from bursar.gateways.razorpayx import wire
from bursar.gateways.razorpayx.api import Api, Trouble
from bursar.gateways.razorpayx.wire import Validation
from bursar.holders import Destination

WAIT_SECONDS: Final = 10.0  # For an answer; afterwards it is asked for again with the next check.
PAUSE_SECONDS: Final = 0.5  # Between two looks.
REMEMBERED_MAX: Final = 1_000  # As many as wait for an answer at once, and far more.


class Validations:
    """Asks whose accounts are. What was begun and is not answered yet is looked at again, and not begun anew."""

    def __init__(self, api: Api, *, wait: float = WAIT_SECONDS, pause: float = PAUSE_SECONDS) -> None:
        """Ask through this service; wait so many seconds for an answer, with so long a pause between two looks."""
        self._api = api
        self._wait = wait
        self._pause = pause
        self._begun: dict[str, str] = {}  # By the destination's hash; gone with the process, which costs a fee.

    async def of(self, destination: Destination, *, within: Deadline) -> Resolution:
        """Ask about one account, and wait a while for the answer."""
        answer = await self._ask(destination, within=within)
        patience = Deadline(min(self._wait, within.left))
        while isinstance(answer, Validation) and answer.status == "created":
            self._remember(destination, answer.id)
            if patience.left < self._pause:
                return NotKnown("validation_under_way")
            await asyncio.sleep(self._pause)
            answer = await self._api.validation(answer.id, within=within)
        if isinstance(answer, Validation):
            self._begun.pop(destination.hash, None)
        return _resolution(answer)

    async def _ask(self, destination: Destination, *, within: Deadline) -> Validation | Trouble:
        if begun := self._begun.get(destination.hash):
            return await self._api.validation(begun, within=within)
        return await self._api.validate(wire.fund_account(destination), within=within)

    def _remember(self, destination: Destination, validation_id: str) -> None:
        self._begun[destination.hash] = validation_id
        while len(self._begun) > REMEMBERED_MAX:
            self._begun.pop(next(iter(self._begun)))


def _resolution(answer: Validation | Trouble) -> Resolution:
    """Put an answer into our words. One that could not be had says nothing about the account."""
    if isinstance(answer, Trouble):
        return NotKnown(answer.said or answer.reason)
    match answer.status, answer.found.account_status:
        case "completed", "active" | "valid":
            return Confirmed(" ".join((answer.found.registered_name or "").split()))
        case "completed", "invalid":
            return Denied("account_not_found")
        case _:
            return NotKnown("validation_failed")
