"""A recovery, as it stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Recovery:
    """Why sending is off, and since when payments may be unknown here."""

    id: UUID
    known_until: datetime
    reason: str
    begun_by: str
    begun_at: datetime
