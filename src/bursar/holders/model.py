"""Holders and where their money goes: what a payout names, and what a holder has stored to be paid to."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from bursar.foundation import texts
from bursar.foundation.crypto import Place
from bursar.foundation.errors import Invalid

REFERENCE_LENGTH_MAX: Final = 200  # Platforms call holders by ids, e-mail addresses or slugs; none is longer.
NAME_LENGTH_MAX: Final = 200
DESTINATIONS_MAX: Final = 10  # As many accounts as one holder has a use for; each is checked, and each is a way out.

SCOUT: Final = "scout"
SELLER: Final = "seller"
"""What a marketplace calls those of its holders who recruit sellers, and those who sell."""

_KIND: Final = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever owns a balance in a program; ``reference`` is what the platform calls them."""

    id: UUID
    program: str
    kind: str
    reference: str
    name: str
    email: str | None
    verified_at: datetime | None = None  # Since when the platform vouches for who they are.


@dataclass(frozen=True, slots=True)
class NewHolder:
    """Somebody whom a program is to know from now on; ``kind`` is what the program calls its holders.

    Raises:
        Invalid: the kind is not a word, the reference or name not a line, the e-mail not an address.
    """

    program: str
    kind: str
    reference: str
    name: str
    email: str | None = None

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise Invalid(field="kind", rule="a lower-case word such as merchant")
        texts.insist_line(self.reference, field="reference", most=REFERENCE_LENGTH_MAX)
        texts.insist_line(self.name, field="name", most=NAME_LENGTH_MAX)
        if self.email is not None:
            texts.insist_email(self.email)


DestinationType = Literal["BANK", "MOBILE_MONEY", "UPI", "GATEWAY_ACCOUNT", "ADDRESS"]
"""What kind of place money goes to; programs say which of them they pay to."""


class Destination(msgspec.Struct, frozen=True, gc=False):
    """An account, whole. It exists in memory only between opening the envelope and calling the gateway.

    Of type GATEWAY_ACCOUNT, ``bank_code`` is the gateway's name and ``account_number`` the account's name there. Of
    type UPI they are what stands behind the @ and the whole address (see ``upi``).
    """

    bank_code: str
    account_number: str
    account_title: str
    type: DestinationType = "BANK"

    @property
    def last4(self) -> str:
        """The part that may be shown: what the number ends in, or a UPI address from the @ on."""
        return f"@{self.bank_code}" if self.type == "UPI" else self.account_number[-4:]

    @property
    def shown(self) -> dict[str, Any]:
        """What people may see of it."""
        parts = {"type": self.type, "bankCode": self.bank_code, "last4": self.last4, "accountTitle": self.account_title}
        return parts | ({"address": masked(self.account_number)} if self.type == "UPI" else {})

    @property
    def group(self) -> str:
        """What can be out of order as a whole: the bank, by its code in capitals; else what ``bank_code`` says."""
        return self.bank_code.upper() if self.type == "BANK" else self.bank_code

    @property
    def identity(self) -> str:
        """What makes two destinations the same one, whatever title they carry."""
        kind = "" if self.type == "BANK" else f"{self.type}|"
        return f"{kind}{self.bank_code}|{self.account_number}"

    @property
    def hash(self) -> str:
        """SHA-256 of its identity, in hex: what gateways echo back."""
        return hashlib.sha256(self.identity.encode()).hexdigest()

    def to_bytes(self) -> bytes:
        """For sealing."""
        return _ENCODER.encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Destination":
        """From an opened envelope."""
        return _DECODER.decode(raw)


def upi(address: str, *, title: str) -> Destination:
    """The destination that a UPI address is. Capitals and small letters are the same there, so that it has only these.

    Raises:
        Invalid: it is no UPI address.
    """
    texts.insist_upi(address, field="address")
    plain = address.lower()
    return Destination(plain.partition("@")[2], plain, title, "UPI")


def masked(address: str) -> str:
    """A UPI address as it may be shown, such as ``an****@okaxis``: two letters of its name, of a short one fewer."""
    name, _, handle = address.partition("@")
    return f"{name[: min(2, len(name) // 2)]}****@{handle}"


class AccountVerdict(StrEnum):
    """What the gateway said of an account."""

    UNCHECKED = "unchecked"  # Nobody has asked yet, or nobody has answered.
    CONFIRMED = "confirmed"  # It exists, and this is the name on it.
    DENIED = "denied"  # There is no such account.


@dataclass(frozen=True, slots=True)
class NewDestination:
    """A destination that a holder wants to be paid to from now on.

    ``cool_off_hours`` is the program's: how long one that replaces another waits before it is paid to.
    """

    holder_id: UUID
    destination: Destination = field(repr=False)
    cool_off_hours: float
    added_by: str  # The actor.


@dataclass(frozen=True, slots=True)
class StoredDestination:
    """A destination that a holder has stored. ``index`` is equal for equal accounts, as ``payouts`` has it too."""

    id: UUID
    holder_id: UUID
    sealed: bytes = field(repr=False)
    shown: Mapping[str, Any]
    index: bytes = field(repr=False)
    added_at: datetime
    usable_at: datetime  # The end of its cool-off.
    is_default: bool = False
    check: AccountVerdict = AccountVerdict.UNCHECKED
    account_title_found: str | None = None
    name_score: float | None = None  # How alike the name found and the holder's are, 0 to 1.
    checked_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Where its envelope lives; it opens nowhere else."""
        return Place("destinations", "sealed", self.id)


@dataclass(frozen=True, slots=True)
class AddedDestination:
    """What became of a wish to add one; ``is_new`` is False for an account that was there already, and is unchanged."""

    destination: StoredDestination
    is_new: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Which stored destination a payout of this holder names; None: the default."""

    holder_id: UUID
    destination_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What asking the gateway about a stored destination gave."""

    destination_id: UUID
    check: AccountVerdict
    account_title_found: str | None = None
    name_score: float | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Destination)
