"""Talking to the simulated gateway."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec

from bursar.foundation.http import CallFailed, PoliteClient, Reply
from bursar.gateways.model import (
    CannotList,
    Capabilities,
    ForgedReport,
    Instruction,
    NeverArrived,
    Outcome,
    Payment,
    Report,
    Word,
)
from bursar.gateways.patience import asked_wait
from bursar.gateways.simulated import wire

LIST_PAGE: Final = 1_000  # The most it gives at once.


class Simulated:
    """The simulated payments as a gateway."""

    name = "simulated"
    capabilities = Capabilities(
        currencies=frozenset({"EUR", "GBP", "INR", "NGN", "PKR", "USD"}),
        key_window=timedelta(hours=24),
        deadline=30.0,
        lists=True,
        pays=False,
    )

    def __init__(self, client: PoliteClient, *, url: str, api_key: str, deadline: float = 30.0) -> None:
        """Talk to it at ``url``, ``deadline`` seconds for a call."""
        self._client = client
        self._url = f"{url.rstrip('/')}/payments"
        self._headers = {"authorization": f"Bearer {api_key}", "content-type": "application/json"}
        self.capabilities = replace(self.capabilities, deadline=deadline)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay; it takes one at a time."""
        return [await self._send_one(instruction) for instruction in instructions]

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Look the attempts up by our keys, one call each."""
        return [await self._inquire_one(instruction) for instruction in instructions]

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """It sends none, so whatever comes in its name is not from it."""
        del body, headers
        raise ForgedReport

    async def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """What it took on since then, oldest first; each as it stands now, so ``until`` bounds nothing here.

        Raises:
            CannotList: a page could not be had, or not be read.
        """
        del until  # Its list ends where time does.
        query = {"since": since.astimezone(UTC).isoformat(), "limit": str(LIST_PAGE)}
        cursor: str | None = ""
        while cursor is not None:
            page = await self._page(query | {"cursor": cursor} if cursor else query)
            for item in page.items:
                yield wire.payment(item)
            cursor = page.next_cursor

    async def _page(self, query: Mapping[str, str]) -> wire.Listed:
        try:
            reply = await self._call("GET", f"?{urlencode(query)}")
        except CallFailed as failed:
            raise CannotList(cause=failed.cause) from failed
        if reply.status != 200:
            raise CannotList(cause=f"http_{reply.status}")
        try:
            return _LISTED.decode(reply.body)
        except msgspec.MsgspecError as unreadable:
            raise CannotList(cause="malformed_answer") from unreadable

    async def _send_one(self, instruction: Instruction) -> Outcome:
        try:
            reply = await self._call("POST", "", _ENCODER.encode(wire.asked(instruction)))
        except CallFailed as failed:
            return Outcome(Word.UNKNOWN, reason=failed.cause)
        if reply.status == 400 and _code(reply) == "invalid_request":
            return Outcome(Word.REFUSED, reason="invalid_request")
        return _understood(reply, instruction)

    async def _inquire_one(self, instruction: Instruction) -> Outcome | NeverArrived:
        try:
            reply = await self._call("GET", f"/{instruction.key}")
        except CallFailed as failed:
            return Outcome(Word.UNKNOWN, reason=failed.cause)
        if reply.status == 404 and _code(reply) == "not_found":
            return NeverArrived()
        return _understood(reply, instruction)

    async def _call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        return await self._client.call(
            method, self._url + path, headers=self._headers, body=body, deadline=self.capabilities.deadline
        )


def _understood(reply: Reply, instruction: Instruction) -> Outcome:
    """Only a well-formed answer about this very instruction is proof."""
    if reply.status != 200:
        return Outcome(Word.UNKNOWN, reason=f"http_{reply.status}", retry_after=asked_wait(reply))
    try:
        answered = _ANSWERED.decode(reply.body)
    except msgspec.MsgspecError:
        return Outcome(Word.UNKNOWN, reason="malformed_answer")
    if answered.key != instruction.key:
        return Outcome(Word.UNKNOWN, reason="answer_to_another")
    return wire.understand(answered)


def _code(reply: Reply) -> str | None:
    """Why it did not act, by its own code; None where it does not say, whatever else stands there."""
    try:
        return _DECLINED.decode(reply.body).error.code
    except msgspec.MsgspecError:
        return None


_ENCODER: Final = msgspec.json.Encoder()
_ANSWERED: Final = msgspec.json.Decoder(wire.Answered)
_DECLINED: Final = msgspec.json.Decoder(wire.Declined)
_LISTED: Final = msgspec.json.Decoder(wire.Listed)
