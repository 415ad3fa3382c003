"""Names as Stripe gives them: what kind of thing, and something that nobody else has."""

import random
import string
from typing import Final

from bursar_sandbox.clock import Clock

PLATFORM: Final = "acct_1SandboxPlatform"
"""The account whose key clients use."""

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH: Final = 14


class Ids:
    """Makes names. The time in them makes them unique over restarts, as a client may remember them."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        """Draw from this chance."""
        self._clock = clock
        self._chance = chance

    def new(self, kind: str) -> str:
        """A new name, such as `tr_1QJ3x0Zc…`."""
        return f"{kind}_1{_written(self._clock.now_ms())}{''.join(self._chance.choices(ALPHABET, k=RANDOM_LENGTH))}"


def _written(number: int) -> str:
    """A number with as few characters as may be."""
    digits = ""
    while number:
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits
