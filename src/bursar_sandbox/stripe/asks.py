"""What a client may ask, one shape for each call; what is not listed is refused as an unknown parameter."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Amount = Annotated[int, Meta(ge=1)]
Metadata = Annotated[dict[str, str], Meta(max_length=50)] | Literal[""]
"""Values by name; an empty value takes the name away, and an empty string all of them."""
Words = Annotated[str, Meta(max_length=5000)]


class Ask(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A call without parameters, and what all others have in common."""


class Span(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A span of time, in unix seconds."""

    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None

    @property
    def first(self) -> int:
        """The first second of it."""
        return max(0, self.gte or 0, 0 if self.gt is None else self.gt + 1)

    @property
    def end(self) -> float:
        """The second after its last one."""
        ends = [end for end in (self.lt, None if self.lte is None else self.lte + 1) if end is not None]
        return min(ends, default=float("inf"))

    def holds(self, second: int) -> bool:
        """It is a part of it."""
        return self.first <= second < self.end


class ListAsk(Ask, kw_only=True):
    """A page of a list, newest first: what is older than one object, or newer than another."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: int | Span | None = None

    @property
    def span(self) -> Span:
        """When what it lists was made."""
        if isinstance(self.created, int):
            return Span(gte=self.created, lte=self.created)
        return self.created or Span()


class TransferAsk(Ask, kw_only=True):
    """Money for a connected account."""

    amount: Amount
    currency: str
    destination: str
    description: Words | None = None
    metadata: Metadata = {}
    source_transaction: str | None = None
    source_type: Literal["card", "bank_account", "fpx"] = "card"
    transfer_group: str | None = None


class TransferChange(Ask, kw_only=True):
    """Words about a transfer; its money cannot be changed."""

    description: Words | None = None
    metadata: Metadata = {}


class ReversalAsk(Ask, kw_only=True):
    """A transfer's money, or a part of it, back."""

    amount: Amount | None = None
    description: Words | None = None
    metadata: Metadata = {}
    refund_application_fee: bool = False


class MetadataChange(Ask, kw_only=True):
    """New metadata."""

    metadata: Metadata = {}


class TransferList(ListAsk, kw_only=True):
    """Which transfers."""

    destination: str | None = None
    transfer_group: str | None = None


class PayoutAsk(Ask, kw_only=True):
    """Money from an account at Stripe for the bank account behind it."""

    amount: Amount
    currency: str
    description: Words | None = None
    destination: str | None = None
    metadata: Metadata = {}
    method: Literal["standard", "instant"] = "standard"
    payout_method: str | None = None
    source_type: Literal["card", "bank_account", "fpx"] = "card"
    statement_descriptor: Annotated[str, Meta(max_length=22)] | None = None


class PayoutList(ListAsk, kw_only=True):
    """Which payouts."""

    arrival_date: int | Span | None = None
    destination: str | None = None
    status: str | None = None

    def arrives(self, second: int) -> bool:
        """It arrives when it was asked for."""
        if isinstance(self.arrival_date, int):
            return second == self.arrival_date
        return (self.arrival_date or Span()).holds(second)


class BankAccountAsk(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A bank account."""

    account_number: str
    country: str
    currency: str | None = None
    object: Literal["bank_account"] = "bank_account"
    routing_number: str | None = None
    account_holder_name: str | None = None
    account_holder_type: str | None = None
    account_type: str | None = None
    default_for_currency: bool | None = None


class ExternalAccountAsk(Ask, kw_only=True):
    """A bank account for a connected account."""

    external_account: BankAccountAsk
    default_for_currency: bool = False
    metadata: Metadata = {}


class ExternalAccountChange(Ask, kw_only=True):
    """What of a bank account may be changed; its number may not."""

    account_holder_name: str | None = None
    account_holder_type: str | None = None
    account_type: str | None = None
    default_for_currency: bool | None = None
    metadata: Metadata = {}


class ExternalAccountList(ListAsk, kw_only=True):
    """Which bank accounts."""

    object: Literal["bank_account", "card"] | None = None


class AccountFields(Ask, kw_only=True):
    """What an account's creation and its change have in common. What is `Any` is taken and not looked at."""

    business_profile: dict[str, Any] = {}
    business_type: str | None = None
    capabilities: dict[str, dict[str, bool]] = {}
    company: dict[str, Any] | None = None
    default_currency: str | None = None
    email: str | None = None
    external_account: BankAccountAsk | None = None
    individual: dict[str, Any] | None = None
    metadata: Metadata = {}
    settings: dict[str, Any] = {}
    tos_acceptance: dict[str, Any] = {}


class AccountAsk(AccountFields, kw_only=True):
    """A connected account."""

    type: Literal["custom", "express", "standard"] | None = None
    country: str = "US"
    controller: Any = None


class AccountChange(AccountFields, kw_only=True):
    """What of a connected account may be changed."""


class BalanceTransactionList(ListAsk, kw_only=True):
    """Which movements of a balance."""

    currency: str | None = None
    payout: str | None = None
    source: str | None = None
    type: str | None = None


class EventList(ListAsk, kw_only=True):
    """Which events."""

    delivery_success: bool | None = None
    type: str | None = None
    types: list[str] = []


class EndpointAsk(Ask, kw_only=True):
    """An address for webhooks; with `connect` for what happens to connected accounts."""

    url: str
    enabled_events: Annotated[list[str], Meta(min_length=1)]
    api_version: str | None = None
    connect: bool = False
    description: str | None = None
    metadata: Metadata = {}


class EndpointChange(Ask, kw_only=True):
    """What of an endpoint may be changed."""

    url: str | None = None
    enabled_events: list[str] = []
    disabled: bool | None = None
    description: str | None = None
    metadata: Metadata = {}
