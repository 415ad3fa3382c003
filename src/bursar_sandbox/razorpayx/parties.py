"""Who can be paid, and where: contacts and their fund accounts. What is the same again is not made again."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET, structs

from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx.asks import AccountAsk, ContactAsk, ContactChange, FundAccountAsk, NestedAccountAsk
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.objects import BankAccount, Contact, FundAccount, Notes, Vpa
from bursar_sandbox.razorpayx.refusals import NotValid, no_such_id

BANK_NAMES: Final = {"HDFC": "HDFC Bank", "ICIC": "ICICI Bank", "SBIN": "State Bank of India", "UTIB": "Axis Bank"}


@dataclass(slots=True)
class Parties:
    """Everybody who was ever made known."""

    clock: Clock
    ids: Ids
    _contacts: dict[str, Contact] = field(default_factory=dict)
    _accounts: dict[str, FundAccount] = field(default_factory=dict)
    _alike: dict[Hashable, str] = field(default_factory=dict)  # The id of what was asked for in the same words.

    @property
    def contacts(self) -> Sequence[Contact]:
        """All contacts, oldest first."""
        return list(self._contacts.values())

    @property
    def accounts(self) -> Sequence[FundAccount]:
        """All fund accounts, oldest first."""
        return list(self._accounts.values())

    def contact(self, contact_id: str) -> Contact:
        """A contact by its id.

        Raises:
            NotValid: there is none.
        """
        if contact_id not in self._contacts:
            raise no_such_id()
        return self._contacts[contact_id]

    def account(self, account_id: str) -> FundAccount:
        """A fund account by its id.

        Raises:
            NotValid: there is none.
        """
        if account_id not in self._accounts:
            raise no_such_id()
        return self._accounts[account_id]

    def know(self, ask: ContactAsk) -> tuple[Contact, bool]:
        """The contact of these words, and whether it is new."""
        words = ("contact", ask.name, ask.email, ask.contact, ask.type, ask.reference_id)
        known = self._alike.get(words)
        if known is not None:
            return self._contacts[known], False
        contact = Contact(
            id=self.ids.new("cont"),
            name=ask.name,
            created_at=self.clock.now_ms() // 1000,
            contact=ask.contact,
            email=ask.email,
            type=ask.type,
            reference_id=ask.reference_id,
            notes=shown(ask.notes),
        )
        self._contacts[contact.id] = contact
        self._alike[words] = contact.id
        return contact, True

    def change(self, contact: Contact, ask: ContactChange) -> None:
        """Let a contact be otherwise, where something is said."""
        for name, value in structs.asdict(ask).items():
            if value is not None:
                setattr(contact, name, value)

    def open(self, ask: FundAccountAsk) -> tuple[FundAccount, bool]:
        """The fund account of these words, and whether it is new.

        Raises:
            NotValid: its contact is not known, or its type says something else than it holds.
        """
        return self._opened(self.contact(ask.contact_id), ask)

    def found(self, ask: NestedAccountAsk) -> FundAccount:
        """The fund account that a composite call describes, made where there was none.

        Raises:
            NotValid: its type says something else than it holds.
        """
        _insist_on_its_type(ask)
        return self._opened(self.know(ask.contact)[0], ask)[0]

    def _opened(self, contact: Contact, ask: AccountAsk) -> tuple[FundAccount, bool]:
        _insist_on_its_type(ask)
        bank, vpa = ask.bank_account, ask.vpa
        words = (contact.id, bank and (bank.ifsc, bank.account_number, bank.name), vpa and vpa.address)
        known = self._alike.get(words)
        if known is not None:
            return self._accounts[known], False
        account = FundAccount(
            id=self.ids.new("fa"),
            contact_id=contact.id,
            account_type=ask.account_type,
            created_at=self.clock.now_ms() // 1000,
            bank_account=UNSET if bank is None else _bank_account(bank.ifsc, bank.name, bank.account_number),
            vpa=UNSET if vpa is None else _vpa(vpa.address),
        )
        self._accounts[account.id] = account
        self._alike[words] = account.id
        return account, True

    def whole(self, account: FundAccount) -> FundAccount:
        """A fund account with its contact, as composite calls and webhooks show it."""
        return structs.replace(account, contact=self._contacts[account.contact_id])


def shown(notes: dict[str, str] | list[str]) -> Notes:
    """Notes as they are answered: none are an empty list."""
    return notes or []


def _insist_on_its_type(ask: AccountAsk) -> None:
    if (ask.bank_account is None) == (ask.account_type == "bank_account"):
        raise NotValid("Exactly this account_type requires a bank_account.", field="bank_account")
    if (ask.vpa is None) == (ask.account_type == "vpa"):
        raise NotValid("Exactly this account_type requires a vpa.", field="vpa")


def _bank_account(ifsc: str, name: str, account_number: str) -> BankAccount:
    return BankAccount(ifsc, BANK_NAMES.get(ifsc[:4], ifsc[:4]), name, account_number)


def _vpa(address: str) -> Vpa:
    username, _, handle = address.partition("@")
    return Vpa(username, handle, address)
