"""What staff see of a story."""

from typing import Any
from uuid import UUID

import msgspec

from bursar.foundation.clock import timestamp
from bursar.monitoring.stories import Line, Match, Story
from bursar.payouts import Payout, PayoutState


class MatchView(msgspec.Struct, rename="camel"):
    """One thing that goes by the id: what it is, what it is called, and the payout or run that it belongs to."""

    what: str
    id: str
    payout_id: UUID | None
    run_id: UUID | None

    @classmethod
    def of(cls, match: Match) -> "MatchView":
        """Show one match."""
        return cls(match.what, match.id, match.payout_id, match.run_id)


class TracedPayoutView(msgspec.Struct, rename="camel"):
    """A payout of a story, in short."""

    id: UUID
    program: str
    reference: str
    amount: str
    currency: str
    state: PayoutState
    reason: str | None
    gateway_reference: str | None
    correlation_id: str | None

    @classmethod
    def of(cls, payout: Payout) -> "TracedPayoutView":
        """Show one payout."""
        return cls(
            id=payout.id,
            program=payout.program,
            reference=payout.reference,
            amount=payout.amount.text,
            currency=payout.amount.currency,
            state=payout.state,
            reason=payout.reason,
            gateway_reference=payout.gateway_reference,
            correlation_id=payout.correlation_id,
        )


class StoryLineView(msgspec.Struct, rename="camel"):
    """One thing that happened; ``payoutId`` says to which payout, where it did to one."""

    timestamp: str
    kind: str
    text: str
    facts: dict[str, Any]
    payout_id: UUID | None

    @classmethod
    def of(cls, line: Line) -> "StoryLineView":
        """Show one line."""
        return cls(timestamp(line.at), line.kind, line.text, dict(line.facts), line.payout_id)


class StoryView(msgspec.Struct, rename="camel"):
    """Everything that an id leads to, oldest first; ``hasMore`` says that there are more payouts than are told."""

    asked: str
    matches: list[MatchView]
    payouts: list[TracedPayoutView]
    has_more: bool
    correlation_ids: list[str]
    lines: list[StoryLineView]

    @classmethod
    def of(cls, story: Story) -> "StoryView":
        """Show a story."""
        return cls(
            asked=story.asked,
            matches=[MatchView.of(match) for match in story.matches],
            payouts=[TracedPayoutView.of(payout) for payout in story.payouts],
            has_more=story.has_more,
            correlation_ids=list(story.correlation_ids),
            lines=[StoryLineView.of(line) for line in story.lines],
        )
