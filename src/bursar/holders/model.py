"""Holders and where their money goes."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from bursar.foundation import texts
from bursar.foundation.errors import Invalid

REFERENCE_LENGTH_MAX: Final = 200  # Platforms call holders by ids, e-mail addresses or slugs; none is longer.
NAME_LENGTH_MAX: Final = 200

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


class Destination(msgspec.Struct, frozen=True, tag_field="type", tag="BANK"):
    """A bank account, whole. It exists in memory only between opening the envelope and calling the gateway."""

    bank_code: str
    account_number: str
    account_title: str

    @property
    def last4(self) -> str:
        """The part that may be shown."""
        return self.account_number[-4:]

    @property
    def shown(self) -> dict[str, Any]:
        """What people may see of it."""
        return {"type": "BANK", "bankCode": self.bank_code, "last4": self.last4, "accountTitle": self.account_title}

    @property
    def identity(self) -> str:
        """What makes two destinations the same one, whatever title they carry."""
        return f"{self.bank_code}|{self.account_number}"

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


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Destination)
