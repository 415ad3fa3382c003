"""Notices: what people are told, over which channel, and the decisions that need no database."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from bursar.foundation.errors import Invalid
from bursar.holders.model import Holder, StoredDestination
from bursar.identity.model import Permission
from bursar.outbound.notices.typed import as_written
from bursar.payouts.model import Moved, Payout, PayoutState
from bursar.programs.model import About, Funding, ReturnsTo, Terms

SUBSCRIPTIONS_MAX: Final = 20  # Per person: browsers on all their devices.
FINDINGS_MAX: Final = 3  # In one line to staff; the rest stands with the payout.
_POINT_BYTES: Final = 65  # An uncompressed point of P-256 (RFC 8291, section 2.1).
_AUTH_BYTES: Final = 16  # RFC 8291, section 3.2.
_KEY_LENGTH_MAX: Final = 100  # Characters of base64; a point has 88.


class Kind(StrEnum):
    """What a notice is about."""

    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    RETURNED = "returned"
    DESTINATION_CHANGED = "destination_changed"
    DESTINATION_DENIED = "destination_denied"
    PAYOUT_FLAGGED = "payout_flagged"
    REVIEW_OVERDUE = "review_overdue"
    ALERT_OPENED = "alert_opened"  # Or it has become worse, or is a test.
    ALERT_RESOLVED = "alert_resolved"
    RUN_FINISHED = "run_finished"


OPTIONAL: Final = (Kind.COMPLETED, Kind.FAILED, Kind.REJECTED, Kind.RETURNED)
"""What a holder may switch off; the other kinds guard the holder's money."""
TO_HOLDERS: Final = (*OPTIONAL, Kind.DESTINATION_CHANGED, Kind.DESTINATION_DENIED)
TO_STAFF: Final[Mapping[Kind, Permission]] = {
    Kind.PAYOUT_FLAGGED: Permission.APPROVE_PAYOUTS,
    Kind.REVIEW_OVERDUE: Permission.APPROVE_PAYOUTS,
    Kind.ALERT_OPENED: Permission.STOP_SENDING,
    Kind.ALERT_RESOLVED: Permission.STOP_SENDING,
    Kind.RUN_FINISHED: Permission.APPROVE_PAYOUTS,
}
"""What staff are told, and what somebody must be allowed to do to be told of it."""
ABOUT_NO_HOLDER: Final = frozenset({Kind.ALERT_OPENED, Kind.ALERT_RESOLVED, Kind.RUN_FINISHED})
"""What staff are told that is about everything at once."""
_ABOUT_NO_PAYOUT: Final = {*ABOUT_NO_HOLDER, Kind.DESTINATION_CHANGED, Kind.DESTINATION_DENIED}

_ABOUT: Final = {
    PayoutState.COMPLETED: About.COMPLETED,
    PayoutState.FAILED: About.FAILED,
    PayoutState.REJECTED: About.REJECTED,
    PayoutState.RETURNED: About.RETURNED,
}
OF_INTEREST: Final = frozenset({*_ABOUT, PayoutState.IN_REVIEW})
"""Moves to and from any other state are nothing to tell of: a review is watched until it is left again."""


class Channel(StrEnum):
    """How a notice travels."""

    EMAIL = "email"
    PUSH = "push"


class State(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"  # For its next try, or for the answer to the present one.
    SENT = "sent"  # The mail server or the push service has taken it.
    FAILED = "failed"  # Refused for good, or every try failed.
    SKIPPED = "skipped"  # Not sent on purpose; the reason says why.


@dataclass(frozen=True, slots=True)
class Address:
    """Where a notice goes: an e-mail address, or a push subscription's id."""

    channel: Channel
    text: str


NOBODY: Final = Address(Channel.EMAIL, "")
"""Stands in the place of an address where there is nobody to tell, so that this too is on record."""


@dataclass(frozen=True, slots=True)
class DestinationChanged:
    """A holder stored a new destination. ``former_email`` is the holder's address before, if that has just changed."""

    destination: StoredDestination
    former_email: str | None = None


@dataclass(frozen=True, slots=True)
class DestinationDenied:
    """A gateway was asked about a stored destination and said that it cannot be paid."""

    destination: StoredDestination


News = DestinationChanged | DestinationDenied
"""What people are told of besides the moves of payouts."""


@dataclass(frozen=True, slots=True)
class StaffNews:
    """What staff are told that is about no holder: an alert, or what a run came to.

    ``seq`` tells several about one subject apart. ``program`` is None for what concerns the whole installation, and
    ``emails`` are addresses beside those of the staff whose business it is.
    """

    kind: Kind
    subject_id: UUID
    seq: int
    program: Terms | None
    facts: Mapping[str, Any]
    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell, before it is known who is told. What only staff are told may be about no holder."""

    kind: Kind
    program: str | None
    holder: Holder | None
    subject_id: UUID
    seq: int
    facts: Mapping[str, Any]
    also_to: frozenset[Address] = frozenset()  # Addresses beside those of the holder, or of staff.


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one address, as it stands."""

    id: UUID
    kind: Kind
    program: str | None
    holder_id: UUID | None
    subject_id: UUID
    seq: int
    address: Address
    facts: Mapping[str, Any]
    state: State
    tries: int
    due_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def payout_id(self) -> UUID | None:
        """The payout it tells of, if it is one."""
        return None if self.kind in _ABOUT_NO_PAYOUT else self.subject_id

    @property
    def can_be_helped(self) -> bool:
        """Whether it was not sent for want of something that may be there by now."""
        skipped_for_us = self.last_error in {"no_mail_server", "push_not_configured"}
        return self.state is State.FAILED or (self.state is State.SKIPPED and skipped_for_us)

    @property
    def to(self) -> str:
        """Whom it goes to, as much as others may see: ``a…@example.com``, ``a browser``, ``nobody``."""
        if self.address.channel is Channel.PUSH:
            return "a browser"
        name, at, host = self.address.text.rpartition("@")
        return f"{name[:1]}…{at}{host}" if at else "nobody"


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether a holder wants to be told of one kind, over one channel."""

    kind: Kind
    channel: Channel
    wanted: bool


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A browser that wants to be told; its endpoint was vetted by ``Egress.vet``."""

    holder_id: UUID
    person_id: UUID
    endpoint: str
    p256dh: bytes
    auth: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that is told."""

    id: UUID
    holder_id: UUID
    person_id: UUID
    endpoint: str
    p256dh: bytes
    auth: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How all notices stand."""

    waiting: int
    overdue_seconds: float  # How long the longest one that is due has been so; 0 when none is.
    failed_last_day: int
    skipped_last_day: int


def read_keys(p256dh: str, auth: str) -> tuple[bytes, bytes]:
    """A browser's public key and secret, as ``PushSubscription.toJSON`` gives them (RFC 8291, section 2).

    Raises:
        Invalid: no point of P-256 in base64url, or no 16 bytes.
    """
    point, secret = _base64url(p256dh), _base64url(auth)
    try:
        if len(point) != _POINT_BYTES:
            raise ValueError
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError as no_point:
        raise Invalid(field="keys.p256dh", rule="a P-256 public key of 65 bytes in base64url") from no_point
    if len(secret) != _AUTH_BYTES:
        raise Invalid(field="keys.auth", rule="16 bytes in base64url")
    return point, secret


def told_of(move: Moved, terms: Terms) -> Kind | None:
    """What a move is to its holder, under these terms; None where nothing is said."""
    about = _ABOUT.get(move.to_state)
    return Kind(about.value) if about in terms.notices.about else None


def payout_item(kind: Kind, move: Moved, payout: Payout, holder: Holder, terms: Terms) -> Item:
    """Tell a holder what became of a payout."""
    funded_by_holder = terms.funding is Funding.HOLDER
    is_back = move.to_state is not PayoutState.RETURNED or terms.returns_to is ReturnsTo.HOLDER
    facts = _of_payout(payout, holder, terms) | {
        "at": move.at.isoformat(),
        "reason": as_written(move.reason),
        "money": "paid" if kind is Kind.COMPLETED else "available" if funded_by_holder and is_back else "kept",
    }
    return Item(kind, holder.program, holder, payout.id, move.seq, facts)


def review_item(kind: Kind, payout: Payout, holder: Holder, terms: Terms, *, seq: int, since: datetime) -> Item:
    """Tell staff of a payout that waits for them, or has waited for too long."""
    facts = _of_payout(payout, holder, terms) | {
        "at": since.isoformat(),
        "hours": terms.review.expires_after_hours,
        "findings": _loudest(payout.findings),
    }
    return Item(kind, holder.program, holder, payout.id, seq, facts)


def destination_item(news: News, holder: Holder, terms: Terms, *, also_to: frozenset[Address]) -> Item:
    """Tell a holder, over the ways that were theirs before, of something about where their money goes."""
    stored = news.destination
    facts = _of_holder(holder, terms) | {"last4": stored.shown.get("last4", ""), "at": stored.added_at.isoformat()}
    match news:
        case DestinationChanged(former_email=former):
            before = frozenset({Address(Channel.EMAIL, former)} if former else ())
            waits = stored.usable_at > stored.added_at
            facts |= {"usable_at": stored.usable_at.isoformat() if waits else None}
            return Item(Kind.DESTINATION_CHANGED, holder.program, holder, stored.id, 0, facts, also_to | before)
        case DestinationDenied():
            facts |= {"at": (stored.checked_at or stored.added_at).isoformat()}
            return Item(Kind.DESTINATION_DENIED, holder.program, holder, stored.id, 0, facts)


def staff_item(news: StaffNews) -> Item:
    """Tell staff of something that is about no holder."""
    about = {"program": "Bursar", "time_zone": "UTC"} if news.program is None else _of_program(news.program)
    addresses = frozenset(Address(Channel.EMAIL, email) for email in news.emails)
    name = None if news.program is None else news.program.program
    return Item(news.kind, name, None, news.subject_id, news.seq, about | dict(news.facts), addresses)


def _of_payout(payout: Payout, holder: Holder, terms: Terms) -> dict[str, Any]:
    return _of_holder(holder, terms) | {
        "payout": str(payout.id),
        "reference": payout.reference,
        "amount": str(payout.amount),
        "last4": payout.destination_shown.get("last4", ""),
        "correlation": payout.correlation_id,
    }


def _of_holder(holder: Holder, terms: Terms) -> dict[str, Any]:
    return {"name": holder.name, **_of_program(terms)}


def _of_program(terms: Terms) -> dict[str, Any]:
    return {"program": terms.title, "time_zone": terms.dispatch.time_zone or "UTC"}


_LOUDNESS: Final = {"high": 0, "medium": 1, "low": 2}


def _loudest(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """What speaks against a payout, the strongest first; findings that only inform are left out."""
    speaking = [finding for finding in findings if finding["level"] in _LOUDNESS]
    speaking.sort(key=lambda finding: _LOUDNESS[finding["level"]])
    return [finding["sentence"] for finding in speaking[:FINDINGS_MAX]]


def _base64url(text: str) -> bytes:
    """Bytes from base64url with or without padding; nothing at all from anything else."""
    try:
        padded = text.rstrip("=").encode("ascii") + b"=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True) if len(text) <= _KEY_LENGTH_MAX else b""
    except (UnicodeEncodeError, binascii.Error):
        return b""
