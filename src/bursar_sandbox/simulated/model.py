"""What the simulated gateway and its clients say to each other. Amounts are whole minor units."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from bursar_sandbox.book import Reason, Status, Transfer
from bursar_sandbox.clock import iso

PAGE_MAX: Final = 1000
AMOUNT_MAX: Final = 10**15  # Leaves room for any sum of payments in a 64-bit integer.

# No slash and no space, so that a key fits into a path as it is.
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:~-]{1,64}$")]
Line = Annotated[str, Meta(min_length=1, max_length=255)]


class Standing(StrEnum):
    """Where a payment stands."""

    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"  # It was paid, and the money came back.


STANDING_OF: Final = {
    Status.PENDING: Standing.PROCESSING,
    Status.SUCCESS: Standing.PAID,
    Status.FAILED: Standing.FAILED,
    Status.RETRY: Standing.FAILED,
    Status.RETURNED: Standing.RETURNED,
}


class Recipient(msgspec.Struct, gc=False):
    """Who is to be paid: an account at a bank, or an address of another kind without a bank."""

    account: Line
    name: Line
    bank_code: Annotated[str, Meta(max_length=64)] = ""
    type: Literal["BANK", "MOBILE_MONEY", "UPI", "ADDRESS"] = "BANK"

    @property
    def number(self) -> str:
        """The account's number, or what stands in front of the @ of a UPI address."""
        return self.account.partition("@")[0]

    @property
    def hash(self) -> bytes:
        """SHA-256 of `bankCode|account`, with the kind of address in front of it where that is no bank account."""
        kind = "" if self.type == "BANK" else f"{self.type}|"
        return sha256(f"{kind}{self.bank_code}|{self.account}".encode()).digest()


class PaymentAsk(msgspec.Struct, gc=False):
    """What a client asks for."""

    key: Key
    amount: Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
    currency: str
    recipient: Recipient
    narration: Annotated[str, Meta(max_length=255)] = ""

    def fingerprint(self) -> int:
        """The same for two requests that mean the same, within this process."""
        who = self.recipient
        return hash((self.amount, self.currency, who.type, who.bank_code, who.account, who.name, self.narration))


class Failure(msgspec.Struct):
    """Why nobody was paid, and whether it may be tried again under another key."""

    code: str
    message: str
    retryable: bool


class PaymentAnswer(msgspec.Struct):
    """A payment as it stands."""

    key: str
    payment_reference: str
    status: Standing
    amount: int
    currency: str
    recipient_hash: str
    failure: Failure | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, payment: Transfer, *, wrong_by: int = 0) -> "PaymentAnswer":
        """Where it stands now; `wrong_by` makes the amount a lie."""
        return cls(
            key=payment.reference,
            payment_reference=payment.gateway_reference,
            status=STANDING_OF[payment.status],
            amount=payment.amount_minor + wrong_by,
            currency=payment.currency,
            recipient_hash=payment.destination.hex(),
            failure=_failure(payment.status, payment.reason),
            created_at=iso(payment.accepted_ms),
            updated_at=iso(payment.changed_ms),
        )


class PaymentPage(msgspec.Struct):
    """A part of the list of all payments, oldest first."""

    items: list[PaymentAnswer]
    next_cursor: str | None


def _failure(status: Status, reason: Reason | None) -> Failure | None:
    if reason is None:
        return None
    return Failure(reason.code, reason.message, retryable=status is Status.RETRY)
