"""Whose account a number is: as a tester said, as Flutterwave's samples say, or else always the same made-up name."""

from hashlib import sha256
from typing import Final

from bursar_sandbox.flutterwave import rules

SAID_MAX: Final = 200_000  # Names that transfers have said, about 40 MB; the oldest are forgotten first.

KNOWN: Final = {
    ("044", "0690000031"): "Forrest Green",
    ("044", "0690000032"): "Pastor Bright",
    ("044", "0690000033"): "Bale Gary",
    ("044", "0690000034"): "Ade Bond",
    ("044", "0690000035"): "Yinka Okafor",
    ("044", "0690000036"): "Black Listed",
    ("044", "0690000037"): "Ngozi Bello",
    ("044", "0690000038"): "John Sunday",
    ("044", "0690000039"): "Dotun Ajib",
    ("044", "0690000040"): "Alexis Sanchez",
    ("044", "0690000041"): "Alexis Rogers",
}
"""Access Bank's test accounts."""

_FIRST: Final = ("Ada", "Bola", "Chidi", "Emeka", "Fatima", "Ibrahim", "Kemi", "Ngozi", "Tunde", "Yinka")
_LAST: Final = ("Adeyemi", "Balogun", "Bello", "Eze", "Lawal", "Nwosu", "Obi", "Okafor", "Sanni", "Usman")


class Accounts:
    """The names of accounts at other banks."""

    def __init__(self) -> None:
        """Begin with the names that are known to everybody."""
        self._registered: dict[tuple[str, str], str | None] = {}
        self._said: dict[tuple[str, str], str] = {}

    def register(self, bank_code: str, number: str, *, name: str | None) -> None:
        """Let an account be somebody's from now on; None: there is no such account."""
        self._registered[bank_code, number] = name

    def hear(self, bank_code: str, number: str, *, name: str) -> None:
        """Note what a transfer said; it counts where nobody knows better."""
        self._said[bank_code, number] = name
        if len(self._said) > SAID_MAX:
            del self._said[next(iter(self._said))]

    def owner(self, bank_code: str, number: str) -> str | None:
        """Whose account this is; None if there is no such account."""
        place = (bank_code, number)
        if place in self._registered:
            return self._registered[place]
        if rules.is_missing(number):
            return None
        return KNOWN.get(place) or self._said.get(place) or _made_up(bank_code, number)


def _made_up(bank_code: str, number: str) -> str:
    """A name that is always the same for the same account."""
    digest = sha256(f"{bank_code}|{number}".encode()).digest()
    return f"{_FIRST[digest[0] % len(_FIRST)]} {_LAST[digest[1] % len(_LAST)]}"
