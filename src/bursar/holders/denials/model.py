"""What stands on the denied list."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import texts
from bursar.foundation.errors import Invalid
from bursar.holders.model import NAME_LENGTH_MAX, Destination

REASON_LENGTH_MAX: Final = 500
KEY_LENGTH: Final = 3  # Letters of a word; a slip of the pen is rarely among the first ones of each word of a name.


@dataclass(frozen=True, slots=True)
class NewDenial:
    """Something to be held from now on: exactly one of a holder, a name and a destination, and why.

    Raises:
        Invalid: it is none or several of them, or name or reason is not a line.
    """

    reason: str
    holder_id: UUID | None = None
    name: str | None = None
    destination: Destination | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.holder_id, self.name, self.destination)) != 1:
            raise Invalid(field="holder", rule="one of a holder, a name and a destination")
        texts.insist_line(self.reason, field="reason", most=REASON_LENGTH_MAX)
        if self.name is not None:
            texts.insist_line(self.name, field="name", most=NAME_LENGTH_MAX)


@dataclass(frozen=True, slots=True)
class Denial:
    """One entry of the denied list, lifted or not."""

    id: UUID
    holder_id: UUID | None
    name: str | None
    destination_index: bytes | None = field(repr=False)
    reason: str
    denied_by: str
    denied_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None

    @property
    def what(self) -> str:
        """What it denies: holder, name or destination."""
        if self.holder_id is not None:
            return "holder"
        return "name" if self.name is not None else "destination"

    def stood(self, at: datetime) -> bool:
        """Whether it was on the list at that moment."""
        return self.denied_at <= at and (self.lifted_at is None or at < self.lifted_at)


def keys(names: Collection[str]) -> list[str]:
    """How the words of these names begin: names that share none of these are not alike."""
    return sorted({word[:KEY_LENGTH] for name in names for word in texts.plain_words(name)})
