"""The parameters after the question mark of a call."""

from typing import Final
from urllib.parse import parse_qs

from bursar_sandbox.clock import from_iso
from bursar_sandbox.refusals import InvalidRequest

DIGITS_MAX: Final = 18  # Of a number; longer ones are mischief.


class Query:
    """Reads parameters by name; of one that is given more than once, the last."""

    def __init__(self, query: bytes) -> None:
        """Read what stands there."""
        self._values = parse_qs(query.decode("latin-1"))

    def text(self, name: str) -> str | None:
        """What is given, None if nothing is."""
        values = self._values.get(name)
        return values[-1] if values else None

    def number(self, name: str, *, default: int) -> int:
        """A whole number from 0 on.

        Raises:
            InvalidRequest: it is none.
        """
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
            raise InvalidRequest("It must be a whole number.", field=name)
        return int(text)

    def since_ms(self) -> int:
        """The instant `since` in epoch milliseconds; the beginning of time if it is not given.

        Raises:
            InvalidRequest: it is none.
        """
        text = self.text("since")
        try:
            return 0 if text is None else from_iso(text)
        except ValueError as error:
            raise InvalidRequest(f"It must be an ISO-8601 instant: {error}", field="since") from error
