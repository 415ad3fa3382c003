"""What files of payouts look like, and what is answered to them."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api import exports
from bursar.api.merchants import examples
from bursar.api.merchants.wire import PayoutStatus
from bursar.api.openapi import JSON, SCHEMAS

MULTIPART: Final = "multipart/form-data"

FILES: Final[dict[str, Any]] = {
    JSON: {
        "schema": {
            "type": "array",
            "minItems": 1,
            "items": {  # One that is not as it must be is refused in its place, and spoils no other.
                "anyOf": [{"$ref": SCHEMAS.format(name="PayoutBody")}, {}]
            },
        },
        "examples": {"Two payouts": {"value": list(examples.CREATE.values())[:2]}},
    },
    exports.MEDIA: {"schema": {"type": "string"}, "example": examples.BULK_CSV},
    MULTIPART: {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        }
    },
}
"""What is taken, as the documentation says it. How many rows there may be, the program's terms say."""


class BulkQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """How a file is to be taken."""

    dry_run: Annotated[bool, msgspec.Meta(description="Check every row as it stands now, and store nothing.")] = False
    again: Annotated[bool, msgspec.Meta(description="Ask for a file once more that was uploaded before.")] = False


class RowResult(msgspec.Struct, omit_defaults=True):
    """What became of one row: its payout, or why there is none."""

    row: Annotated[int, msgspec.Meta(description="Counts the data rows from 1.")]
    id: UUID | msgspec.UnsetType = msgspec.UNSET
    status: PayoutStatus | msgspec.UnsetType = msgspec.UNSET
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class BulkAnswer(msgspec.Struct, rename="camel"):
    """What became of a file."""

    upload_id: UUID | None
    dry_run: bool
    rows: int
    accepted: int
    refused: int
    results: list[RowResult]

    @classmethod
    def of(cls, results: list[RowResult], *, upload_id: UUID | None) -> "BulkAnswer":
        """Add up what became of the rows; without an upload nothing was stored."""
        refused = sum(1 for result in results if result.error is not msgspec.UNSET)
        return cls(upload_id, upload_id is None, len(results), len(results) - refused, refused, results)
