"""What staff send and get when they decide about many payouts at once."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api import problems
from bursar.api.rules import ProgramName
from bursar.api.staff import examples
from bursar.api.staff.wire import REASON_LENGTH_MAX, Reason
from bursar.foundation import texts
from bursar.foundation.errors import Invalid, Refusal
from bursar.payouts import Payout, PayoutState

IDS_MAX: Final = 1_000

PayoutIds = Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=IDS_MAX, description="Which payouts.")]


class ManyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which payouts, and why."""

    ids: PayoutIds
    reason: Reason = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class ProcessBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which payouts: these, or all of a program that wait to leave."""

    ids: PayoutIds | msgspec.UnsetType = msgspec.UNSET
    program: Annotated[ProgramName, msgspec.Meta(description="All of this program.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )

    def __post_init__(self) -> None:
        if bool(self.ids) == bool(self.program):
            raise Invalid(field="ids", rule="present where program is left out, and nowhere else")


class DecidedResult(msgspec.Struct, omit_defaults=True):
    """What became of one payout: where it stands now, or why nothing was done."""

    id: UUID
    state: PayoutState | msgspec.UnsetType = msgspec.UNSET
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, payout_id: UUID, result: Payout | Refusal) -> "DecidedResult":
        """Tell what became of one."""
        if isinstance(result, Refusal):
            return cls(payout_id, error=problems.told_of(result))
        return cls(payout_id, state=result.state)


class ManyView(msgspec.Struct, rename="camel"):
    """What became of many payouts. `hasMore`: others of the program wait as well, and were not reached."""

    done: int
    refused: int
    has_more: bool
    results: list[DecidedResult]

    @classmethod
    def of(cls, results: Mapping[UUID, Payout | Refusal], *, has_more: bool = False) -> "ManyView":
        """Add up what became of them."""
        told = [DecidedResult.of(payout_id, result) for payout_id, result in results.items()]
        refused = sum(1 for result in told if result.error is not msgspec.UNSET)
        return cls(len(told) - refused, refused, has_more, told)


SHOWN: Final[dict[str, Any]] = {
    "done": 1,
    "refused": 1,
    "hasMore": False,
    "results": [
        {"id": examples.ID, "state": "approved"},
        {
            "id": "01a1f84c-9492-7a87-8b43-f2b3758d6ffb",
            "error": {
                "code": "wrong_state",
                "message": "A payout that is completed cannot retry; that is possible from: failed.",
                "verb": "retry",
                "state": "completed",
                "allowedFrom": ["failed"],
            },
        },
    ],
}
