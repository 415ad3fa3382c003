"""Talking to the mock bank."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec

from bursar.foundation.clock import Clock
from bursar.foundation.http import CallFailed, PoliteClient, Reply
from bursar.gateways.mockbank import wire
from bursar.gateways.model import (
    CannotList,
    Capabilities,
    Instruction,
    NeverArrived,
    Outcome,
    Payment,
    Report,
    Word,
)
from bursar.gateways.patience import asked_wait

BULK_MAX: Final = 500  # The mock bank takes 1,000; half of it keeps one lost answer from leaving too many in doubt.
LIST_PAGE: Final = 1_000  # The most it gives at once.


class MockBank:
    """The mock bank as a gateway."""

    name = "mockbank"
    capabilities = Capabilities(
        currencies=frozenset({"PKR", "INR", "NGN", "USD"}),
        bulk_max=BULK_MAX,
        key_window=timedelta(hours=24),
        deadline=30.0,
        cancel=True,
        lists=True,
        pays=False,
    )

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        api_key: str,
        webhook_secret: str,
        clock: Clock,
        bulk: bool = True,
        deadline: float = 30.0,
    ) -> None:
        """Talk to the mock bank at ``url``, ``deadline`` seconds for a call; ``bulk=False`` makes single calls only."""
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}", "content-type": "application/json"}
        self._webhook_secret = webhook_secret.encode()
        self._clock = clock
        self.capabilities = replace(self.capabilities, deadline=deadline, bulk_max=BULK_MAX if bulk else 1)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay; more than one instruction travel in one bulk call."""
        if len(instructions) == 1:
            return [await self._send_one(instructions[0])]
        return await self._send_bulk(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Look the attempts up by our keys; it has no call for several, so this is one call each."""
        return [await self._inquire_one(instruction) for instruction in instructions]

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Verify and read one webhook."""
        return [wire.read(body, headers, secret=self._webhook_secret, now=self._clock.now())]

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
            reply = await self._call("GET", f"/v1/transfers?{urlencode(query)}")
        except CallFailed as failed:
            raise CannotList(cause=failed.cause) from failed
        if reply.status != 200:
            raise CannotList(cause=f"http_{reply.status}")
        try:
            return _LISTED.decode(reply.body)
        except msgspec.MsgspecError as unreadable:
            raise CannotList(cause="malformed_answer") from unreadable

    async def _send_one(self, instruction: Instruction) -> Outcome:
        body = _ENCODER.encode(wire.asked(instruction))
        try:
            reply = await self._call("POST", "/v1/transfers", body)
        except CallFailed as failed:
            return Outcome(Word.UNKNOWN, reason=failed.cause)
        if reply.status == 400 and _code(reply) == "invalid_request":
            return Outcome(Word.REFUSED, reason="invalid_request")
        return _read_one(reply, instruction) if reply.status == 200 else _unclear(reply)

    async def _send_bulk(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        body = _ENCODER.encode(
            {"batchReference": instructions[0].key, "items": [wire.asked(instruction) for instruction in instructions]}
        )
        try:
            reply = await self._call("POST", "/v1/transfers/bulk", body)
        except CallFailed as failed:
            return [Outcome(Word.UNKNOWN, reason=failed.cause)] * len(instructions)
        return _read_bulk(reply, instructions)

    async def _inquire_one(self, instruction: Instruction) -> Outcome | NeverArrived:
        try:
            reply = await self._call("GET", f"/v1/transfers/{instruction.key}")
        except CallFailed as failed:
            return Outcome(Word.UNKNOWN, reason=failed.cause)
        if reply.status == 404 and _code(reply) == "not_found":
            return NeverArrived()
        return _read_one(reply, instruction) if reply.status == 200 else _unclear(reply)

    async def _call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        return await self._client.call(
            method, self._url + path, headers=self._headers, body=body, deadline=self.capabilities.deadline
        )


def _read_one(reply: Reply, instruction: Instruction) -> Outcome:
    """Only a well-formed answer about this very instruction is proof."""
    try:
        answered = _ANSWERED.decode(reply.body)
    except msgspec.MsgspecError:
        return Outcome(Word.UNKNOWN, reason="malformed_answer")
    if answered.reference != instruction.key:
        return Outcome(Word.UNKNOWN, reason="answer_to_another")
    return wire.understand(answered)


def _read_bulk(reply: Reply, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
    """One outcome for each instruction, matched by reference and not by place; a missing one is unknown."""
    if reply.status != 200:
        return [_unclear(reply)] * len(instructions)
    try:
        answers = {answer.reference: answer for answer in _BULK_ANSWERED.decode(reply.body).items}
    except msgspec.MsgspecError:
        return [Outcome(Word.UNKNOWN, reason="malformed_answer")] * len(instructions)
    return [
        wire.understand(answers[instruction.key])
        if instruction.key in answers
        else Outcome(Word.UNKNOWN, reason="missing_from_answer")
        for instruction in instructions
    ]


def _code(reply: Reply) -> str | None:
    """Why it did not act, by its own code; None where it does not say, whatever else stands there."""
    try:
        return _DECLINED.decode(reply.body).error.code
    except msgspec.MsgspecError:
        return None


def _unclear(reply: Reply) -> Outcome:
    return Outcome(Word.UNKNOWN, reason=f"http_{reply.status}", retry_after=asked_wait(reply))


_ENCODER: Final = msgspec.json.Encoder()
_DECLINED: Final = msgspec.json.Decoder(wire.Declined)
_ANSWERED: Final = msgspec.json.Decoder(wire.Answered)
_BULK_ANSWERED: Final = msgspec.json.Decoder(wire.BulkAnswered)
_LISTED: Final = msgspec.json.Decoder(wire.Listed)
