"""What staff may ask of the list of all payouts."""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from bursar.api.filters import PayoutQuery
from bursar.api.marketplace.wire import states_heard_as
from bursar.api.rules import Name, ProgramName
from bursar.foundation import texts
from bursar.foundation.errors import Invalid
from bursar.payouts import PayoutState

NAME_LENGTH_MAX: Final = 200
PAGE_NUMBER_MAX: Final = 10_000  # Whoever wants to go further takes the cursor, which costs the same everywhere.

Verdict = Literal["pass", "low", "medium", "high"]
Kind = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,39}$(?!\n)")]


def insist_named(given: str | msgspec.UnsetType, *, field: str) -> None:
    """Insist on a line, where something is named by it.

    Raises:
        Invalid: it is none.
    """
    if given:
        texts.insist_line(given, field=field, most=NAME_LENGTH_MAX)


class AskedStatus(StrEnum):
    """A state, or one of those words of the marketplace's that mean several and are no state themselves."""

    REQUESTED = "requested"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    ON_HOLD = "on_hold"
    RETRYING = "retrying"
    COMPLETED = "completed"
    RETURNED = "returned"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    PENDING = "pending"
    PROCESSING = "processing"

    @property
    def states(self) -> frozenset[PayoutState]:
        """The states that it stands for."""
        if self in {AskedStatus.PENDING, AskedStatus.PROCESSING}:
            return states_heard_as([self])
        return frozenset({PayoutState(self)})


class StaffPayoutQuery(PayoutQuery, kw_only=True):
    """Which payouts to list."""

    status: Annotated[
        list[AskedStatus], msgspec.Meta(description="One state or several.", examples=[["in_review"]])
    ] = msgspec.field(default_factory=list)
    program: Annotated[ProgramName, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    flagged: (
        Annotated[bool, msgspec.Meta(description="Those that people had to look at, or with `false` the others.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    verdict: Annotated[
        list[Verdict], msgspec.Meta(description="How strong the strongest finding is.", examples=[["high"]])
    ] = msgspec.field(default_factory=list)
    kind: Annotated[
        list[Kind], msgspec.Meta(description="What it pays; one kind or several.", examples=[["scout_bounty"]])
    ] = msgspec.field(default_factory=list)
    holder: (
        Annotated[
            Name,
            msgspec.Meta(
                description="Only this holder's: their id or, with `program`, what their platform calls them."
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    order: (
        Annotated[
            Name, msgspec.Meta(description="Only of this order: our id or, with `program`, what its platform calls it.")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    page: (
        Annotated[
            int, msgspec.Meta(ge=1, le=PAGE_NUMBER_MAX, description="Which page, from 1; not together with `cursor`.")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        insist_named(self.holder, field="holder")
        insist_named(self.order, field="order")
        if self.page and self.cursor:
            raise Invalid(field="cursor", rule="left out where page is given")

    @property
    def states(self) -> frozenset[PayoutState]:
        """The states that were asked for; none stand for all."""
        return frozenset().union(*(status.states for status in self.status))

    @property
    def offset(self) -> int:
        """How many payouts come before the page that was asked for."""
        return (self.page - 1) * self.limit if self.page else 0
