"""What providers send and see about notices."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from bursar.foundation.clock import timestamp
from bursar.outbound import notices
from bursar.outbound.notices import Channel, Kind

Told = Literal["completed", "failed", "rejected", "returned", "destination_changed", "destination_denied"]
"""What holders are told of; staff are told of more."""


class Preference(msgspec.Struct):
    """Whether one kind of notice is sent, over each channel."""

    kind: Kind
    email: bool
    push: bool
    optional: Annotated[bool, msgspec.Meta(description="Whether it can be switched off.")]


class Preferences(msgspec.Struct):
    """What is sent, kind by kind."""

    data: list[Preference]

    @classmethod
    def of(cls, wishes: Sequence[notices.Wish]) -> "Preferences":
        """Show what a holder wants."""
        wanted = {(wish.kind, wish.channel): wish.wanted for wish in wishes}
        return cls(
            [
                Preference(kind, wanted[kind, Channel.EMAIL], wanted[kind, Channel.PUSH], kind in notices.OPTIONAL)
                for kind in notices.TO_HOLDERS
            ]
        )


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different about one kind; what is left out stays."""

    kind: Told
    email: bool | msgspec.UnsetType = msgspec.UNSET
    push: bool | msgspec.UnsetType = msgspec.UNSET


class PreferencesBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different."""

    preferences: Annotated[list[Choice], msgspec.Meta(min_length=1, max_length=20)]

    def wishes(self) -> list[notices.Wish]:
        """The same as the room reads it, in the order given: of two about one thing, the later one counts."""
        return [
            notices.Wish(Kind(choice.kind), channel, wanted)
            for choice in self.preferences
            for channel, wanted in ((Channel.EMAIL, choice.email), (Channel.PUSH, choice.push))
            if wanted is not msgspec.UNSET
        ]


class NoticeView(msgspec.Struct, rename="camel"):
    """One notice to one address, and what became of it."""

    id: UUID
    kind: Kind
    channel: Channel
    to: Annotated[str, msgspec.Meta(description="Whom it went to, as much as others who act for you may see.")]
    payout_id: UUID | None
    state: notices.State
    reason: Annotated[str | None, msgspec.Meta(description="Why it was skipped, or why its last try failed: a word.")]
    tries: int
    next_try_at: str | None
    created_at: str
    finished_at: str | None

    @classmethod
    def of(cls, notice: notices.Notice) -> "NoticeView":
        """Show one notice."""
        return cls(
            id=notice.id,
            kind=notice.kind,
            channel=notice.address.channel,
            to=notice.to,
            payout_id=notice.payout_id,
            state=notice.state,
            reason=notice.last_error,
            tries=notice.tries,
            next_try_at=timestamp(notice.due_at) if notice.due_at else None,
            created_at=timestamp(notice.created_at),
            finished_at=timestamp(notice.finished_at) if notice.finished_at else None,
        )
