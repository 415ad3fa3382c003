"""What staff send and get. Answers stand in the members document's envelope: ``data``, ``message``, ``timestamp``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from bursar import approvals
from bursar.api.earnings import StandsForView
from bursar.api.paging import Page
from bursar.api.problems import camel
from bursar.api.rules import TEXT
from bursar.earnings import Earning, Payoff
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money
from bursar.holders import Holder
from bursar.identity import Person
from bursar.monitoring import Entry
from bursar.payouts import Payout, PayoutState, can

REASON_LENGTH_MAX: Final = 2_000

V = TypeVar("V")


class Envelope(msgspec.Struct, Generic[V]):
    """An answer that is no list."""

    data: V
    message: str
    timestamp: str


class PageEnvelope(Page[V], Generic[V], rename="camel"):
    """Some of the things asked for; while `hasMore`, ask again with `cursor` set to `nextCursor`."""

    message: str
    timestamp: str


class NumberedPageEnvelope(PageEnvelope[V], Generic[V], rename="camel"):
    """The same. Where a `page` was asked for, how many there are in all, and on how many pages."""

    total: int | msgspec.UnsetType = msgspec.UNSET
    page: int | msgspec.UnsetType = msgspec.UNSET
    pages: int | msgspec.UnsetType = msgspec.UNSET


Reason = Annotated[
    str,
    msgspec.Meta(
        max_length=REASON_LENGTH_MAX, examples=["Checked with the merchant"], extra_json_schema={"pattern": TEXT}
    ),
]


class ReasonBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why."""

    reason: Reason = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class MustReasonBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why; it cannot be left out."""

    reason: Annotated[Reason, msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class HolderView(msgspec.Struct, rename="camel"):
    """Whose money it is."""

    id: UUID
    reference: str
    name: str

    @classmethod
    def of(cls, holder: Holder) -> "HolderView":
        """Show one holder."""
        return cls(holder.id, holder.reference, holder.name)


class FindingView(msgspec.Struct):
    """What one rule of risk said about a payout, in a sentence for whoever reviews it, with the facts behind it."""

    rule: str
    level: str
    sentence: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, finding: Mapping[str, Any]) -> "FindingView":
        """Show one finding."""
        return cls(finding["rule"], finding["level"], finding["sentence"], dict(finding["facts"]))


class StaffPayoutView(msgspec.Struct, rename="camel"):
    """One payout as staff see it. It is ``flagged`` when people have to look at it, or had to.

    ``kind`` is what it pays and ``orderId`` our id of the one order that it pays for. ``netted`` was kept back of what
    was asked for, to settle a debt.

    ``findings`` are the remarks of risk that speak against it; those that do not stand in the timeline.

    ``dueAt`` says when one that waits to leave may do so; null, with ``waitsForRun``, where the next run takes it.
    """

    id: UUID
    program: str
    holder: HolderView
    reference: str
    kind: str | None
    order_id: UUID | None
    amount: str
    netted: str
    currency: str
    state: PayoutState
    reason: str | None
    verdict: str
    flagged: bool
    findings: list[FindingView]
    destination: dict[str, Any]
    gateway: str | None
    gateway_reference: str | None
    attempts: int
    due_at: str | None
    waits_for_run: bool
    requested_by: str
    created_at: str
    updated_at: str
    processed_at: str | None

    @classmethod
    def of(cls, payout: Payout, holder: Holder) -> "StaffPayoutView":
        """Show one payout."""
        return cls(
            id=payout.id,
            program=payout.program,
            holder=HolderView.of(holder),
            reference=payout.reference,
            kind=payout.kind,
            order_id=payout.order_id,
            amount=payout.amount.text,
            netted=Money(payout.netted, payout.amount.currency).text,
            currency=payout.amount.currency,
            state=payout.state,
            reason=payout.reason,
            verdict=payout.verdict,
            flagged=payout.reviewed,
            findings=[FindingView.of(finding) for finding in payout.findings if finding["level"] != "pass"],
            destination=dict(payout.destination_shown),
            gateway=payout.gateway,
            gateway_reference=payout.gateway_reference,
            attempts=payout.tries,
            due_at=timestamp(payout.due_at) if can(payout.state, "send") and not payout.waits_for_run else None,
            waits_for_run=payout.waits_for_run,
            requested_by=payout.requester,
            created_at=timestamp(payout.created_at),
            updated_at=timestamp(payout.updated_at),
            processed_at=timestamp(payout.processed_at) if payout.processed_at else None,
        )


class ApprovalView(msgspec.Struct, rename="camel"):
    """Who has to agree, and whether they have."""

    needed: int
    given: int
    standing: approvals.Standing

    @classmethod
    def of(cls, poll: approvals.Poll) -> "ApprovalView":
        """Show a poll."""
        return cls(poll.request.needed, sum(1 for vote in poll.votes if vote.in_favour), poll.standing)


class EntryView(msgspec.Struct):
    """One line of a payout's timeline."""

    timestamp: str
    kind: Annotated[
        str, msgspec.Meta(description="check, vote, move, attempt, report, break, money or message.", examples=["move"])
    ]
    text: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        """Show one line."""
        facts = {camel(name): value for name, value in entry.facts.items()}
        return cls(timestamp(entry.at), entry.kind, entry.text, facts)


class PayoutDetail(StaffPayoutView, rename="camel"):
    """One payout with everything that happened to it, and the earnings that it pays off."""

    terms_version: int
    approval: ApprovalView | None
    earnings: list[StandsForView]
    timeline: list[EntryView]

    @classmethod
    def whole(
        cls,
        view: StaffPayoutView,
        payout: Payout,
        *,
        poll: approvals.Poll | None,
        stands_for: Sequence[tuple[Earning, Payoff]],
        entries: Sequence[Entry],
    ) -> "PayoutDetail":
        """Show one payout with its story."""
        return cls(
            **msgspec.structs.asdict(view),
            terms_version=payout.terms_version,
            approval=ApprovalView.of(poll) if poll else None,
            earnings=[StandsForView.of(*part) for part in stands_for],
            timeline=[EntryView.of(entry) for entry in entries],
        )


class PersonView(msgspec.Struct):
    """Somebody who signs in."""

    id: UUID
    email: str
    name: str
    roles: list[str]

    @classmethod
    def of(cls, person: Person) -> "PersonView":
        """Show one person."""
        return cls(person.id, person.email, person.name, sorted(person.roles))


def envelope(data: V, message: str, *, at: datetime) -> Envelope[V]:
    """Put an answer into the envelope."""
    return Envelope(data, message, timestamp(at))
