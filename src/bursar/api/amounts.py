"""Amounts as requests bring them: JSON numbers or texts in major units, read to the last digit."""

from typing import Annotated, Any, Final

import msgspec

from bursar.foundation.money import Money

SCHEMA: Final[dict[str, Any]] = {
    "description": "In major units, as a number or a text; read to the last digit.",
    "examples": [1000, "1000.00"],
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 10_000_000_000_000},
        {"type": "string", "pattern": r"^(?!0+(\.0+)?$)[0-9]{1,13}(\.[0-9]{1,4})?$"},
    ],
}

Amount = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=SCHEMA)]
Currency = Annotated[
    str, msgspec.Meta(min_length=3, max_length=3, extra_json_schema={"pattern": "^[A-Z]{3}$"}, examples=["NGN"])
]
"""An ISO 4217 code; whether there is such a currency, ``money`` finds out."""

_FIGURE: Final = {"description": "In major units.", "examples": [25]}
Figure = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_FIGURE | {"type": "number"})]
FigureOrNull = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_FIGURE | {"type": ["number", "null"]})]
"""An amount as answers show it where a document wants a JSON number; written to the last digit, never a float."""


def money(amount: msgspec.Raw, currency: str, *, field: str = "amount") -> Money:
    """The amount, exactly as it was written.

    Raises:
        Invalid: not a number or a text of digits, too precise for the currency, or out of bounds.
    """
    return Money.parse(_plain(bytes(amount)), currency, field=field)


def figure(money: Money | None) -> msgspec.Raw:
    """An amount as a JSON number with all its decimals; ``null`` where there is none."""
    return msgspec.Raw(b"null" if money is None else money.text.encode())


def _plain(raw: bytes) -> str:
    """The text of a JSON number or string, untouched by any float."""
    if raw[:1] == b'"':
        return msgspec.json.decode(raw, type=str)
    return raw.decode("ascii", "replace")
