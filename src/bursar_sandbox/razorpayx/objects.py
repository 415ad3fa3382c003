"""RazorpayX's objects as they are answered and told. Amounts are whole paise, times unix seconds."""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from bursar_sandbox.razorpayx.rules import DETAILS, Mode, PayoutStatus

Notes: TypeAlias = dict[str, str] | list[str]
"""Names and values; where there are none, an empty list."""


class Contact(msgspec.Struct):
    """Somebody who can be paid."""

    id: str
    name: str
    created_at: int
    contact: str | None = None
    email: str | None = None
    type: str | None = None
    reference_id: str | None = None
    batch_id: str | None = None
    active: bool = True
    notes: Notes = []
    entity: Literal["contact"] = "contact"


class BankAccount(msgspec.Struct):
    """An account at a bank."""

    ifsc: str
    bank_name: str
    name: str
    account_number: str
    notes: Notes = []


class Vpa(msgspec.Struct):
    """A UPI address."""

    username: str
    handle: str
    address: str


class FundAccount(msgspec.Struct):
    """Where somebody can be paid; `contact` is only shown where it was made in the same call, or in webhooks."""

    id: str
    contact_id: str
    account_type: Literal["bank_account", "vpa"]
    created_at: int
    bank_account: BankAccount | UnsetType = UNSET
    vpa: Vpa | UnsetType = UNSET
    contact: Contact | UnsetType = UNSET
    batch_id: str | None = None
    active: bool = True
    entity: Literal["fund_account"] = "fund_account"

    @property
    def number(self) -> str:
        """The account's number, or the name in front of a UPI address: what decides a payout's fate."""
        if self.vpa is not UNSET:
            return self.vpa.username
        assert self.bank_account is not UNSET, "it is one or the other"
        return self.bank_account.account_number

    @property
    def bank(self) -> str:
        """The bank, by the letters that its branches' IFSCs begin with; of a UPI address, its handle."""
        if self.vpa is not UNSET:
            return self.vpa.handle
        assert self.bank_account is not UNSET, "it is one or the other"
        return self.bank_account.ifsc[:4]

    @property
    def payee(self) -> str:
        """Who is paid, as books have it: `ifsc|number`, or `handle|address`."""
        if self.vpa is not UNSET:
            return f"{self.vpa.handle}|{self.vpa.address}"
        assert self.bank_account is not UNSET, "it is one or the other"
        return f"{self.bank_account.ifsc}|{self.bank_account.account_number}"


class StatusDetails(msgspec.Struct):
    """Why a payout stands where it stands."""

    description: str | None = None
    source: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, reason: str | None) -> "StatusDetails":
        """What is said of this reason; nothing of none."""
        if reason is None:
            return cls()
        source, description = DETAILS[reason]
        return cls(description, source, reason)


class Payout(msgspec.Struct):
    """A payout."""

    id: str
    fund_account_id: str
    amount: int
    currency: str
    notes: Notes
    purpose: str
    mode: Mode
    reference_id: str | None
    narration: str
    debit_account_number: str
    created_at: int
    status: PayoutStatus
    fees: int = 0  # Tax included; both are known from `processing` on.
    tax: int = 0
    utr: str | None = None
    status_details: StatusDetails = msgspec.field(default_factory=StatusDetails)
    fund_account: FundAccount | UnsetType = UNSET
    batch_id: str | None = None
    fee_type: str | None = None
    entity: Literal["payout"] = "payout"


class Findings(msgspec.Struct):
    """What asking about an account gave."""

    account_status: Literal["active", "invalid"] | None = None
    registered_name: str | None = None
    details: str | None = None
    name_match_score: int | None = None


class Validation(msgspec.Struct):
    """Asking whose an account is."""

    id: str
    fund_account: FundAccount
    created_at: int
    status: Literal["created", "completed", "failed"] = "created"
    validation_results: Findings = msgspec.field(default_factory=Findings)
    status_details: StatusDetails = msgspec.field(default_factory=StatusDetails)
    reference_id: str | None = None
    notes: Notes = []
    utr: str | None = None
    entity: Literal["fund_account.validation"] = "fund_account.validation"


class BankingBalance(msgspec.Struct):
    """What an account of the business holds."""

    account_number: str
    amount: int
    available_amount: int
    refreshed_at: int
    account_type: str = "current_account"
    bank_name: str = "Sandbox Bank"
    bank_code: str = "SNDB"
    currency: str = "INR"
    entity: Literal["banking_balance"] = "banking_balance"


class Transaction(msgspec.Struct):
    """One movement of the account's balance."""

    id: str
    account_number: str
    amount: int  # What was asked to be moved; credit and debit have fees in them.
    credit: int
    debit: int
    balance: int
    source: dict[str, Any]
    created_at: int
    currency: str = "INR"
    entity: Literal["transaction"] = "transaction"


class Downtime(msgspec.Struct):
    """A bank that cannot be reached by some modes."""

    id: str
    method: list[str]
    instrument: dict[str, str]
    begin: int
    created_at: int
    updated_at: int
    end: int | None = None
    status: Literal["started", "resolved"] = "started"
    scheduled: bool = False
    source: str = "beneficiary"
    entity: Literal["payout.downtime"] = "payout.downtime"
