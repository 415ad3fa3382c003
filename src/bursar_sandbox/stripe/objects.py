"""Stripe's objects, as its answers and events show them. Amounts are minor units, times unix seconds."""

from enum import StrEnum
from typing import Any, Literal

import msgspec


class List(msgspec.Struct):
    """A part of a list, newest first."""

    url: str
    data: list[Any]
    has_more: bool = False
    object: str = "list"


class Transfer(msgspec.Struct, kw_only=True, gc=False):
    """Money that went from the platform to a connected account, at once."""

    id: str
    object: str = "transfer"
    amount: int
    amount_reversed: int = 0
    balance_transaction: str
    created: int
    currency: str
    description: str | None
    destination: str
    destination_payment: str
    livemode: bool = False
    metadata: dict[str, str]
    reversals: List
    reversed: bool = False
    source_transaction: str | None = None
    source_type: str
    transfer_group: str | None


class Reversal(msgspec.Struct, kw_only=True, gc=False):
    """Money that came back from a connected account."""

    id: str
    object: str = "transfer_reversal"
    amount: int
    balance_transaction: str
    created: int
    currency: str
    destination_payment_refund: str
    metadata: dict[str, str]
    source_refund: None = None
    transfer: str


class PayoutStatus(StrEnum):
    """Where a payout stands."""

    PENDING = "pending"  # It can still be canceled.
    IN_TRANSIT = "in_transit"  # The bank has been asked to take it.
    PAID = "paid"  # The bank has it, and may still give it back.
    FAILED = "failed"
    CANCELED = "canceled"


class TraceId(msgspec.Struct):
    """What a bank can find a payout by."""

    status: str = "pending"
    value: str | None = None


class Payout(msgspec.Struct, kw_only=True, gc=False):
    """Money on its way from an account at Stripe to a bank."""

    id: str
    object: str = "payout"
    amount: int
    application_fee: None = None
    application_fee_amount: None = None
    arrival_date: int
    automatic: bool = False
    balance_transaction: str
    created: int
    currency: str
    description: str | None
    destination: str
    failure_balance_transaction: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    livemode: bool = False
    metadata: dict[str, str]
    method: str
    original_payout: str | None = None
    payout_method: str | None = None
    reconciliation_status: str = "not_applicable"
    reversed_by: str | None = None
    source_type: str
    statement_descriptor: str | None
    status: PayoutStatus = PayoutStatus.PENDING
    trace_id: TraceId
    type: str = "bank_account"


class BalanceTransaction(msgspec.Struct, kw_only=True, gc=False):
    """One movement of an account's balance."""

    id: str
    object: str = "balance_transaction"
    amount: int
    available_on: int
    balance_type: str = "payments"
    created: int
    currency: str
    description: str | None
    exchange_rate: None = None
    fee: int = 0
    fee_details: list[Any] = []
    net: int
    reporting_category: str
    source: str | None
    status: str = "available"
    type: str


class Funds(msgspec.Struct):
    """What there is in one currency."""

    amount: int
    currency: str
    source_types: dict[str, int]


class Balance(msgspec.Struct, kw_only=True):
    """What an account at Stripe holds."""

    object: str = "balance"
    available: list[Funds]
    connect_reserved: list[Funds] = []
    instant_available: list[Funds] = []
    livemode: bool = False
    pending: list[Funds]


class BankAccount(msgspec.Struct, kw_only=True):
    """The bank account behind an account; its number is never shown."""

    id: str
    object: str = "bank_account"
    account: str
    account_holder_name: str | None = None
    account_holder_type: str | None = None
    account_type: str | None = None
    available_payout_methods: tuple[str, ...] = ("standard",)
    bank_name: str = "STRIPE TEST BANK"
    country: str
    currency: str
    default_for_currency: bool
    fingerprint: str
    last4: str
    metadata: dict[str, str]
    routing_number: str | None = None
    status: Literal["new", "validated", "verified", "errored"] = "new"


class Requirements(msgspec.Struct, kw_only=True):
    """What Stripe still wants to know before an account may do everything."""

    alternatives: list[Any] = []
    current_deadline: int | None = None
    currently_due: list[str] = []
    disabled_reason: str | None = None
    errors: list[Any] = []
    eventually_due: list[str] = []
    past_due: list[str] = []
    pending_verification: list[str] = []


class Account(msgspec.Struct, kw_only=True):
    """The platform, or somebody who is paid through it."""

    id: str
    object: str = "account"
    business_profile: dict[str, Any]
    business_type: str | None
    capabilities: dict[str, str]
    charges_enabled: bool = False
    company: dict[str, Any] | None = None
    controller: dict[str, Any]
    country: str
    created: int
    default_currency: str
    details_submitted: bool = True
    email: str | None
    external_accounts: List
    future_requirements: Requirements
    individual: dict[str, Any] | None = None
    metadata: dict[str, str]
    payouts_enabled: bool = True
    requirements: Requirements
    settings: dict[str, Any]
    tos_acceptance: dict[str, Any]
    type: str


class Deleted(msgspec.Struct):
    """Something that is not there any more."""

    id: str
    object: str
    deleted: bool = True


class WebhookEndpoint(msgspec.Struct, kw_only=True):
    """An address that Stripe calls. Its secret is shown when it is created, and never again."""

    id: str
    object: str = "webhook_endpoint"
    api_version: str | None
    application: str | None = None
    created: int
    description: str | None
    enabled_events: list[str]
    livemode: bool = False
    metadata: dict[str, str]
    secret: str | msgspec.UnsetType = msgspec.UNSET
    status: str = "enabled"
    url: str


class Cause(msgspec.Struct):
    """The request that an event came from, if one did."""

    id: str | None = None
    idempotency_key: str | None = None


class Event(msgspec.Struct, kw_only=True, gc=False):
    """Something that happened; `account` says to which connected account."""

    id: str
    object: str = "event"
    account: str | msgspec.UnsetType = msgspec.UNSET
    api_version: str
    created: int
    data: msgspec.Raw
    livemode: bool = False
    pending_webhooks: int
    request: Cause
    type: str
