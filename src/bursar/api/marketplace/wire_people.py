"""What platforms send and get about bounties, and about who recruited whom."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar import earnings
from bursar.api import parts, problems
from bursar.api.filters import Moment, moment
from bursar.api.marketplace import examples
from bursar.api.marketplace.wire import Paise
from bursar.api.openapi import JSON, SCHEMAS
from bursar.api.rules import LINE, TEXT, Name
from bursar.earnings import Credited, NewEarning
from bursar.foundation.clock import timestamp
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Holder
from bursar.orders import Recruit


class BountyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Something that a scout has earned."""

    reference: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=earnings.REFERENCE_LENGTH_MAX,
            description="What it was earned with. It counts once for each scout.",
            examples=["referral-7"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    amount_paise: Paise
    description: Annotated[
        str, msgspec.Meta(max_length=earnings.DESCRIPTION_LENGTH_MAX, extra_json_schema={"pattern": TEXT})
    ] = ""
    earned_at: Moment | msgspec.UnsetType = msgspec.UNSET

    def wanted(self, scout: Holder, *, currency: str, credited_by: str) -> NewEarning:
        """What somebody wants to credit with this body; ``currency`` is the program's.

        Raises:
            Invalid: a text is not what it must be, or the time is no moment.
        """
        return NewEarning(
            program=scout.program,
            holder=scout.reference,
            reference=self.reference,
            amount=Money(self.amount_paise, currency),
            description=self.description,
            earned_at=moment(self.earned_at, field="earned_at") if self.earned_at else None,
            credited_by=credited_by,
        )


class BountyView(msgspec.Struct):
    """A bounty that was credited; `replayed` says that it was there before, with this content."""

    id: UUID
    scout_id: str
    reference: str
    amount_paise: int
    description: str
    earned_at: str
    replayed: bool

    @classmethod
    def of(cls, credited: Credited, scout: Holder) -> "BountyView":
        """Show one."""
        earning = credited.earning
        return cls(
            id=earning.id,
            scout_id=scout.reference,
            reference=earning.reference,
            amount_paise=earning.amount.minor,
            description=earning.description,
            earned_at=timestamp(earning.earned_at),
            replayed=not credited.is_new,
        )


class BountyResult(msgspec.Struct, omit_defaults=True):
    """What became of one item: its earning, or why there is none."""

    row: Annotated[int, msgspec.Meta(description="Counts the items from 1.")]
    id: UUID | msgspec.UnsetType = msgspec.UNSET
    replayed: bool = False
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, row: int, result: Credited | Refusal) -> "BountyResult":
        """Tell what became of one item."""
        if isinstance(result, Refusal):
            return cls(row, error=problems.told_of(result, naming=problems.snake))
        return cls(row, id=result.earning.id, replayed=not result.is_new)


class BountiesAnswer(msgspec.Struct):
    """What became of an array of bounties."""

    rows: int
    credited: int
    credited_before: int
    refused: int
    results: list[BountyResult]

    @classmethod
    def of(cls, results: Sequence[Credited | Refusal]) -> "BountiesAnswer":
        """Add up what became of the items."""
        told = [BountyResult.of(row, result) for row, result in enumerate(results, 1)]
        done, before, refused = parts.counted(told)
        return cls(len(told), done, before, refused, told)


class RecruiterBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who recruited a seller."""

    scout_id: Annotated[
        Name, msgspec.Meta(description="The scout, by your name for them or our id.", examples=["scout-1"])
    ]


class RecruiterView(msgspec.Struct):
    """Who recruited a seller, since when, and how many bounties that has brought the seller's scouts."""

    seller_id: str
    scout_id: str
    since: str
    bounties: int

    @classmethod
    def of(cls, recruit: Recruit, *, seller: Holder, scout: Holder) -> "RecruiterView":
        """Show it."""
        return cls(seller.reference, scout.reference, timestamp(recruit.since), recruit.bounties)


BOUNTIES: Final[dict[str, Any]] = {
    JSON: {
        "schema": {
            "oneOf": [
                {"$ref": SCHEMAS.format(name="BountyBody")},
                # An item that is not as it must be is refused in its place, and spoils no other.
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"anyOf": [{"$ref": SCHEMAS.format(name="BountyBody")}, {}]},
                },
            ]
        },
        "examples": {
            "One": {"value": examples.BOUNTY},
            "Two": {"value": [examples.BOUNTY, examples.BOUNTY | {"reference": "referral-8"}]},
        },
    }
}
"""What is taken, as the documentation says it. How many items there may be, the program's terms say."""

CREDITED_MANY: Final[dict[str, Any]] = {
    "rows": 2,
    "credited": 1,
    "credited_before": 0,
    "refused": 1,
    "results": [{"row": 1, "id": examples.ID}, {"row": 2, "error": examples.REFUSED}],
}
