"""What is sent and shown of what holders, and staff about them, say to the runs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from bursar.api.filters import Amount, Moment
from bursar.api.own_schedules import ScheduleBody
from bursar.api.rules import TEXT
from bursar.foundation.clock import timestamp
from bursar.holders import Every, KeptSchedule, Preferences


class WishesBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What the holder wants; what is left out stays as it is, and null takes it back."""

    minimum: (
        Annotated[Amount | None, msgspec.Meta(description="No run pays less; the program's own minimum always counts.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    paused_from: (
        Annotated[Moment | None, msgspec.Meta(description="From when on no run pays anything; null ends the pause.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    paused_until: (
        Annotated[Moment | None, msgspec.Meta(description="Until when; left out with `pausedFrom`, without an end.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    schedule: (
        Annotated[
            ScheduleBody | None,
            msgspec.Meta(description="When to be paid, where the program lets its holders choose; null: as it pays."),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class HoldBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why no run is to pay this holder."""

    reason: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=200, examples=["Under investigation"], extra_json_schema={"pattern": TEXT}
        ),
    ]


class ScheduleView(msgspec.Struct, rename="camel"):
    """A holder's own schedule: when it comes round next, and why nothing was paid the last time, if that was so."""

    frequency: Every
    day: int | None
    hour: int
    next_at: str
    last_at: str | None
    last_reason: str | None

    @classmethod
    def of(cls, kept: KeptSchedule) -> "ScheduleView":
        """Show one."""
        return cls(
            frequency=kept.wish.every,
            day=kept.wish.day,
            hour=kept.wish.hour,
            next_at=timestamp(kept.next_at),
            last_at=_shown(kept.last_at),
            last_reason=kept.last_reason,
        )


class WishesView(msgspec.Struct, rename="camel"):
    """What was said about one holder; `held` and its reason are staff's."""

    holder_id: UUID
    minimum: str | None
    currency: str | None
    paused_from: str | None
    paused_until: str | None
    schedule: ScheduleView | None
    held: bool
    held_reason: str | None
    held_by: str | None
    held_at: str | None

    @classmethod
    def of(cls, said: Preferences) -> "WishesView":
        """Show it."""
        return cls(
            holder_id=said.holder_id,
            minimum=said.minimum.text if said.minimum else None,
            currency=said.minimum.currency if said.minimum else None,
            paused_from=_shown(said.paused_from),
            paused_until=_shown(said.paused_until),
            schedule=ScheduleView.of(said.schedule) if said.schedule else None,
            held=said.held_at is not None,
            held_reason=said.held_why,
            held_by=said.held_by,
            held_at=_shown(said.held_at),
        )


def _shown(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None
