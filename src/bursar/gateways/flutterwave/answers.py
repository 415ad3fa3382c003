"""Asking the service and reading what comes back: every failure is a value, since not knowing is an answer too."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from bursar.foundation.errors import Refusal
from bursar.foundation.http import CallFailed, PoliteClient, Reply
from bursar.foundation.money import Money
from bursar.gateways.deadline import Deadline
from bursar.gateways.model import Echo
from bursar.gateways.patience import asked_wait
from bursar.holders import Destination

NOT_A_REFUSAL: Final = frozenset({408, 425, 429})  # Said by whatever stands in front of the service.

T = TypeVar("T")

Text = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\x00]*\Z")]
"""Something of theirs that we store: no longer than any id or name is, and nothing that PostgreSQL cannot hold."""


class Trouble(msgspec.Struct, frozen=True):
    """No answer to what was asked.

    ``reason`` says in a word what happened. ``message`` and ``code`` are the service's own, and only there when it
    refused in its documented form; ``status`` is HTTP's, None when nothing complete came back.
    """

    reason: str
    status: int | None = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    code: str | int | None = None
    message: str | None = None


class _Refused(msgspec.Struct):
    """How both dialects refuse: v3 with a message, v4 with an error that has a code as well."""

    status: Literal["error", "failed"]
    message: str | None = None
    error: _Error | None = None


async def ask(
    client: PoliteClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    within: Deadline,
) -> Reply | Trouble:
    """Make one call in the time that is left."""
    try:
        return await client.call(method, url, headers=headers, body=body, deadline=within.left)
    except CallFailed as failed:
        return Trouble(failed.cause)


def read(reply: Reply | Trouble, decoder: "msgspec.json.Decoder[T]") -> T | Trouble:
    """Believe a 2xx whose body is what the documentation says; everything else is trouble."""
    if isinstance(reply, Trouble):
        return reply
    if reply.status not in {200, 201}:
        return _trouble(reply)
    try:
        return decoder.decode(reply.body)
    except msgspec.MsgspecError:
        return Trouble("malformed_answer", reply.status)


def echo_of(amount: Decimal, currency: str, *, bank_code: str | None, account_number: str | None) -> Echo:
    """What an answer repeats of an instruction; an amount that cannot be read equals nothing that was ever asked."""
    hashed = Destination(bank_code, account_number, "").hash if bank_code and account_number else None
    try:
        return Echo(Money.parse(amount, currency), hashed)
    except Refusal:
        return Echo(Money(0, "XXX"), hashed)


def _trouble(reply: Reply) -> Trouble:
    trouble = Trouble(f"http_{reply.status}", reply.status, retry_after=asked_wait(reply))
    if not 400 <= reply.status < 500 or reply.status in NOT_A_REFUSAL:
        return trouble
    try:
        said = _REFUSED.decode(reply.body)
    except msgspec.MsgspecError:
        return trouble
    error = said.error or _Error()
    code = error.type or (str(error.code) if error.code is not None else None)
    return msgspec.structs.replace(trouble, message=error.message or said.message, code=code)


_REFUSED: Final = msgspec.json.Decoder(_Refused)
