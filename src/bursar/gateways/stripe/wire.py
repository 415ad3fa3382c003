"""Stripe's objects as far as we read them, and what we ask for in its words: forms with brackets in their names."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec

from bursar.foundation.money import Money
from bursar.gateways.model import Echo, Instruction
from bursar.holders import Destination

KEY: Final = "bursar_key"
PAYOUT: Final = "bursar_payout"
GATEWAY: Final = "bursar_gateway"
REASON: Final = "bursar_reason"
"""Names in Stripe's metadata, by which we know our own things again."""

Form = Mapping[str, str]
"""A request's body before it is encoded."""

Text = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A[^\x00]*\Z")]
"""Something of theirs that we store: as long as metadata may be, and nothing that PostgreSQL cannot hold."""

Metadata = dict[str, Text]

T = TypeVar("T")

_ACCOUNT: Final = re.compile(r"acct_[A-Za-z0-9]{1,60}", re.ASCII)


class Reversal(msgspec.Struct):
    """Money of a transfer that came back to our account."""

    id: Text
    object: Literal["transfer_reversal"]
    amount: int
    metadata: Metadata = {}


class Reversals(msgspec.Struct):
    """A transfer's latest reversals."""

    data: list[Reversal]


class Transfer(msgspec.Struct):
    """Money of ours in a connected account. It has no status: it is done once it is there, and undone by reversals."""

    id: Text
    object: Literal["transfer"]
    amount: int
    amount_reversed: int
    reversed: bool  # Wholly.
    currency: Text
    destination: Text | None
    created: int
    reversals: Reversals = msgspec.field(default_factory=lambda: Reversals([]))
    metadata: Metadata = {}
    transfer_group: Text | None = None

    @property
    def left(self) -> int:
        """What was not taken back, in minor units."""
        return self.amount - self.amount_reversed

    @property
    def noted_reason(self) -> str | None:
        """Why we took it back, as we had Stripe keep it; None where we did not."""
        noted = (one.metadata.get(REASON) for one in self.reversals.data)
        return next((reason for reason in noted if reason), None)


class Payout(msgspec.Struct):
    """Money on its way from a connected account to its bank. One that shows ``paid`` may still become ``failed``."""

    id: Text
    object: Literal["payout"]
    amount: int
    currency: Text
    status: Text
    created: int
    metadata: Metadata = {}
    failure_code: Text | None = None


class Page(msgspec.Struct, Generic[T]):
    """One page of a list, newest first."""

    object: Literal["list"]
    data: list[T]
    has_more: bool


class Amount(msgspec.Struct):
    """A part of a balance."""

    amount: int
    currency: Text


class Balance(msgspec.Struct):
    """What our own account holds; only what is available can be transferred."""

    object: Literal["balance"]
    available: list[Amount]


class Profile(msgspec.Struct):
    """What a connected account calls its business."""

    name: Text | None = None


class Person(msgspec.Struct):
    """Whom an individual's account belongs to."""

    first_name: Text | None = None
    last_name: Text | None = None


class Company(msgspec.Struct):
    """Which company an account belongs to."""

    name: Text | None = None


class Requirements(msgspec.Struct):
    """What an account still has to show before it may be used."""

    disabled_reason: Text | None = None


class Schedule(msgspec.Struct):
    """When Stripe pays a connected account's balance out by itself; ``manual`` is never."""

    interval: Text | None = None


class PayoutSettings(msgspec.Struct):
    """How a connected account is paid out."""

    schedule: Schedule | None = None


class AccountSettings(msgspec.Struct):
    """A connected account's settings."""

    payouts: PayoutSettings | None = None


class Account(msgspec.Struct):
    """A connected account."""

    id: Text
    object: Literal["account"]
    payouts_enabled: bool
    capabilities: dict[str, Text] = {}
    requirements: Requirements | None = None
    settings: AccountSettings | None = None
    business_profile: Profile | None = None
    individual: Person | None = None
    company: Company | None = None


def transfer_form(instruction: Instruction, *, gateway: str) -> Form:
    """Ask for the money to be moved into the holder's account."""
    return {
        "amount": str(instruction.amount.minor),
        "currency": instruction.amount.currency.lower(),
        "destination": instruction.destination.account_number,
        "transfer_group": instruction.key,
        **_ours(instruction, gateway),
    }


def payout_form(instruction: Instruction, *, gateway: str) -> Form:
    """Ask for it to be paid out from there."""
    return {
        "amount": str(instruction.amount.minor),
        "currency": instruction.amount.currency.lower(),
        **_ours(instruction, gateway),
    }


def reversal_form(transfer: Transfer, instruction: Instruction, *, reason: str) -> Form:
    """Ask for what is left of a transfer to come back, and have Stripe keep why: we may not live to write it down."""
    return {"amount": str(transfer.left), f"metadata[{KEY}]": instruction.key, f"metadata[{REASON}]": reason}


def is_account(destination: Destination) -> bool:
    """Whether a destination names an account at Stripe; anything else would be no header's value, either."""
    return destination.type == "GATEWAY_ACCOUNT" and _ACCOUNT.fullmatch(destination.account_number) is not None


def is_ours(transfer: Transfer, instruction: Instruction) -> bool:
    """Whether a transfer is the one that this instruction asks for, in every respect."""
    return (
        transfer.transfer_group == instruction.key
        and transfer.destination == instruction.destination.account_number
        and echo(transfer).amount == instruction.amount
    )


def echo(money: Transfer | Payout) -> Echo:
    """What Stripe says it moved. Whom to is told by the account that was asked, and compared by ``is_ours``."""
    return Echo(Money(money.amount, money.currency.upper()))


def at(created: int) -> datetime:
    """A time of Stripe's, which counts seconds."""
    return datetime.fromtimestamp(created, UTC)


def seconds(moment: datetime) -> int:
    """A moment as Stripe counts them, the fraction left out."""
    return int(moment.timestamp())


def _ours(instruction: Instruction, gateway: str) -> Form:
    return {
        f"metadata[{KEY}]": instruction.key,
        f"metadata[{PAYOUT}]": str(instruction.payout_id),
        f"metadata[{GATEWAY}]": gateway,
    }
