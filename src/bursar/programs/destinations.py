"""Where a program's money may go: the part of its terms that looks at destinations."""

import re
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from bursar.foundation import texts
from bursar.programs.errors import DestinationNotAllowed

ACCOUNT_NUMBER_MAX: Final = 34  # Characters of the longest IBAN (ISO 13616); nothing longer is matched at all.


class DestinationType(StrEnum):
    """Where money can go."""

    BANK = "BANK"
    MOBILE_MONEY = "MOBILE_MONEY"
    UPI = "UPI"
    GATEWAY_ACCOUNT = "GATEWAY_ACCOUNT"  # The holder's own account at the gateway.
    ADDRESS = "ADDRESS"  # A postal address, for a check.


class Account(Protocol):
    """As much of a destination as terms look at."""

    @property
    def type(self) -> str:
        """One of ``DestinationType``."""
        ...

    @property
    def bank_code(self) -> str:
        """The bank, in the gateway's codes."""
        ...

    @property
    def account_number(self) -> str:
        """The number at that bank."""
        ...

    @property
    def account_title(self) -> str:
        """The name on the account."""
        ...


class Destinations(msgspec.Struct, frozen=True, kw_only=True):
    """Where this program's money may go."""

    types: tuple[DestinationType, ...]
    country: str | None = None  # ISO 3166-1 alpha-2; None: any.
    bank_codes: tuple[str, ...] = ()  # Type BANK: the banks that can be paid; empty: the gateway decides.
    account_number: str | None = None  # Type BANK: a pattern that the whole number matches; None: the gateway decides.
    gateway_account: str | None = None  # Type GATEWAY_ACCOUNT: the same for the account's name there.
    upi: str | None = None  # Type UPI: a pattern that the whole address matches, in small letters; None: any address.
    account_title_max: int = 100  # Characters in the name on the account.
    cool_off_hours: float = 0.0  # A destination that replaces another one is paid to only after so long.
    validate: bool = False  # The gateway must confirm an account, at a bank or its own, before the first payout to it.

    @property
    def only_stored(self) -> bool:
        """Whether money goes only to what holders have stored: a cool-off and a check are a stored destination's."""
        return self.validate or self.cool_off_hours > 0

    def insist(self, account: Account) -> None:
        """Insist on an account that this program pays to.

        Raises:
            Invalid: it breaks a rule, which is named; the account number never is.
        """
        if account.type not in self.types:
            rule = f"of type {' or '.join(self.types)}"
            raise DestinationNotAllowed(field="destination", rule=rule, given=account.type)
        is_bank = account.type == DestinationType.BANK
        if is_bank and self.bank_codes and account.bank_code not in self.bank_codes:
            rule = "the code of a bank that this program pays to"
            raise DestinationNotAllowed(field="bank_code", rule=rule, given=account.bank_code[:20])
        if account.type == DestinationType.UPI:
            self._insist_on_address(account)
        elif not _is_number(account.account_number, self.account_number if is_bank else self.gateway_account):
            rule = f"an account number as this program's {'banks have' if is_bank else 'gateway has'} it"
            raise DestinationNotAllowed(field="account_number", rule=rule)
        texts.insist_line(account.account_title, field="account_title", most=self.account_title_max)

    def _insist_on_address(self, account: Account) -> None:
        """Whoever writes no pattern pays to any UPI address."""
        texts.insist_upi(account.account_number, field="address")
        if self.upi is not None and not re.fullmatch(self.upi, account.account_number):
            raise DestinationNotAllowed(field="address", rule="a UPI address that this program pays to")


def _is_number(number: str, pattern: str | None) -> bool:
    if not 0 < len(number) <= ACCOUNT_NUMBER_MAX:
        return False
    return pattern is None or re.fullmatch(pattern, number) is not None
