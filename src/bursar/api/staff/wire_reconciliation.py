"""What staff send and see about comparisons, items, corrections and recoveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api.paging import PageQuery
from bursar.api.problems import camel
from bursar.api.staff.wire import REASON_LENGTH_MAX, Reason
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.monitoring.reconciliation import (
    Action,
    Columns,
    Comparison,
    Correction,
    Format,
    Item,
    Kind,
    Owner,
    Query,
    Way,
)
from bursar.monitoring.recovery import Outlook

_NAME_LENGTH_MAX: Final = 100

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=_NAME_LENGTH_MAX)]
Moment = Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-20T08:00:00Z"])]


class CompareBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be compared: everything, or one gateway's list; and since when payments count."""

    gateway: Annotated[Name, msgspec.Meta(description="Only this gateway's list.")] | None = None
    since: Annotated[Moment, msgspec.Meta(description="Three days ago, where it is left out.")] | None = None


class ItemQuery(PageQuery, kw_only=True):
    """Which items to list."""

    status: Annotated[
        str, msgspec.Meta(pattern="^(open|closed|all)$", description="open, closed or all.", examples=["open"])
    ] = "open"
    kind: Annotated[list[Kind], msgspec.Meta(description="One kind or several.", examples=[["paid_after_refused"]])] = (
        msgspec.field(default_factory=list)
    )
    gateway: Annotated[Name, msgspec.Meta(description="Only this gateway's.")] | msgspec.UnsetType = msgspec.UNSET
    program: Annotated[Name, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = msgspec.UNSET

    def asked(self, *, limit: int, before: UUID | None) -> Query:
        """The same for the room."""
        return Query(
            is_open={"open": True, "closed": False}.get(self.status),
            kinds=frozenset(self.kind),
            gateway=self.gateway or None,
            program=self.program or None,
            before=before,
            limit=limit,
        )


class StatementQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose statement the body is, in which form, and for CSV which column holds what."""

    gateway: Name
    format: Format = Format.CSV
    reference: Name = "reference"
    key: Name = "key"
    amount: Name = "amount"
    currency: Name = "currency"
    date: Name = "date"
    status: Name = "status"
    time_format: Annotated[Name, msgspec.Meta(description="As `strptime` has it; ISO 8601 otherwise.")] | None = None
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","

    @property
    def columns(self) -> Columns:
        """Which column holds what."""
        return Columns(
            reference=self.reference,
            key=self.key,
            amount=self.amount,
            currency=self.currency,
            at=self.date,
            status=self.status,
            time_format=self.time_format,
            delimiter=self.delimiter,
        )


class CorrectionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be done about an item, and why."""

    action: Action
    reason: Annotated[Reason, msgspec.Meta(min_length=1)]
    program: Annotated[Name, msgspec.Meta(description="Who bears a loss, where nobody knows who was paid.")] | None = (
        None
    )

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class RecoveryBody(msgspec.Struct, forbid_unknown_fields=True):
    """Until when the database is known to be complete, and why that is in doubt."""

    since: Moment
    reason: Annotated[Reason, msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class ResolveBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether it was paid, and how you know."""

    paid: Annotated[bool, msgspec.Meta(description="What the gateway's own statement says.")]
    reason: Annotated[Reason, msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class AskedView(msgspec.Struct):
    """Where what was asked for will show."""

    comparisons: str


class ComparisonView(msgspec.Struct, rename="camel"):
    """One comparison, and what it came to."""

    id: UUID
    way: Way
    gateway: str | None
    since: str | None
    until: str
    state: str
    failure: str | None
    passed: bool
    payments: int
    differing: int
    opened: int
    closed: int
    asked_by: str
    begun_at: str
    ended_at: str | None

    @classmethod
    def of(cls, one: Comparison) -> "ComparisonView":
        """Show one."""
        return cls(
            id=one.id,
            way=one.way,
            gateway=one.gateway or None,
            since=timestamp(one.span.since) if one.gateway else None,
            until=timestamp(one.span.until),
            state=one.state,
            failure=one.failure,
            passed=one.passed,
            payments=one.payments,
            differing=one.differing,
            opened=one.opened,
            closed=one.closed,
            asked_by=one.asked_by,
            begun_at=timestamp(one.begun_at),
            ended_at=timestamp(one.ended_at) if one.ended_at else None,
        )


class ItemView(msgspec.Struct, rename="camel"):
    """One difference: what it is about, who has to look, and what may be done."""

    id: UUID
    kind: Kind
    payout_id: UUID | None
    program: str | None
    gateway: str | None
    key: str | None
    gateway_reference: str | None
    amount: str | None
    currency: str | None
    age_seconds: int
    owner: Owner
    suggested: Action | None
    possible: list[Action]
    seen_by: list[Way]
    happened_at: str
    opened_at: str
    closed_at: str | None
    resolution: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, item: Item, *, at: datetime) -> "ItemView":
        """Show one."""
        return cls(
            id=item.id,
            kind=item.kind,
            payout_id=item.payout_id,
            program=item.program,
            gateway=item.gateway,
            key=item.attempt_key,
            gateway_reference=item.gateway_reference,
            amount=item.amount.text if item.amount else None,
            currency=item.amount.currency if item.amount else None,
            age_seconds=max(0, int(item.age(at).total_seconds())),
            owner=item.rule.owner,
            suggested=item.suggestion,
            possible=list(item.actions),
            seen_by=list(item.ways),
            happened_at=timestamp(item.happened_at),
            opened_at=timestamp(item.opened_at),
            closed_at=timestamp(item.closed_at) if item.closed_at else None,
            resolution=item.resolution,
            facts={camel(name): value for name, value in item.facts.items()},
        )


class CorrectionView(msgspec.Struct, rename="camel"):
    """What somebody proposed, and how it ended."""

    id: UUID
    item_id: UUID
    action: Action
    state: str
    program: str | None
    reason: str
    proposed_by: UUID
    proposed_at: str
    decided_by: UUID | None
    decided_at: str | None

    @classmethod
    def of(cls, correction: Correction) -> "CorrectionView":
        """Show one."""
        return cls(
            id=correction.id,
            item_id=correction.item_id,
            action=correction.action,
            state=correction.state,
            program=correction.program,
            reason=correction.reason,
            proposed_by=correction.proposed_by,
            proposed_at=timestamp(correction.proposed_at),
            decided_by=correction.decided_by,
            decided_at=timestamp(correction.decided_at) if correction.decided_at else None,
        )


class ItemDetail(ItemView, rename="camel"):
    """One difference with all that was proposed about it."""

    corrections: list[CorrectionView]

    @classmethod
    def whole(cls, view: ItemView, corrections: Sequence[Correction]) -> "ItemDetail":
        """Show one with its corrections."""
        return cls(**msgspec.structs.asdict(view), corrections=[CorrectionView.of(one) for one in corrections])


class RecoveryView(msgspec.Struct, rename="camel"):
    """Whether sending is off for a recovery, and what it waits for."""

    sending: str
    reason: str | None = None
    known_until: str | None = None
    begun_at: str | None = None
    begun_by: str | None = None
    not_compared: list[str] = []
    open_items: int = 0

    @classmethod
    def of(cls, seen: Outlook | None) -> "RecoveryView":
        """Show it."""
        if seen is None:
            return cls("on")
        return cls(
            sending="off",
            reason=seen.recovery.reason,
            known_until=timestamp(seen.recovery.known_until),
            begun_at=timestamp(seen.recovery.begun_at),
            begun_by=seen.recovery.begun_by,
            not_compared=list(seen.not_compared),
            open_items=seen.open_items,
        )
