"""What RazorpayX does not do, in its words. None of these makes a payout.

Refused               400
├── NotValid          400   input_validation_failed
├── Unfunded          400   insufficient_funds
├── KeyRefused        400   about the idempotency key
├── Unauthenticated   401
├── UnknownUrl        404
├── TooMany           429
├── ServerError       500   whether anything was made, nobody can tell from this
└── Down              503
"""

from typing import ClassVar, Final

import msgspec

from bursar_sandbox.asgi import Answer

KEY_HEADER: Final = "X-Payout-Idempotency"

_encode: Final = msgspec.json.Encoder().encode


class Problem(msgspec.Struct):
    """Why something was refused."""

    code: str
    description: str
    source: str
    reason: str | None
    field: str | None = None
    step: str | None = None
    metadata: dict[str, str] = {}


class Refused(Exception):
    """This is not done; the docstring is the description, unless another one is given."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST_ERROR"
    source: ClassVar[str] = "business"
    reason: ClassVar[str | None] = None
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = ()

    def __init__(self, description: str | None = None, *, field: str | None = None) -> None:
        """Say what is wrong, and with which field."""
        super().__init__(description or type(self).__doc__)
        self.field = field

    @property
    def answer(self) -> Answer:
        """The refusal as the wire has it."""
        problem = Problem(self.code, str(self), self.source, self.reason, self.field)
        return Answer(self.status, _encode({"error": problem}), self.headers)


class NotValid(Refused):
    """The request is not valid."""

    reason = "input_validation_failed"


class Unfunded(Refused):
    """Your account does not have enough balance to carry out the payout operation."""

    reason = "insufficient_funds"


class KeyRefused(Refused):
    """Idempotency key is missing. Include idempotency header and key in the request."""

    def __init__(self, description: str | None = None) -> None:
        """Say what is wrong with it."""
        super().__init__(description, field=KEY_HEADER)


class Unauthenticated(Refused):
    """Authentication failed."""

    status = 401


class UnknownUrl(Refused):
    """The requested URL was not found on the server."""

    status = 404


class TooMany(Refused):
    """Request failed. Please try after sometime."""

    status = 429
    headers = ((b"retry-after", b"1"),)


class ServerError(Refused):
    """We are facing some trouble completing your request at the moment. Please try again shortly."""

    status, code, source, reason = 500, "SERVER_ERROR", "internal", "server_error"


class Down(Refused):
    """The service is not available at the moment. Please try again shortly."""

    status, code, source, reason = 503, "GATEWAY_ERROR", "internal", "server_error"


def no_such_id() -> NotValid:
    """The refusal of an id that nothing has."""
    return NotValid("The id provided does not exist", field="id")
