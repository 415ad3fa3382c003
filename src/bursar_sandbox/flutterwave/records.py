"""What Flutterwave knows about a transfer, in no version's wire format."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from bursar_sandbox import book
from bursar_sandbox.flutterwave.rules import Fate, State


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What a client asks for, read and checked."""

    reference: str | None  # None: Flutterwave makes one up.
    amount: Decimal  # In major units.
    amount_minor: int
    currency: str
    bank_code: str
    account_number: str
    beneficiary_name: str | None = None
    narration: str | None = None
    debit_currency: str | None = None
    callback_url: str | None = None
    meta: Any = None
    action: str = "instant"  # Of the fourth version, as are the next two.
    type: str = "bank"
    recipient_id: str | None = None

    @property
    def wallet(self) -> str:
        """The currency of the wallet that pays."""
        return self.debit_currency or self.currency

    def with_reference(self, reference: str | None) -> "Ask":
        """The same once more, under another reference."""
        return msgspec.structs.replace(self, reference=reference)


class Relation(StrEnum):
    """How a transfer came from an earlier one."""

    RETRY = "retry"
    DUPLICATE = "duplicate"


class Parent(NamedTuple):
    """The transfer from which another one came."""

    record: "Record"
    relation: Relation


# A simulator may hold many of these, so they are kept out of the garbage collector's rounds.
class Record(msgspec.Struct, gc=False):
    """One transfer: what was asked, and where it stands. Times are epoch milliseconds."""

    id: int
    code: str  # The fourth version's id.
    ask: Ask
    full_name: str
    bank_name: str
    fee: Decimal
    cost: Decimal  # What it takes from the wallet, fee included, in the wallet's currency.
    entry: book.Transfer  # The same transfer in the book.
    fate: Fate
    state: State
    created_ms: int
    batch_id: int | None = None
    parent: Parent | None = None
    message: str = ""
    is_approved: bool = True
    is_debited: bool = False
    reversed_ms: int | None = None

    @property
    def reference(self) -> str:
        """The merchant's reference, or the one that was made up."""
        return self.entry.reference


class Occasion(StrEnum):
    """Why a merchant is told of a transfer."""

    OUTCOME = "outcome"
    REVERSAL = "reversal"


class News(NamedTuple):
    """Something that a merchant may be told."""

    record: Record
    occasion: Occasion
    at_ms: int
    event_id: str


class Batch(NamedTuple):
    """Transfers that were asked for at once."""

    id: int
    created_ms: int
    members: list[Record]


class Behaviour(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a tester may change while it runs."""

    mode: Literal["live", "test"] = "live"
    settle_after_ms: Annotated[int, Meta(ge=0)] = 300
    minute_ms: Annotated[int, Meta(ge=1)] = 60_000
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 100
    refuses_unfunded: bool = False  # At once, with an error; otherwise the transfer fails when it is processed.
    restricted: bool = False  # Flutterwave has stopped the whole account: every transfer fails.


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first."""

    records: list[Record]
    total: int
    number: int  # Counted from one.
    size: int

    @property
    def count(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)
