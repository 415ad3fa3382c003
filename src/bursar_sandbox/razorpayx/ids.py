"""Names as RazorpayX gives them: what kind of thing, and fourteen letters and digits that nobody else has."""

import random
import string
from typing import Final

from bursar_sandbox.clock import Clock

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
TIME_LENGTH: Final = 8  # Letters that a time takes, until the year 8900.
RANDOM_LENGTH: Final = 6


class Ids:
    """Makes names. The time in them makes them unique over restarts, as a client may remember them."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        """Draw from this chance."""
        self._clock = clock
        self._chance = chance
        self._given: set[str] = set()

    def new(self, kind: str) -> str:
        """A new name, such as `pout_0T5Xc1AbLq7Pz2`."""
        while True:
            tail = "".join(self._chance.choices(ALPHABET, k=RANDOM_LENGTH))
            name = f"{kind}_{_written(self._clock.now_ms())}{tail}"
            if name not in self._given:
                self._given.add(name)
                return name


def _written(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits.rjust(TIME_LENGTH, ALPHABET[0])
