"""What a reference pays for, so that a book can tell when something is paid twice."""

import re
from contextlib import suppress
from typing import Final
from uuid import UUID

_ATTEMPT: Final = re.compile(r"-\d+$")


def order_of(reference: str) -> str:
    """Its order: references that differ only in a number at their end, such as `-2`, pay for the same.

    Where that is a UUID, it is written as UUIDs are.
    """
    order = _ATTEMPT.sub("", reference)
    with suppress(ValueError):
        return str(UUID(order))
    return order
