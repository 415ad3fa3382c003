"""Requests that a simulator's tester, or the mock bank's client, may not make. None of them books anything.

Refused
├── InvalidRequest       400
├── Unauthorized         401
├── TransferNotFound     404
├── UnknownRoute         404
├── EventNotFound        404
└── RequestTooLarge      413
"""

import re
from typing import ClassVar, Final, TypeVar

import msgspec

from bursar_sandbox.asgi import Answer

Asked = TypeVar("Asked")

# How msgspec words the place of an error: a missing field, or the path of a wrong one.
_FIELD: Final = re.compile(r"required field `(\w+)`|at `\$\.(\w+)")


class Problem(msgspec.Struct, omit_defaults=True):
    """Why a request was refused."""

    code: str
    message: str
    field: str | None = None


class ProblemAnswer(msgspec.Struct):
    """The body of every refusal."""

    error: Problem


class Refused(Exception):
    """This is not done."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        """The docstring is the default message."""
        super().__init__(message or type(self).__doc__)
        self.field = field

    @property
    def problem(self) -> Problem:
        """The refusal as the wire has it."""
        return Problem(self.code, str(self), self.field)

    @property
    def answer(self) -> Answer:
        """The refusal as an HTTP answer."""
        return Answer(self.status, msgspec.json.encode(ProblemAnswer(self.problem)))


class InvalidRequest(Refused):
    """The request cannot be read."""

    status, code = 400, "invalid_request"

    @classmethod
    def because(cls, error: msgspec.DecodeError) -> "InvalidRequest":
        """Translate a decoding error, naming the field where it happened."""
        message = str(error)
        place = _FIELD.search(message)
        return cls(message, field=place and (place[1] or place[2]))


class Unauthorized(Refused):
    """The API key is missing or wrong."""

    status, code = 401, "unauthorized"


class TransferNotFound(Refused):
    """No transfer was ever known under this reference."""

    status, code = 404, "not_found"


# A client may take `not_found` as proof that nothing was paid, so a mistyped path must not say it.
class UnknownRoute(Refused):
    """There is nothing at this path for this method."""

    status, code = 404, "unknown_route"


class EventNotFound(Refused):
    """No webhook with this event id is on record."""

    status, code = 404, "event_not_found"


class RequestTooLarge(Refused):
    """The body is larger than is accepted."""

    status, code = 413, "request_too_large"


def read(body: bytes, shape: type[Asked]) -> Asked:
    """Read a request's body as this shape, or refuse it."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise InvalidRequest.because(error) from error
