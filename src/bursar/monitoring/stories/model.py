"""What an id may be, and the story that it leads to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.foundation import ids
from bursar.payouts.model import Payout

PAYOUTS_MAX: Final = 20
"""Payouts whose whole history is told; a run or a correlation id may lead to many more."""

LENGTH_MAX: Final = 500  # Longer than anything that we or a gateway gives out.

_IN_OUR_NAMES: Final = re.compile(
    r"(?:evt_(?P<event>[0-9a-f]{32})_\d+|msg_(?P<message>[0-9a-f]{32})|(?P<key>[0-9a-f]{32})(?:-\d+)?(?:[-_].*)?)"
)
"""Names that are made of an id: of an event, of a message, and of an attempt, to which gateways' dialects add."""


@dataclass(frozen=True, slots=True)
class Match:
    """One thing that goes by the id: what it is, its name, since when, and to which payout or run it belongs."""

    what: str
    id: str
    at: datetime
    payout_id: UUID | None = None
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; ``facts`` are for programs, ``text`` is for people."""

    at: datetime
    kind: str
    text: str
    facts: Mapping[str, Any]
    payout_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that an id leads to, oldest first.

    ``has_more`` says that there are more payouts than ``PAYOUTS_MAX``, of which the latest are told. The correlation
    ids are those under which log lines and traces are found.
    """

    asked: str
    matches: tuple[Match, ...]
    payouts: tuple[Payout, ...]
    has_more: bool
    correlation_ids: tuple[str, ...]
    lines: tuple[Line, ...]


def readings(text: str) -> list[UUID]:
    """The ids that a name is, or is made of."""
    found = [ids.parse(text)]
    if ours := _IN_OUR_NAMES.fullmatch(text.lower()):
        found += [ids.parse(part) for part in ours.groups() if part]
    return list(dict.fromkeys(one for one in found if one is not None))
