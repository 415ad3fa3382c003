"""What clients may ask of RazorpayX, with the limits of its documentation."""

import re
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from bursar_sandbox.razorpayx.refusals import NotValid
from bursar_sandbox.razorpayx.rules import LEAST_MINOR, Mode

NOTES_MAX: Final = 15

_NAME: Final = r"^[A-Za-z0-9 ’'_/().-]+$"  # noqa: RUF001 - the apostrophe is the documentation's own

ContactName = Annotated[str, Meta(min_length=3, max_length=50, pattern=_NAME)]
HolderName = Annotated[str, Meta(min_length=4, max_length=120, pattern=_NAME)]
Ifsc = Annotated[str, Meta(pattern=r"^[A-Z]{4}0[A-Z0-9]{6}$")]
AccountNumber = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{5,35}$")]
UpiAddress = Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z0-9.\-_]{2,}@[A-Za-z][A-Za-z0-9]+$")]
Reference = Annotated[str, Meta(max_length=40)]
Note = Annotated[str, Meta(max_length=256)]
Notes = Annotated[dict[Note, Note], Meta(max_length=NOTES_MAX)] | Annotated[list[str], Meta(max_length=0)]
Narration = Annotated[str, Meta(max_length=30, pattern=r"^[A-Za-z0-9 ]*$")]

# How msgspec words the place of an error: an unknown or missing field, or the path of a wrong one.
_UNKNOWN: Final = re.compile(r"contains unknown field `(?P<field>[^`]+)`")
_MISSING: Final = re.compile(r"missing required field `(?P<field>[^`]+)`")
_PLACE: Final = re.compile(r"at `\$\.(?P<field>[\w.]+)")


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """A request's body."""


class ContactAsk(Ask):
    """Somebody who is to be known."""

    name: ContactName
    email: str | None = None
    contact: str | None = None
    type: str | None = None
    reference_id: Reference | None = None
    notes: Notes = []


class ContactChange(Ask):
    """What of a contact is to be otherwise."""

    name: ContactName | None = None
    email: str | None = None
    contact: str | None = None
    type: str | None = None
    reference_id: Reference | None = None
    notes: Notes | None = None
    active: bool | None = None


class ActiveChange(Ask):
    """Whether a fund account may be paid to."""

    active: bool


class BankAsk(Ask):
    """An account at a bank."""

    name: HolderName
    ifsc: Ifsc
    account_number: AccountNumber


class VpaAsk(Ask):
    """A UPI address."""

    address: UpiAddress


class AccountAsk(Ask):
    """Where somebody is to be paid: a bank account or a UPI address, as its type says."""

    account_type: Literal["bank_account", "vpa"]
    bank_account: BankAsk | None = None
    vpa: VpaAsk | None = None


class FundAccountAsk(AccountAsk, kw_only=True):
    """The same, of somebody who is known."""

    contact_id: str


class NestedAccountAsk(AccountAsk, kw_only=True):
    """The same, of somebody who need not be known yet."""

    contact: ContactAsk


class PayoutAsk(Ask):
    """What is to be paid: to a fund account that is known, or in a composite call to one that need not be."""

    account_number: str
    amount: Annotated[int, Meta(ge=LEAST_MINOR)]
    currency: Literal["INR"]
    mode: Mode
    purpose: str
    fund_account_id: str | None = None
    fund_account: NestedAccountAsk | None = None
    queue_if_low_balance: bool = False
    reference_id: Reference | None = None
    narration: Narration | None = None
    notes: Notes = []


class KnownAccount(Ask):
    """A fund account by its id."""

    id: str


class ValidationAsk(Ask):
    """Whose is an account that is known?"""

    account_number: str
    fund_account: KnownAccount
    amount: Annotated[int, Meta(ge=LEAST_MINOR)] = LEAST_MINOR
    currency: Literal["INR"] = "INR"
    notes: Notes = []


class CompositeValidationAsk(Ask):
    """Whose is an account that need not be known yet?"""

    source_account_number: str
    fund_account: NestedAccountAsk
    validation_type: Literal["optimized", "pennydrop"] = "optimized"
    reference_id: Reference | None = None
    notes: Notes = []


A = TypeVar("A", bound=Ask)


def read(body: bytes, shape: type[A]) -> A:
    """Read a request's body as this shape.

    Raises:
        NotValid: it has another one.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise _because(str(error)) from error
    except msgspec.DecodeError as error:
        raise NotValid("The request body is not valid JSON.") from error


def _because(words: str) -> NotValid:
    """A decoding error in RazorpayX's words, as far as they are known."""
    if unknown := _UNKNOWN.search(words):
        return NotValid(f"{unknown['field']} is/are not required and should not be sent", field=unknown["field"])
    place = _PLACE.search(words)
    path = f"{place['field']}." if place else ""
    if missing := _MISSING.search(words):
        return NotValid(f"The {path}{missing['field']} field is required.", field=f"{path}{missing['field']}")
    field = place["field"] if place else None
    return NotValid(f"The {field or 'request'} is invalid. {words.partition(' - at')[0]}", field=field)
