"""How long a gateway asks us to wait."""

from typing import Final

from bursar.foundation.http import Reply

RETRY_AFTER_MAX: Final = 3600.0  # Seconds; whoever asks us to wait longer is asked again all the same.


def asked_wait(reply: Reply) -> float | None:
    """The seconds that an answer's ``Retry-After`` asks for; None where it asks for nothing that we understand."""
    wait = reply.headers.get("retry-after", "")
    return min(float(wait), RETRY_AFTER_MAX) if wait.isascii() and wait.isdigit() else None
