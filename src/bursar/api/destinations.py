"""Where money is to go, as requests bring it and as answers show it; the same for holders and for their platform."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from bursar import holders, programs
from bursar.api import accounts
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import AddedDestination, Destination, Holder, NewDestination
from bursar.house import House
from bursar.outbound import notices

_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "BANK": frozenset({"bank_code", "account_number", "account_title"}),
    "GATEWAY_ACCOUNT": frozenset({"account"}),
    "UPI": frozenset({"address"}),
}
_ALLOWED: Final = {kind: needed | {"account_title"} for kind, needed in _NEEDED.items()}


class DestinationBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A bank account, whole, the holder's own account at the payment provider, which knows the bank, or a UPI address.

    A bank account has `bankCode`, `accountNumber` and `accountTitle`; one at the provider has `account`, a UPI address
    has `address`, and either has `accountTitle` where it is not the holder's name. Answers show no more than the last
    four characters of a number, and of an address two letters and what stands behind the @.
    """

    type: Literal["BANK", "GATEWAY_ACCOUNT", "UPI"] = "BANK"
    bank_code: Annotated[accounts.BankCode, msgspec.Meta(examples=["044"])] | msgspec.UnsetType = msgspec.UNSET
    account_number: (
        Annotated[accounts.AccountNumber, msgspec.Meta(description="The number at that bank.", examples=["0690000031"])]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    account: (
        Annotated[
            accounts.GatewayAccount,
            msgspec.Meta(description="The account's name at the payment provider.", examples=["acct_1Nv0FGQ9RKHgCVdK"]),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    address: (
        Annotated[
            accounts.UpiAddress,
            msgspec.Meta(description="A UPI address, in letters of either case.", examples=["anna@okaxis"]),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    account_title: Annotated[accounts.AccountTitle, msgspec.Meta(examples=["Ada Obi"])] | msgspec.UnsetType = (
        msgspec.UNSET
    )

    def __post_init__(self) -> None:
        for name in ("bank_code", "account_number", "account", "address", "account_title"):
            is_given = getattr(self, name) is not msgspec.UNSET
            if is_given and name not in _ALLOWED[self.type]:
                raise Invalid(field=name, rule=f"left out where type is {self.type}")
            if not is_given and name in _NEEDED[self.type]:
                raise Invalid(field=name, rule=f"present where type is {self.type}")

    def destination(self, *, name: str, gateway: str) -> Destination:
        """Where the money goes: a holder of this name, in a program that pays through this gateway.

        Raises:
            Invalid: what is to be a UPI address is none.
        """
        title = self.account_title or name
        if self.address:
            return holders.upi(self.address, title=title)
        if self.account:
            return Destination(gateway, self.account, title, "GATEWAY_ACCOUNT")
        assert self.bank_code, "a bank account has a bank"
        assert self.account_number, "and a number"
        return Destination(self.bank_code, self.account_number, title)


class NewDestinationBody(DestinationBody, rename="camel", forbid_unknown_fields=True):
    """A destination to store."""

    make_default: Annotated[
        bool, msgspec.Meta(description="Pay to this one from now on, when a request names none.")
    ] = False


def new_destination(holder: Holder, body: DestinationBody, terms: programs.Terms, *, added_by: str) -> NewDestination:
    """A destination that somebody adds for a holder, once the program's terms allow it.

    Raises:
        Invalid: it breaks a rule of the program, which is named.
    """
    destination = body.destination(name=holder.name, gateway=terms.route.gateway)
    terms.destinations.insist(destination)
    return NewDestination(holder.id, destination, cool_off_hours=terms.destinations.cool_off_hours, added_by=added_by)


async def announce(tx: Transaction, added: Iterable[AddedDestination], *, house: House) -> None:
    """Tell holders, in the transaction that stored them, of the destinations that are new."""
    news = [notices.DestinationChanged(each.destination) for each in added if each.is_new]
    await notices.announce(tx, news, book=house.book, at=house.clock.now())


def masked(shown: Mapping[str, Any]) -> dict[str, Any]:
    """A destination with no more than the last four characters of its number, or so much of its address as is shown."""
    if shown["type"] == "UPI":
        return {"type": shown["type"], "address": shown["address"], "accountTitle": shown["accountTitle"]}
    ending = f"****{shown['last4']}"
    if shown["type"] == "GATEWAY_ACCOUNT":
        return {"type": shown["type"], "account": ending, "accountTitle": shown["accountTitle"]}
    return {
        "type": shown["type"],
        "bankCode": shown["bankCode"],
        "accountNumber": ending,
        "accountTitle": shown["accountTitle"],
    }
