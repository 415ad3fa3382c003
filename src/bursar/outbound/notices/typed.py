"""What people typed, made fit to be shown to other people: in sight, without links of theirs, without long numbers."""

import re
from typing import Final

WRITTEN_LENGTH_MAX: Final = 300  # Characters of what a reviewer wrote; a letter is not a file.
GREETED_LENGTH_MAX: Final = 60

_LONG_NUMBER: Final = re.compile(r"\d(?:[ -]?\d){5,}")  # Whatever somebody typed, never an account number.
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""Characters that nobody sees, or that turn the direction of what follows. Joiners stay: many scripts need them."""
_LIKE_A_LINK: Final = re.compile(r"[/@:\\]|\w\.\w{2,}")  # Mail programs make links of these.
_DOT_IN_A_NAME: Final = re.compile(r"(?<=\w)\.(?=\w\w)")


def visible(text: str) -> str:
    """A text without characters that nobody sees."""
    return _UNSEEN.sub(" ", text)


def as_written(text: str | None) -> str:
    """What a person wrote to explain a decision: one line, without long numbers and characters that nobody sees."""
    line = " ".join(visible(text or "").split())
    return _LONG_NUMBER.sub("…", line)[:WRITTEN_LENGTH_MAX]


def unlinked(text: str) -> str:
    """A text that no mail program makes a link of: ``www[.]example[.]org``."""
    return _DOT_IN_A_NAME.sub("[.]", text.replace("://", "[:]//")) if _LIKE_A_LINK.search(text) else text


def greeted(name: str) -> str | None:
    """A name to begin a letter with; None for one that would be read as something else.

    Whoever chooses their name and somebody else's address could otherwise have us send out links for them.
    """
    return None if _LIKE_A_LINK.search(name) or len(name) > GREETED_LENGTH_MAX else visible(name)
