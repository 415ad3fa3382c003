"""RazorpayX's objects as far as we read them, and what we ask for in its words. Amounts are whole paise."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from uuid import uuid5

import msgspec

from bursar.foundation.money import Money
from bursar.gateways.model import Echo, Instruction
from bursar.gateways.razorpayx.modes import Mode
from bursar.holders import Destination

KEY: Final = "bursar_key"
PAYOUT: Final = "bursar_payout"
"""Names in its notes, by which we know our own payouts again."""

NARRATION_LENGTH_MAX: Final = 30
BANK_NAME_LENGTHS: Final = (4, 120)
CONTACT_NAME_LENGTHS: Final = (3, 50)
NOBODY: Final = "Payee"  # For whoever has no letter in their name that it takes.

Text = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A[^\x00]*\Z")]
"""Something of theirs that we store: longer than anything it documents, and nothing that PostgreSQL cannot hold."""

T = TypeVar("T")


class BankAccount(msgspec.Struct):
    """A bank account; the IFSC names the branch."""

    ifsc: str | None = None
    account_number: str | None = None


class Vpa(msgspec.Struct):
    """A UPI address."""

    address: str | None = None


class FundAccount(msgspec.Struct):
    """Where a payout went. Only what the composite call and webhooks answer has it."""

    bank_account: BankAccount | None = None
    vpa: Vpa | None = None


class StatusDetails(msgspec.Struct):
    """Why a payout stands where it stands."""

    reason: Text | None = None
    source: Text | None = None


class Payout(msgspec.Struct):
    """A payout. One that is ``processed`` may still become ``reversed``."""

    id: Text
    entity: Literal["payout"]
    amount: int
    currency: Text
    status: Text
    created_at: int
    reference_id: Text | None = None
    notes: dict[str, Any] | list[Any] | None = None  # An empty one is a list.
    mode: Text | None = None
    utr: Text | None = None
    status_details: StatusDetails | None = None
    fund_account: FundAccount | None = None

    @property
    def key(self) -> str | None:
        """The attempt that it belongs to; None where we did not make it."""
        noted = self.notes.get(KEY) if isinstance(self.notes, dict) else None
        return self.reference_id if self.reference_id and noted == self.reference_id else None

    @property
    def reason(self) -> str | None:
        """Why it stands where it stands, in its own word."""
        return (self.status_details and self.status_details.reason) or None

    @property
    def money(self) -> Money:
        """What it says it moved, without fees."""
        return Money(self.amount, self.currency)


class Page(msgspec.Struct, Generic[T]):
    """One page of a list, newest first."""

    entity: Literal["collection"]
    items: list[T]


class Balance(msgspec.Struct):
    """What one of our own accounts holds."""

    account_number: Text
    currency: Text
    amount: int
    available_amount: int | None = None

    @property
    def available(self) -> int:
        """What may be paid out of it, in paise."""
        return self.amount if self.available_amount is None else self.available_amount


class Findings(msgspec.Struct):
    """What asking about an account gave."""

    account_status: Text | None = None
    registered_name: Text | None = None


class Validation(msgspec.Struct):
    """Asking whose an account is; an answer follows, and a fee."""

    id: Text
    status: Text
    validation_results: Findings | None = None
    results: Findings | None = None  # The same, as webhooks and older answers call it.

    @property
    def found(self) -> Findings:
        """What it gave so far."""
        return self.validation_results or self.results or Findings()


def order(
    instruction: Instruction, *, mode: Mode, account_number: str, purpose: str, queues: bool
) -> Mapping[str, Any]:
    """Ask for a payout, whoever it is for. The same instruction always gives the same bytes: they are compared."""
    narration = re.sub(r"[^A-Za-z0-9 ]", " ", instruction.narration)[:NARRATION_LENGTH_MAX].strip()
    return {
        "account_number": account_number,
        "fund_account": fund_account(instruction.destination),
        "amount": instruction.amount.minor,
        "currency": instruction.amount.currency,
        "mode": mode.value,
        "purpose": purpose,
        "queue_if_low_balance": queues,
        "reference_id": instruction.key,
        **({"narration": narration} if narration else {}),
        "notes": {KEY: instruction.key, PAYOUT: str(instruction.payout_id)},
    }


def fund_account(destination: Destination) -> Mapping[str, Any]:
    """Where money goes, and to whom."""
    contact = {"name": _name(destination.account_title, *CONTACT_NAME_LENGTHS)}
    if destination.type == "UPI":
        return {"account_type": "vpa", "vpa": {"address": destination.account_number}, "contact": contact}
    account = {
        "name": _name(destination.account_title, *BANK_NAME_LENGTHS),
        "ifsc": destination.bank_code.upper(),
        "account_number": destination.account_number,
    }
    return {"account_type": "bank_account", "bank_account": account, "contact": contact}


def once(instruction: Instruction) -> str:
    """The idempotency key of an attempt: a UUID, which is the longest that fits."""
    return str(uuid5(instruction.payout_id, instruction.key))


def is_of(payout: Payout, instruction: Instruction) -> bool:
    """Whether a payout is the one that this instruction asks for, as far as it repeats it; the amount is the echo's."""
    return payout.reference_id == instruction.key and _goes_to(payout.fund_account, instruction.destination)


def echo(payout: Payout) -> Echo:
    """What it says it moved. Where to is told by ``is_of``, since it writes codes and addresses in its own way."""
    return Echo(payout.money)


def at(seconds: int) -> datetime:
    """A time of its, which counts seconds.

    Raises:
        ValueError, OverflowError, OSError: no calendar has it.
    """
    return datetime.fromtimestamp(seconds, UTC)


def _goes_to(account: FundAccount | None, destination: Destination) -> bool:
    bank, vpa = (account and account.bank_account) or BankAccount(), (account and account.vpa) or Vpa()
    pairs = (
        [(vpa.address, destination.account_number)]
        if destination.type == "UPI"
        else [(bank.ifsc, destination.bank_code), (bank.account_number, destination.account_number)]
    )
    return all(theirs is None or theirs.casefold() == ours.casefold() for theirs, ours in pairs)


def _name(title: str, least: int, most: int) -> str:
    """A name in the letters that it takes, and as long as it wants one: accents and other scripts are left out."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    kept = " ".join(re.sub(r"[^A-Za-z0-9 _/().-]", " ", plain).split())[:most].strip()
    return (kept if re.search("[A-Za-z0-9]", kept) else NOBODY).ljust(least, ".")
