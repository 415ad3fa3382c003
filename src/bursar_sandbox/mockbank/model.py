"""What the mock bank and its clients say to each other: the wire, and nothing else."""

from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw

from bursar_sandbox.book import Reason, Status, Transfer
from bursar_sandbox.clock import iso
from bursar_sandbox.currencies import to_major
from bursar_sandbox.refusals import Problem

BULK_ITEMS_MAX: Final = 1000
PAGE_MAX: Final = 1000

# No slash and no space, so that a reference fits into a path as it is.
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:~-]{1,64}$")]
Line = Annotated[str, Meta(min_length=1, max_length=140)]


class TransferAsk(msgspec.Struct, rename="camel", gc=False):
    """What a client asks for: one attempt to pay one order."""

    reference: Reference
    order_id: Annotated[str, Meta(min_length=1, max_length=128)]
    amount: str  # In major units, such as "1000.00".
    currency: str
    bank_code: Annotated[str, Meta(min_length=1, max_length=32)]
    account_number: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{4,34}$")]
    account_title: Line
    narration: Annotated[str, Meta(max_length=255)] | None = None

    @property
    def destination(self) -> bytes:
        """SHA-256 of `bankCode|accountNumber`."""
        return sha256(f"{self.bank_code}|{self.account_number}".encode()).digest()

    def fingerprint(self, amount_minor: int) -> int:
        """The same for two requests that mean the same, within this process."""
        return hash(
            (
                self.order_id,
                amount_minor,
                self.currency,
                self.bank_code,
                self.account_number,
                self.account_title,
                self.narration,
            )
        )


class TransferAnswer(msgspec.Struct, rename="camel", gc=False):
    """What the bank answers about one transfer."""

    psp_reference: str
    reference: str
    status: Status
    reason: Reason | None
    amount: str
    currency: str
    account_number_last4: str
    destination_hash: str
    processed_at: str

    @classmethod
    def of(cls, transfer: Transfer, *, wrong_by_minor: int = 0) -> "TransferAnswer":
        """Where a transfer stands now; `wrong_by_minor` makes the amount a lie."""
        return cls(
            psp_reference=transfer.gateway_reference,
            reference=transfer.reference,
            status=transfer.status,
            reason=transfer.reason,
            amount=to_major(transfer.amount_minor + wrong_by_minor, transfer.currency),
            currency=transfer.currency,
            account_number_last4=transfer.destination_tail,
            destination_hash=transfer.destination.hex(),
            processed_at=iso(transfer.changed_ms),
        )


class BulkAsk(msgspec.Struct, rename="camel"):
    """Many transfers at once; each is read, and taken on or refused, on its own."""

    batch_reference: Reference
    items: Annotated[list[Raw], Meta(min_length=1, max_length=BULK_ITEMS_MAX)]


class BulkProblem(msgspec.Struct):
    """One item of a bulk request that was refused."""

    reference: str | None  # None where the item had none that could be read.
    error: Problem


class BulkAnswer(msgspec.Struct, rename="camel"):
    """One answer per item, in the order of the request."""

    batch_reference: str
    items: list[TransferAnswer | BulkProblem]


class TransferPage(msgspec.Struct, rename="camel"):
    """A part of the list of all transfers, oldest first."""

    items: list[TransferAnswer]
    next_cursor: str | None


class Balance(msgspec.Struct):
    """The float in one currency; `available` is None while it is unlimited."""

    currency: str
    available: str | None


class Balances(msgspec.Struct):
    """The float in every currency that has been used or limited."""

    items: list[Balance]


class TransferEvent(msgspec.Struct, rename="camel", gc=False):
    """The body of a webhook: what has become of a transfer."""

    event_id: str
    reference: str
    order_id: str
    psp_reference: str
    status: Status
    reason: Reason | None
    amount: str  # Of a return: what came back.
    currency: str
    destination_hash: str
    occurred_at: str
    event: Literal["transfer.updated"] = "transfer.updated"

    @classmethod
    def of(cls, transfer: Transfer, *, event_id: str) -> "TransferEvent":
        """The latest change of a transfer."""
        returned = transfer.status is Status.RETURNED
        minor = transfer.returned_minor if returned else transfer.amount_minor
        return cls(
            event_id=event_id,
            reference=transfer.reference,
            order_id=transfer.order_id,
            psp_reference=transfer.gateway_reference,
            status=transfer.status,
            reason=transfer.reason,
            amount=to_major(minor, transfer.currency),
            currency=transfer.currency,
            destination_hash=transfer.destination.hex(),
            occurred_at=iso(transfer.changed_ms),
        )
