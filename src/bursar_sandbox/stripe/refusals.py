"""What Stripe does not do, in its words. None of these books anything.

Refused                   400
├── BadParameter          400   never kept under an idempotency key, as nothing was begun
├── NotDone               400   kept: the same key gives the same refusal for a day
├── Missing               404
├── UnknownUrl            404
├── Unauthenticated       401
├── Forbidden             403
├── KeyMisused            400
├── KeyInUse              409
├── TooMany               429
├── ServerError           500   kept if something was booked, or could have been
└── Down                  503
"""

from typing import ClassVar, Final

import msgspec

from bursar_sandbox.asgi import Answer

_encode: Final = msgspec.json.Encoder().encode


class Problem(msgspec.Struct, omit_defaults=True):
    """What is inside every error object."""

    message: str
    type: str
    code: str | None = None
    doc_url: str | None = None
    param: str | None = None
    request_log_url: str | None = None


class Refused(Exception):
    """This is not done."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    is_kept: ClassVar[bool] = False
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = ()

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        """Refuse in these words."""
        super().__init__(message)
        self.code = code
        self.param = param

    def answer(self, request_id: str) -> Answer:
        """The refusal as the wire has it."""
        problem = Problem(
            message=str(self),
            type=self.type,
            code=self.code,
            doc_url=self.code and f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
            param=self.param,
            request_log_url=f"https://dashboard.stripe.com/test/logs/{request_id}",
        )
        return Answer(self.status, _encode({"error": problem}), self.headers)


class BadParameter(Refused):
    """A parameter is missing, unknown or wrong."""


class NotDone(Refused):
    """It was understood, and cannot be."""

    is_kept = True


class Missing(Refused):
    """There is no such object."""

    status, is_kept = 404, True

    def __init__(self, what: str, name: str, *, param: str = "id") -> None:
        """Say what there is not."""
        super().__init__(f"No such {what}: '{name}'", code="resource_missing", param=param)


class UnknownUrl(Refused):
    """There is nothing at this path for this method."""

    status = 404

    def __init__(self, method: str, path: str) -> None:
        """Say what was asked for."""
        super().__init__(f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs.")


class Unauthenticated(Refused):
    """No key, or a wrong one."""

    status = 401


class Forbidden(Refused):
    """The key may not do this."""

    status = 403


class KeyMisused(Refused):
    """An idempotency key came back with another request."""

    type = "idempotency_error"


class KeyInUse(Refused):
    """The first request with this idempotency key is still being answered."""

    status = 409
    headers = ((b"stripe-should-retry", b"true"),)

    def __init__(self, key: str) -> None:
        """Say which key."""
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class TooMany(Refused):
    """More requests than are allowed."""

    status = 429
    headers = ((b"stripe-rate-limited-reason", b"global-rate"), (b"retry-after", b"1"))

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            "Request rate limit exceeded. Learn more: https://stripe.com/docs/rate-limits", code="rate_limit"
        )


class ServerError(Refused):
    """Something went wrong at Stripe; nobody can tell from this what was done."""

    status, type = 500, "api_error"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("An unknown error occurred")


class Down(Refused):
    """Stripe cannot be reached."""

    status, type = 503, "api_error"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("Stripe is temporarily unavailable. Please try again.")
