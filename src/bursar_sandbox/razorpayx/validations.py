"""Asking whose an account is. It takes a while, as it does there."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET

from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx import parties, rules
from bursar_sandbox.razorpayx.asks import CompositeValidationAsk, ValidationAsk
from bursar_sandbox.razorpayx.events import Events
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.life import Behaviour
from bursar_sandbox.razorpayx.objects import Findings, FundAccount, Notes, StatusDetails, Validation
from bursar_sandbox.razorpayx.parties import Parties
from bursar_sandbox.razorpayx.refusals import NotValid, no_such_id

COMPLETED: Final = StatusDetails("Validation request is completed", "beneficiary_bank", "validation_completed")
SAME_NAME: Final = 100
OTHER_NAME: Final = 0


@dataclass(slots=True)
class Validations:
    """Every asking."""

    account_number: str
    parties: Parties
    events: Events
    clock: Clock
    ids: Ids
    behaviour: Behaviour
    names: dict[str, str | None] = field(default_factory=dict)  # By payee: whose accounts are, as a tester has said.
    _all: dict[str, Validation] = field(default_factory=dict)
    _due: list[tuple[int, int, Validation]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, ask: ValidationAsk) -> Validation:
        """Ask about a fund account that is known.

        Raises:
            NotValid: it is not, or nothing may be asked.
        """
        self._insist(ask.account_number)
        return self._begin(self.parties.account(ask.fund_account.id), notes=parties.shown(ask.notes))

    def begin_composite(self, ask: CompositeValidationAsk) -> Validation:
        """Ask about one that need not be.

        Raises:
            NotValid: nothing may be asked, or its type says something else than it holds.
        """
        self._insist(ask.source_account_number)
        account = self.parties.found(ask.fund_account)
        return self._begin(account, notes=parties.shown(ask.notes), reference_id=ask.reference_id)

    def find(self, name: str) -> Validation:
        """An asking by its id.

        Raises:
            NotValid: there is none.
        """
        if name not in self._all:
            raise no_such_id()
        return self._all[name]

    def advance(self) -> None:
        """Answer what is due by now."""
        now_ms = self.clock.now_ms()
        while self._due and self._due[0][0] <= now_ms:
            self._answer(heapq.heappop(self._due)[2])

    def next_due_in_ms(self) -> int | None:
        """How long until something is due; None if nothing is."""
        return max(0, self._due[0][0] - self.clock.now_ms()) if self._due else None

    def _insist(self, account_number: str) -> None:
        if self.behaviour.mode == "test":
            raise NotValid("Account validation is not available in test mode.")
        if account_number != self.account_number:
            raise NotValid("The RazorpayX Account number is invalid.", field="account_number")

    def _begin(self, account: FundAccount, *, notes: Notes, reference_id: str | None = None) -> Validation:
        now_ms = self.clock.now_ms()
        validation = Validation(
            id=self.ids.new("fav"),
            fund_account=self.parties.whole(account),
            created_at=now_ms // 1000,
            reference_id=reference_id,
            notes=notes,
        )
        self._all[validation.id] = validation
        heapq.heappush(self._due, (now_ms + self.behaviour.settle_after_ms, next(self._order), validation))
        return validation

    def _answer(self, validation: Validation) -> None:
        owner = self._owner(validation.fund_account)
        validation.status, validation.status_details = "completed", COMPLETED
        if owner is None:
            validation.validation_results = Findings("invalid", None, "The beneficiary account is invalid.", OTHER_NAME)
        else:
            given = _name_given(validation.fund_account)
            score = SAME_NAME if owner.casefold() == given.casefold() else OTHER_NAME
            validation.validation_results = Findings("active", owner, "The beneficiary account is valid.", score)
        self.events.tell("fund_account.validation.completed", validation, about=validation.id)

    def _owner(self, account: FundAccount) -> str | None:
        """Whose it is: who a tester said, else whoever the client believes it to be; None for accounts that are not."""
        if account.payee in self.names:
            return self.names[account.payee]
        return None if account.number.endswith(rules.MISSING_SUFFIX) else _name_given(account)


def _name_given(account: FundAccount) -> str:
    if account.bank_account is not UNSET:
        return account.bank_account.name
    assert account.contact is not UNSET, "whole accounts have one"
    return account.contact.name
