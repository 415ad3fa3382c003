"""What staff send and see about kill switches."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import msgspec

from bursar import dispatch
from bursar.api.staff.wire import REASON_LENGTH_MAX, Reason
from bursar.foundation import texts
from bursar.foundation.money import Money, totals
from bursar.payouts import PayoutState, can

Stoppable = Annotated[
    Literal["global", "program", "gateway", "holder"],
    msgspec.Meta(description="What it stops. One run is stopped and resumed under `/api/admin/runs`."),
]
Subject = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="Which program, gateway or holder (by id); empty for `global`.",
        examples=["merchants"],
    ),
]


class SwitchBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be stopped, and why."""

    scope: Stoppable
    reason: Annotated[Reason, msgspec.Meta(min_length=1)]
    subject: Subject = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class SwitchQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which switch to lift."""

    scope: Stoppable
    subject: Subject = ""
    confirm: Annotated[bool, msgspec.Meta(description="Without it, you are only told what will leave.")] = False


class FigureView(msgspec.Struct):
    """How many payouts, and what they add up to in each currency."""

    payouts: int
    amounts: dict[str, str]

    @classmethod
    def of(cls, counted: Iterable[Mapping[PayoutState, tuple[int, list[Money]]]]) -> "FigureView":
        """Add up those that could leave now."""
        leaving = [found for states in counted for state, found in states.items() if can(state, "send")]
        amounts = totals(amount for _, sums in leaving for amount in sums)
        return cls(sum(count for count, _ in leaving), {amount.currency: amount.text for amount in amounts})


class SwitchView(msgspec.Struct, rename="camel"):
    """A kill switch that is set, and what would leave if it were lifted."""

    scope: dispatch.Scope
    subject: str
    reason: str
    set_by: str
    set_at: str
    waiting: FigureView
