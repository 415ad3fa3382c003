"""People whom a merchant has saved, to be paid more often."""

import itertools
from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.flutterwave import directory, rules
from bursar_sandbox.flutterwave.accounts import Accounts
from bursar_sandbox.flutterwave.dialect import Refused
from bursar_sandbox.flutterwave.records import Page
from bursar_sandbox.flutterwave.v3 import wire

FIRST_ID: Final = 3644
CREATED_AT: Final = "2020-01-16T18:01:28.000Z"


class Beneficiary(msgspec.Struct):
    """One of them."""

    id: int
    account_number: str
    bank_code: str
    full_name: str
    created_at: str
    bank_name: str
    meta: None = None


class Beneficiaries:
    """All of them."""

    def __init__(self, accounts: Accounts) -> None:
        """Nobody is saved yet."""
        self._accounts = accounts
        self._saved: dict[int, Beneficiary] = {}
        self._ids = itertools.count(FIRST_ID)

    def find(self, number: int) -> Beneficiary:
        """One of them, by id."""
        saved = self._saved.get(number)
        if saved is None:
            raise Refused(wire.error(400, "Beneficiary does not exist"))
        return saved

    def create(self, body: bytes) -> Answer:
        """Save one."""
        ask = wire.read(body, wire.BeneficiaryAsk)
        if ask.beneficiary_name:
            self._accounts.hear(ask.account_bank, ask.account_number, name=ask.beneficiary_name)
        name = self._accounts.owner(ask.account_bank, ask.account_number)
        if name is None:
            raise Refused(wire.error(400, rules.CANNOT_RESOLVE))
        number = next(self._ids)
        saved = self._saved[number] = Beneficiary(
            id=number,
            account_number=ask.account_number,
            bank_code=ask.account_bank,
            full_name=ask.beneficiary_name or name,
            created_at=CREATED_AT,
            bank_name=directory.bank_name(ask.account_bank),
        )
        return wire.success("Beneficiary created", saved)

    def list(self) -> Answer:
        """All of them, newest first."""
        saved = [*reversed(self._saved.values())]
        return wire.success(
            "Payout beneficiaries fetched", saved, page=Page([], len(saved), number=1, size=max(1, len(saved)))
        )

    def fetch(self, number: int) -> Answer:
        """One of them."""
        return wire.success("Payout beneficiary fetched", self.find(number))

    def delete(self, number: int) -> Answer:
        """Forget one."""
        del self._saved[self.find(number).id]
        return wire.success("Beneficiary deleted", "Deleted")
