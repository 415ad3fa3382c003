"""Alerts: what is wrong, how bad it is, who has seen it, and the decisions that need no database.

An alert is one episode: it is opened when something is first found, and over when it is found no longer. Whoever
resolves it while it is still found is not told again before it has been over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class AlertType(StrEnum):
    """What an alert is about; the words of the writers document."""

    FAILURE_RATE = "failure_rate"
    PENDING_THRESHOLD = "pending_threshold"
    PROCESSING_DELAY = "processing_delay"
    AMOUNT_THRESHOLD = "amount_threshold"
    SYSTEM_ERROR = "system_error"


class Severity(StrEnum):
    """How bad it is. A critical one needs somebody now."""

    WARNING = "warning"
    CRITICAL = "critical"


def is_worse(severity: Severity, *, than: Severity) -> bool:
    """Whether one severity is above the other."""
    order = list(Severity)
    return order.index(severity) > order.index(than)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong at this moment. ``program`` is None for what concerns the whole installation.

    ``is_over_limit`` is False for a figure that has come down below its limit, but not so far that all is well: it
    keeps an alert open and opens none.
    """

    program: str | None
    type: AlertType
    subject: str
    severity: Severity
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_over_limit: bool = True

    @property
    def key(self) -> tuple[str | None, AlertType, str]:
        """By what it is known again."""
        return self.program, self.type, self.subject


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of something wrong, as it stands.

    ``told`` counts how often the world was told of it; ``note`` is what whoever resolved it wrote. It is ``over_at``
    when it was found no longer, which may be later than it was resolved.
    """

    id: UUID
    program: str | None
    type: AlertType
    subject: str
    severity: Severity
    message: str
    facts: Mapping[str, Any]
    is_watched: bool
    opened_at: datetime
    seen_at: datetime
    told: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    note: str
    over_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether nobody has resolved it, and it has not gone away by itself."""
        return self.resolved_at is None

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody has seen it."""
        return self.acknowledged_at is not None

    @property
    def key(self) -> tuple[str | None, AlertType, str]:
        """By what it is known again."""
        return self.program, self.type, self.subject


class Told(StrEnum):
    """What the world is told about an alert."""

    OPENED = "alert.opened"
    WORSE = "alert.worse"  # A warning has become critical.
    RESOLVED = "alert.resolved"
    TEST = "alert.test"  # Asked for by hand; nothing is wrong.


class PostState(StrEnum):
    """Where a post to an address in the terms stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Post:
    """One telling of an alert on its way to one address."""

    id: UUID
    alert_id: UUID
    number: int
    url: str
    state: PostState
    tries: int
    due_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DuePost:
    """A post that was claimed and may be tried now, by whoever holds ``lease_no``."""

    id: UUID
    alert_id: UUID
    url: str
    body: bytes
    lease_no: int
    tries: int  # Made before this one.


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one try."""

    due: DuePost
    status: int | None  # HTTP status; None when no answer came.
    error: str | None  # A word; None: delivered.
    wait_seconds: float | None  # Until the next try; None when it is over.

    @property
    def state(self) -> PostState:
        """Where this leaves the post."""
        if self.error is None:
            return PostState.DELIVERED
        return PostState.EXHAUSTED if self.wait_seconds is None else PostState.WAITING
