"""What merchants' systems send and get, as the merchants document shows it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec

from bursar.api.problems import timestamp
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.payouts import Payout, PayoutState

S = PayoutState

WORDS: Final[Mapping[PayoutState, str]] = MappingProxyType(
    {
        S.REQUESTED: "PENDING",
        S.IN_REVIEW: "IN_REVIEW",
        S.APPROVED: "PENDING",
        S.SENDING: "PROCESSING",
        S.SENT: "PENDING",  # The document's account …0004 stays pending once it was sent.
        S.RETRYING: "RETRY",
        S.ON_HOLD: "ON_HOLD",
        S.COMPLETED: "SUCCESS",
        S.FAILED: "FAILED",
        S.REJECTED: "FAILED",
        S.CANCELLED: "CANCELLED",
        S.RETURNED: "RETURNED",
    }
)
"""What merchants hear for each state."""

REFERENCE_LENGTH_MAX: Final = 200


class PayoutBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request for one payout. ``amount`` is a JSON number or a string, in major units, and is read exactly."""

    merchant_reference: Annotated[str, msgspec.Meta(min_length=1, max_length=REFERENCE_LENGTH_MAX)]
    amount: msgspec.Raw
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]
    dest_type: Literal["BANK"]
    bank_code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    account_number: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    account_title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

    @property
    def money(self) -> Money:
        """The amount, exactly as it was written.

        Raises:
            Invalid: not a number or a string of digits, too precise for the currency, or out of bounds.
        """
        return Money.parse(_plain(bytes(self.amount)), self.currency)

    @property
    def destination(self) -> Destination:
        """Where the money goes."""
        return Destination(self.bank_code, self.account_number, self.account_title)


class PayoutView(msgspec.Struct, rename="camel"):
    """One payout as merchants see it. Times are UTC; amounts are strings in major units."""

    id: str
    status: str
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
    def of(cls, payout: Payout, *, status: str | None = None) -> "PayoutView":
        """Show a payout as it stands, or with the status it had at another moment."""
        shown = payout.destination_shown
        return cls(
            id=str(payout.id),
            status=status or WORDS[payout.state],
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


def states_heard_as(word: str) -> frozenset[PayoutState]:
    """The states that merchants know by this word.

    Raises:
        Invalid: there is no such status.
    """
    states = frozenset(state for state, said in WORDS.items() if said == word)
    if not states:
        raise Invalid(field="status", rule=f"one of {', '.join(sorted(set(WORDS.values())))}", given=word[:30])
    return states


def encode(view: Any) -> bytes:
    """The bytes of an answer, the same for the same content."""
    return _encode(view)


def _plain(raw: bytes) -> str:
    """The text of a JSON number or string, untouched by any float."""
    if raw[:1] == b'"':
        return msgspec.json.decode(raw, type=str)
    return raw.decode("ascii", "replace")


def _timestamp_or_none(at: datetime | None) -> str | None:
    return timestamp(at) if at is not None else None


_encode = msgspec.json.Encoder().encode
