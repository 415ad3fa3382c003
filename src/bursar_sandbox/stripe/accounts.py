"""The platform, its connected accounts, and the bank accounts behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from bursar_sandbox.clock import Clock
from bursar_sandbox.stripe import numbers
from bursar_sandbox.stripe.asks import AccountAsk, AccountChange, BankAccountAsk, ExternalAccountChange
from bursar_sandbox.stripe.events import Events
from bursar_sandbox.stripe.ids import PLATFORM, Ids
from bursar_sandbox.stripe.merging import changed, merged
from bursar_sandbox.stripe.numbers import Fate
from bursar_sandbox.stripe.objects import Account, BankAccount, Deleted, List, Requirements
from bursar_sandbox.stripe.refusals import BadParameter, Missing, NotDone
from bursar_sandbox.stripe.shelf import Kept, Shelf

ROUTING_DIGITS: Final = 9
NEVER_SHOWN: Final = frozenset({"id_number", "ssn_last_4", "tax_id", "vat_id"})


@dataclass(slots=True)
class Holder(Kept):
    """One account, and what of it is never shown."""

    shown: Account
    banks: list[BankAccount] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)  # Of the bank accounts, by their names.
    is_deleted: bool = False

    def bank(self, name: str) -> BankAccount:
        """The bank account of this name.

        Raises:
            Missing: there is none.
        """
        for bank in self.banks:
            if bank.id == name:
                return bank
        raise Missing("external account", name)

    def bank_for(self, currency: str) -> BankAccount | None:
        """Where money in this currency goes, unless somebody says otherwise."""
        return next((bank for bank in self.banks if bank.currency == currency and bank.default_for_currency), None)


class Accounts:
    """Finds, creates and changes accounts."""

    def __init__(self, *, clock: Clock, ids: Ids, events: Events) -> None:
        """There is the platform, and those that are always there."""
        self._clock = clock
        self._ids = ids
        self._events = events
        self.shelf: Shelf[Holder] = Shelf("account")
        self.platform = self._open(AccountAsk(type="standard", email="platform@example.com"), name=PLATFORM)
        self._attach(self.platform, BankAccountAsk(account_number="000123456789", country="US"))

    def find(self, name: str) -> Holder | None:
        """The account of this name; None where there is none, or none any more."""
        if name == PLATFORM:
            return self.platform
        holder = self.shelf.find(name)
        if holder is None and numbers.is_always_there(name):
            holder = self._appear(name)
        return None if holder is None or holder.is_deleted else holder

    def create(self, ask: AccountAsk) -> Holder:
        """Open a connected account, with its bank account if one is given."""
        holder = self._open(ask, name=self._ids.new("acct"))
        self.shelf.add(holder)
        if ask.external_account is not None:
            self.attach(holder, ask.external_account)
        return holder

    def change(self, holder: Holder, ask: AccountChange) -> None:
        """Change what is given; a bank account takes the place of that for its currency."""
        shown = holder.shown
        shown.email = ask.email if ask.email is not None else shown.email
        shown.business_type = ask.business_type or shown.business_type
        shown.default_currency = ask.default_currency or shown.default_currency
        shown.business_profile |= ask.business_profile
        shown.company = _person(shown.company, ask.company)
        shown.individual = _person(shown.individual, ask.individual)
        shown.settings = merged(shown.settings, ask.settings)
        shown.tos_acceptance |= ask.tos_acceptance
        shown.capabilities |= _capabilities(ask.capabilities)
        shown.metadata = changed(shown.metadata, ask.metadata)
        if ask.external_account is not None:
            self.attach(holder, ask.external_account)
        self._events.tell("account.updated", shown, account=holder.id)

    def delete(self, holder: Holder) -> Deleted:
        """Close an account."""
        holder.is_deleted = True
        return Deleted(holder.id, "account")

    def attach(
        self, holder: Holder, ask: BankAccountAsk, *, metadata: Mapping[str, str] | None = None, is_default: bool = True
    ) -> BankAccount:
        """Give an account a bank account.

        Raises:
            BadParameter: there can be no bank account of this kind.
        """
        bank = self._attach(holder, ask, is_default=is_default)
        bank.metadata = dict(metadata or {})
        self._events.tell("account.external_account.created", bank, account=holder.id)
        return bank

    def change_bank(self, holder: Holder, bank: BankAccount, ask: ExternalAccountChange) -> None:
        """Change what is given; a bank account that failed is looked at afresh."""
        bank.account_holder_name = ask.account_holder_name or bank.account_holder_name
        bank.account_holder_type = ask.account_holder_type or bank.account_holder_type
        bank.account_type = ask.account_type or bank.account_type
        bank.metadata = changed(bank.metadata, ask.metadata)
        if ask.default_for_currency:
            self._prefer(holder, bank)
        self.judge_bank(holder, bank, status="new")

    def detach(self, holder: Holder, bank: BankAccount) -> Deleted:
        """Take a bank account away.

        Raises:
            NotDone: money goes there unless somebody says otherwise.
        """
        if bank.default_for_currency:
            raise NotDone(
                "You cannot delete the default external account for your default currency. Please make another "
                "external account the default using the `default_for_currency` param, and then delete this one."
            )
        holder.banks.remove(bank)
        self._events.tell("account.external_account.deleted", bank, account=holder.id)
        return Deleted(bank.id, "bank_account")

    def judge_bank(self, holder: Holder, bank: BankAccount, *, status: Any) -> None:
        """Say what is thought of a bank account; those of accounts that are always there are never given up."""
        if not numbers.is_always_there(holder.id):
            bank.status = status
            self._events.tell("account.external_account.updated", bank, account=holder.id)

    def allow(
        self, holder: Holder, *, payouts: bool | None = None, transfers: bool | None = None, name: str | None = None
    ) -> None:
        """Let an account be paid out or paid to, or forbid it; and give its business a name."""
        _permit(holder.shown, payouts=payouts, transfers=transfers)
        holder.shown.business_profile["name"] = name or holder.shown.business_profile["name"]
        self._events.tell("account.updated", holder.shown, account=holder.id)

    def bank_for(self, holder: Holder, currency: str) -> BankAccount | None:
        """Where an account's money in this currency goes."""
        bank = holder.bank_for(currency)
        if bank is None and (holder is self.platform or numbers.is_always_there(holder.id)):
            number = BankAccountAsk(account_number="000123456789", country="US", currency=currency)
            bank = self._attach(holder, number)
        return bank

    def fate(self, holder: Holder, bank: BankAccount, *, attempt_number: int) -> Fate:
        """What becomes of an order's attempt, counted from one, to be paid out there."""
        if numbers.is_always_there(holder.id):
            return numbers.fate_of_account(holder.id, attempt_number=attempt_number)
        return numbers.fate_of_number(holder.numbers[bank.id])

    def _appear(self, name: str) -> Holder:
        """An account that is always there is asked after for the first time."""
        holder = self._open(AccountAsk(type="express", email=f"{name}@example.com"), name=name)
        _permit(
            holder.shown,
            payouts=not name.endswith(numbers.NO_PAYOUTS_SUFFIX),
            transfers=not name.endswith(numbers.NO_TRANSFERS_SUFFIX),
        )
        self._attach(holder, BankAccountAsk(account_number="000123456789", country="US"))
        self.shelf.add(holder)
        return holder

    def _open(self, ask: AccountAsk, *, name: str) -> Holder:
        kind = ask.type or "none"
        shown = Account(
            id=name,
            business_profile={"mcc": None, "name": None, "url": None, **ask.business_profile},
            business_type=ask.business_type,
            capabilities=_capabilities(ask.capabilities) or {"transfers": "active"},
            company=_person(None, ask.company),
            controller={"type": "account" if name == PLATFORM else "application"},
            country=ask.country,
            created=self._clock.now_ms() // 1000,
            default_currency=ask.default_currency or "usd",
            email=ask.email,
            external_accounts=List(f"/v1/accounts/{name}/external_accounts", []),
            future_requirements=Requirements(),
            individual=_person(None, ask.individual),
            metadata=changed({}, ask.metadata),
            requirements=Requirements(),
            settings=merged({"payouts": {"schedule": {"interval": "manual"}}}, ask.settings),
            tos_acceptance={"date": None, "ip": None, "user_agent": None, **ask.tos_acceptance},
            type=kind,
        )
        holder = Holder(shown)
        shown.external_accounts.data = holder.banks
        return holder

    def _attach(self, holder: Holder, ask: BankAccountAsk, *, is_default: bool = True) -> BankAccount:
        if ask.country == "US" and ask.routing_number is not None and len(ask.routing_number) != ROUTING_DIGITS:
            raise BadParameter(
                "The US routing number must have 9 digits", code="routing_number_invalid",
                param="external_account[routing_number]",
            )  # fmt: skip
        if not ask.account_number.isalnum():
            raise BadParameter(
                "The account number is invalid", code="account_number_invalid",
                param="external_account[account_number]",
            )  # fmt: skip
        currency = (ask.currency or holder.shown.default_currency).lower()
        bank = BankAccount(
            id=self._ids.new("ba"),
            account=holder.id,
            account_holder_name=ask.account_holder_name,
            account_holder_type=ask.account_holder_type,
            account_type=ask.account_type,
            country=ask.country,
            currency=currency,
            default_for_currency=False,
            fingerprint=sha256(f"{ask.routing_number}|{ask.account_number}".encode()).hexdigest()[:16],
            last4=ask.account_number[-4:],
            metadata={},
            routing_number=ask.routing_number,
        )
        holder.banks.append(bank)
        holder.numbers[bank.id] = ask.account_number
        if is_default or holder.bank_for(currency) is None:
            self._prefer(holder, bank)
        return bank

    def _prefer(self, holder: Holder, bank: BankAccount) -> None:
        """Let money in a bank account's currency go there from now on."""
        for other in holder.banks:
            if other.currency == bank.currency:
                other.default_for_currency = other is bank


def _person(known: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Somebody with what was given, but for what Stripe never shows again."""
    if given is None:
        return dict(known) if known is not None else None
    return {**(known or {}), **{name: value for name, value in given.items() if name not in NEVER_SHOWN}}


def _capabilities(asked: Mapping[str, Mapping[str, bool]]) -> dict[str, str]:
    """Whatever is asked for is there at once."""
    return {name: "active" if wanted.get("requested", False) else "inactive" for name, wanted in asked.items()}


def _permit(shown: Account, *, payouts: bool | None, transfers: bool | None) -> None:
    if payouts is not None:
        shown.payouts_enabled = payouts
        past_due = [] if payouts else ["individual.verification.document"]
        shown.requirements = Requirements(
            currently_due=past_due, past_due=past_due, disabled_reason=None if payouts else "requirements.past_due"
        )
    if transfers is not None:
        shown.capabilities["transfers"] = "active" if transfers else "inactive"
