"""Time-ordered ids: UUID version 7 (RFC 9562, section 5.7), made here and not in the database.

PostgreSQL has ``uuidv7()`` only from version 18 on, and a batch must know its ids before it is written.
"""

import os
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

_VERSION_7: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_HEADROOM: Final = 1 << 61  # Cleared at a series' start, so that counting up never reaches the variant's bits.
_RANDOM_BITS: Final = (1 << 76) - 1 ^ (0b11 << 62)  # 74 random bits: all but the variant's two.


def new(at: datetime) -> UUID:
    """Make an id that sorts by the moment ``at`` (milliseconds) and is random below that."""
    milliseconds = int(at.timestamp() * 1000)
    noise = int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    return UUID(int=milliseconds << 80 | _VERSION_7 | _VARIANT | noise)


def series(at: datetime, count: int) -> list[UUID]:
    """Make ids for one batch that sort in the order given (RFC 9562, section 6.2: a random start that is counted up).

    One draw of chance serves them all, so they can be guessed from each other; ids are names and protect nothing.
    """
    start = new(at).int & ~_HEADROOM
    return [UUID(int=start + place) for place in range(count)]


def moment(made: UUID) -> datetime:
    """When one of our ids was made, to the millisecond, in UTC."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)


def first(at: datetime) -> UUID:
    """The lowest id of that moment: everything made since sorts at or after it."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def parse(text: str) -> UUID | None:
    """Read an id as a caller sends it; None when it is none, since no such thing can exist then."""
    try:
        return UUID(text)
    except ValueError:
        return None
