"""What merchants' systems send and get, as the merchants document shows it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from bursar.api import accounts, amounts
from bursar.api.filters import PayoutQuery
from bursar.api.rules import LINE, TEXT
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.identity import Caller
from bursar.payouts import Ask, Payout, PayoutState


class PayoutStatus(StrEnum):
    """Where a payout stands, in merchants' words."""

    PENDING = "PENDING"
    IN_REVIEW = "IN_REVIEW"
    PROCESSING = "PROCESSING"
    RETRY = "RETRY"
    ON_HOLD = "ON_HOLD"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


S = PayoutState

WORDS: Final[Mapping[PayoutState, PayoutStatus]] = MappingProxyType(
    {
        S.REQUESTED: PayoutStatus.PENDING,
        S.IN_REVIEW: PayoutStatus.IN_REVIEW,
        S.APPROVED: PayoutStatus.PENDING,
        S.SENDING: PayoutStatus.PROCESSING,
        S.SENT: PayoutStatus.PENDING,  # The document's account …0004 stays pending once it was sent.
        S.RETRYING: PayoutStatus.RETRY,
        S.ON_HOLD: PayoutStatus.ON_HOLD,
        S.COMPLETED: PayoutStatus.SUCCESS,
        S.FAILED: PayoutStatus.FAILED,
        S.REJECTED: PayoutStatus.FAILED,
        S.CANCELLED: PayoutStatus.CANCELLED,
        S.RETURNED: PayoutStatus.RETURNED,
    }
)
"""What merchants hear for each state."""

REFERENCE_LENGTH_MAX: Final = 200
REASON_LENGTH_MAX: Final = 500


class PayoutBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request for one payout."""

    merchant_reference: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=REFERENCE_LENGTH_MAX,
            description="What you call this payout; one line. It need not be unique.",
            examples=["test-success"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    amount: amounts.Amount
    currency: Annotated[
        amounts.Currency, msgspec.Meta(description="ISO 4217; the currency of your program.", examples=["PKR"])
    ]
    dest_type: Annotated[Literal["BANK"], msgspec.Meta(description="What kind of destination it is.")]
    bank_code: Annotated[accounts.BankCode, msgspec.Meta(examples=["HBL"])]
    account_number: Annotated[
        accounts.AccountNumber,
        msgspec.Meta(description="The number or the IBAN at that bank.", examples=["1234500001"]),
    ]
    account_title: Annotated[accounts.AccountTitle, msgspec.Meta(examples=["Test User"])]

    def __post_init__(self) -> None:
        texts.insist_line(self.merchant_reference, field="merchantReference", most=REFERENCE_LENGTH_MAX)

    @property
    def money(self) -> Money:
        """The amount, exactly as it was written.

        Raises:
            Invalid: not a number or a string of digits, too precise for the currency, or out of bounds.
        """
        return amounts.money(self.amount, self.currency)

    @property
    def destination(self) -> Destination:
        """Where the money goes."""
        return Destination(self.bank_code, self.account_number, self.account_title)


class MerchantPayoutQuery(PayoutQuery, kw_only=True):
    """Which of the caller's payouts to list."""

    status: Annotated[list[PayoutStatus], msgspec.Meta(description="One status or several.")] = msgspec.field(
        default_factory=list
    )


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a payout is taken back."""

    reason: Annotated[
        str,
        msgspec.Meta(max_length=REASON_LENGTH_MAX, examples=["Ordered twice"], extra_json_schema={"pattern": TEXT}),
    ] = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


def ask_of(body: PayoutBody, caller: Caller, *, correlation_id: str | None) -> Ask:
    """What a caller asks for with this body.

    Raises:
        Invalid: the amount is none.
    """
    return Ask(
        holder_id=caller.holder,
        program=caller.program,
        reference=body.merchant_reference,
        amount=body.money,
        destination=body.destination,
        requester=caller.actor,
        requester_person=caller.created_by,
        correlation_id=correlation_id,
    )


class PayoutView(msgspec.Struct, rename="camel"):
    """One payout as merchants see it. Times are UTC; amounts are strings in major units."""

    id: UUID
    status: PayoutStatus
    merchant_reference: str
    amount: str
    currency: str
    dest_type: str
    bank_code: str
    account_last4: str
    account_title: str
    psp_reference: str | None
    reason: str | None
    attempts: int
    created_at: str
    updated_at: str
    processed_at: str | None

    @classmethod
    def born(cls, payout: Payout) -> "PayoutView":
        """Show a payout as it was at its birth, whatever its terms made of it in the same moment."""
        return msgspec.structs.replace(cls.of(payout), status=PayoutStatus.PENDING, reason=None)

    @classmethod
    def of(cls, payout: Payout) -> "PayoutView":
        """Show a payout as it stands."""
        shown = payout.destination_shown
        return cls(
            id=payout.id,
            status=WORDS[payout.state],
            merchant_reference=payout.reference,
            amount=payout.amount.text,
            currency=payout.amount.currency,
            dest_type=shown["type"],
            bank_code=shown["bankCode"],
            account_last4=shown["last4"],
            account_title=shown["accountTitle"],
            psp_reference=payout.gateway_reference,
            reason=payout.reason,
            attempts=payout.tries,
            created_at=timestamp(payout.created_at),
            updated_at=timestamp(payout.updated_at),
            processed_at=_timestamp_or_none(payout.processed_at),
        )


def states_heard_as(words: Collection[PayoutStatus]) -> frozenset[PayoutState]:
    """The states that merchants know by these words; no words stand for no states."""
    return frozenset(state for state, said in WORDS.items() if said in words)


def encode(view: Any) -> bytes:
    """The bytes of an answer, the same for the same content."""
    return _encode(view)


def _timestamp_or_none(at: datetime | None) -> str | None:
    return timestamp(at) if at is not None else None


_encode = msgspec.json.Encoder().encode
