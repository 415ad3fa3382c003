"""What platforms send and get about earnings."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar import earnings
from bursar.api import amounts, parts, problems
from bursar.api.earnings import EXAMPLE, EarningQuery, EarningView, shown
from bursar.api.filters import Moment, moment
from bursar.api.openapi import JSON, SCHEMAS
from bursar.api.rules import LINE, TEXT
from bursar.earnings import Credited, Earning, NewEarning, Payoff, Withholding
from bursar.foundation.errors import Refusal
from bursar.holders import Holder

Program = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, description="The program; a key's own need not be said.")
]


class EarningBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Something that a holder has earned."""

    holder: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=earnings.REFERENCE_LENGTH_MAX,
            description="What you call this holder.",
            examples=["provider-17"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    reference: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=earnings.REFERENCE_LENGTH_MAX,
            description="What it was earned with, such as an order's number. It counts once for each holder.",
            examples=["order-1042"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    amount: amounts.Amount
    currency: (
        Annotated[amounts.Currency, msgspec.Meta(description="ISO 4217; the program's, if it is left out.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    description: Annotated[
        str, msgspec.Meta(max_length=earnings.DESCRIPTION_LENGTH_MAX, extra_json_schema={"pattern": TEXT})
    ] = ""
    earned_at: Moment | msgspec.UnsetType = msgspec.UNSET

    def wanted(self, program: str, *, currency: str, credited_by: str) -> NewEarning:
        """What somebody wants to be credited with this body; ``currency`` is the program's.

        Raises:
            Invalid: the amount is none, a text is not what it must be, or the time is no moment.
        """
        return NewEarning(
            program=program,
            holder=self.holder,
            reference=self.reference,
            amount=amounts.money(self.amount, self.currency or currency),
            description=self.description,
            earned_at=moment(self.earned_at, field="earnedAt") if self.earned_at else None,
            credited_by=credited_by,
        )


class ProgramQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """In which program."""

    program: Program | msgspec.UnsetType = msgspec.UNSET


class PlatformEarningQuery(EarningQuery, kw_only=True):
    """Which earnings to list."""

    program: Program | msgspec.UnsetType = msgspec.UNSET
    holder: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=earnings.REFERENCE_LENGTH_MAX,
                description="Only this holder's, by what you call them.",
                extra_json_schema={"pattern": LINE},
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class OwnerView(msgspec.Struct):
    """Whose earning it is."""

    id: UUID
    reference: str
    name: str


class PlatformEarningView(EarningView, rename="camel"):
    """One earning, and whose it is. Times are UTC; amounts are texts in major units."""

    program: str
    holder: OwnerView
    credited_by: str

    @classmethod
    def whole(
        cls, earning: Earning, used_by: Sequence[Payoff], withheld: Sequence[Withholding], *, holder: Holder
    ) -> "PlatformEarningView":
        """Show one earning with its owner, the payouts that used it, and what was withheld of it."""
        return cls(
            **shown(earning, used_by, withheld),
            program=earning.program,
            holder=OwnerView(holder.id, holder.reference, holder.name),
            credited_by=earning.credited_by,
        )


class EarningResult(msgspec.Struct, omit_defaults=True):
    """What became of one item: its earning, or why there is none."""

    row: Annotated[int, msgspec.Meta(description="Counts the items from 1.")]
    id: UUID | msgspec.UnsetType = msgspec.UNSET
    replayed: Annotated[bool, msgspec.Meta(description="It was credited before, with this content.")] = False
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, row: int, result: Credited | Refusal) -> "EarningResult":
        """Tell what became of one item."""
        if isinstance(result, Refusal):
            return cls(row, error=problems.told_of(result))
        return cls(row, id=result.earning.id, replayed=not result.is_new)


class EarningsAnswer(msgspec.Struct, rename="camel"):
    """What became of an array of earnings."""

    rows: int
    credited: int
    credited_before: int
    refused: int
    results: list[EarningResult]

    @classmethod
    def of(cls, results: Sequence[Credited | Refusal]) -> "EarningsAnswer":
        """Add up what became of the items."""
        told = [EarningResult.of(row, result) for row, result in enumerate(results, 1)]
        done, before, refused = parts.counted(told)
        return cls(len(told), done, before, refused, told)


ONE: Final[dict[str, Any]] = {
    "holder": "provider-17",
    "reference": "order-1042",
    "amount": "12500.00",
    "description": "Wiring of a kitchen",
    "earnedAt": "2025-12-10T09:30:00Z",
}
BODIES: Final[dict[str, Any]] = {
    JSON: {
        "schema": {
            "oneOf": [
                {"$ref": SCHEMAS.format(name="EarningBody")},
                # An item that is not as it must be is refused in its place, and spoils no other.
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"anyOf": [{"$ref": SCHEMAS.format(name="EarningBody")}, {}]},
                },
            ]
        },
        "examples": {"One": {"value": ONE}, "Two": {"value": [ONE, ONE | {"reference": "order-1043", "amount": 800}]}},
    }
}
"""What is taken, as the documentation says it. How many items there may be, the program's terms say."""

SHOWN: Final[dict[str, Any]] = EXAMPLE | {
    "program": "providers",
    "holder": {"id": EXAMPLE["id"], "reference": "provider-17", "name": "Ada Obi"},
    "creditedBy": f"key:{EXAMPLE['id']}",
}
SHOWN_MANY: Final[dict[str, Any]] = {
    "rows": 2,
    "credited": 1,
    "creditedBefore": 0,
    "refused": 1,
    "results": [
        {"row": 1, "id": EXAMPLE["id"]},
        {
            "row": 2,
            "error": {
                "code": "earning_not_credited",
                "message": "This earning cannot be credited: holder must be the reference of a holder of the program "
                "providers.",
                "field": "holder",
                "rule": "the reference of a holder of the program providers",
                "given": "provider-18",
            },
        },
    ],
}
