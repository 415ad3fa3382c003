"""Texts that people type: names, references, e-mail addresses.

What is checked here is only what would do harm further on: line breaks (they end a header or a line of a file), NUL
(PostgreSQL has no such character), lone surrogates (they have no bytes), spaces around a text (two references that look
the same), and length. Any script is welcome, joiners included.
"""

import re
import unicodedata
from typing import Final

from bursar.foundation.errors import Invalid

EMAIL_LENGTH_MAX: Final = 254  # RFC 5321, section 4.5.3.1.3: 256 with the angle brackets.
UPI_LENGTH_MAX: Final = 100  # As much as gateways take; those that banks give out are far shorter.

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAKS: Final = re.compile(r"[\r\n\t]")
_STROKES: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i"}
)
"""Letters with a stroke or tie, which Unicode does not take apart, and the dotless i."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")  # Only a letter that arrives proves more.
_UPI: Final = re.compile(r"[A-Za-z0-9._-]{2,}@[A-Za-z][A-Za-z0-9]+", re.ASCII)  # What stands behind the @ is no domain.


def insist_line(given: str, *, field: str, most: int) -> None:
    """Insist on one line of 1 to ``most`` characters without spaces around it.

    Raises:
        Invalid: it is something else.
    """
    if not 0 < len(given) <= most or given != given.strip() or _UNFIT.search(given):
        raise Invalid(field=field, rule=f"one line of 1 to {most} characters, without spaces around it")


def insist_email(given: str, *, field: str = "email") -> None:
    """Insist on something that a letter can be sent to.

    Raises:
        Invalid: it is not an address, or too long for one.
    """
    if len(given) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(given) or _UNFIT.search(given):
        raise Invalid(field=field, rule="an e-mail address")


def insist_upi(given: str, *, field: str) -> None:
    """Insist on a UPI address, such as ``name@bank`` or ``9000090000@ybl``. Only a payment proves whose it is.

    Raises:
        Invalid: it is none, or too long for one; it is not repeated.
    """
    if len(given) > UPI_LENGTH_MAX or not _UPI.fullmatch(given):
        raise Invalid(field=field, rule="a UPI address such as name@bank")


def insist_text(given: str, *, field: str, most: int) -> None:
    """Insist on at most ``most`` characters that can be stored and shown, over any number of lines.

    Raises:
        Invalid: it is longer, or holds characters that nobody types.
    """
    if len(given) > most or _UNFIT.search(_LINE_BREAKS.sub("", given)):
        raise Invalid(field=field, rule=f"a text of at most {most} characters")


def plain_words(name: str) -> list[str]:
    """The words of a name without what people write now so and now so: case, accents, dots and apostrophes."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_STROKES))
    letters = "".join(character for character in apart if not unicodedata.combining(character))
    return re.findall(r"\w+", re.sub(r"['\u2019`.]", "", letters))
