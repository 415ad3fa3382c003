"""Payouts: whether they are taken on, and how they are found again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from bursar_sandbox.book import Status
from bursar_sandbox.clock import Clock
from bursar_sandbox.entries import enter
from bursar_sandbox.orders import order_of
from bursar_sandbox.razorpayx import parties, rules
from bursar_sandbox.razorpayx.asks import PayoutAsk
from bursar_sandbox.razorpayx.downtimes import Downtimes
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.life import Life, Underway
from bursar_sandbox.razorpayx.objects import FundAccount, Payout
from bursar_sandbox.razorpayx.parties import Parties
from bursar_sandbox.razorpayx.refusals import NotValid, Unfunded, no_such_id
from bursar_sandbox.razorpayx.rules import Mode, PayoutStatus, Step

CANCELLED_BY_HAND = Step(PayoutStatus.CANCELLED)


class Wanted(NamedTuple):
    """Which payouts a list is to have; None: any."""

    reference_id: str | None = None
    status: str | None = None
    mode: str | None = None
    fund_account_id: str | None = None
    contact_id: str | None = None
    first: int = 0  # Unix seconds, both of them included.
    last: int | None = None

    def fits(self, payout: Underway) -> bool:
        """It is one of them."""
        shown = payout.shown
        pairs = (
            (self.reference_id, shown.reference_id),
            (self.status, shown.status),
            (self.mode, shown.mode),
            (self.fund_account_id, shown.fund_account_id),
            (self.contact_id, payout.account.contact_id),
        )
        is_in_span = self.first <= shown.created_at and (self.last is None or shown.created_at <= self.last)
        return is_in_span and all(wanted in {None, found} for wanted, found in pairs)


@dataclass(slots=True)
class Payouts:
    """Every payout that was ever taken on."""

    parties: Parties
    life: Life
    downtimes: Downtimes
    clock: Clock
    ids: Ids
    all: list[Underway] = field(default_factory=list)  # Oldest first.
    _by_id: dict[str, Underway] = field(default_factory=dict)
    _by_reference: dict[str, list[Underway]] = field(default_factory=dict)

    def create(self, ask: PayoutAsk) -> Underway:
        """Take a payout on.

        Raises:
            NotValid: its parts do not go together, or what it names is not there.
            Unfunded: the account holds too little, and it is not to wait.
        """
        account = self._account(ask)
        _insist_on_mode(ask, account)
        if account.number.endswith(rules.REFUSED_SUFFIX):
            raise NotValid("The fund account is not supported.", field="fund_account")
        shown = self._shown(ask, account)
        fate = self._fate(shown, account)
        if fate[0].status is PayoutStatus.PROCESSING and not ask.queue_if_low_balance and not self.life.affords(shown):
            raise Unfunded
        reference = ask.reference_id or shown.id
        entry = enter(
            self.life.book, shown, reference=reference, payee=account.payee, status=Status.PENDING,
            at_ms=self.clock.now_ms(),
        )  # fmt: skip
        payout = Underway(shown, self.parties.whole(account), entry, list(fate))
        self.all.append(payout)
        self._by_id[shown.id] = payout
        self._by_reference.setdefault(reference, []).append(payout)
        self.life.begin(payout)
        return payout

    def find(self, name: str) -> Underway:
        """A payout by its id.

        Raises:
            NotValid: there is none.
        """
        if name not in self._by_id:
            raise no_such_id()
        return self._by_id[name]

    def find_any(self, name: str) -> Underway | None:
        """The payout of this id, or the latest with this reference."""
        found = self._by_reference.get(name, [])
        return self._by_id.get(name) or (found[-1] if found else None)

    def page(self, wanted: Wanted, *, skip: int, count: int) -> list[Underway]:
        """Some of the payouts that are wanted, newest first."""
        among: Sequence[Underway] = self.all
        if wanted.reference_id is not None:
            among = self._by_reference.get(wanted.reference_id, [])
        chosen: Iterator[Underway] = filter(wanted.fits, reversed(among))
        return list(islice(chosen, skip, skip + count))

    def cancel(self, payout: Underway) -> None:
        """Stop a payout that is queued.

        Raises:
            NotValid: it is not.
        """
        if payout.shown.status is not PayoutStatus.QUEUED:
            raise NotValid(f"Payout cannot be cancelled as it is in {payout.shown.status} state.", field="id")
        self.life.force(payout, CANCELLED_BY_HAND)

    def _account(self, ask: PayoutAsk) -> FundAccount:
        """Where it is to go."""
        if ask.account_number != self.life.money.account_number:
            raise NotValid("The RazorpayX Account number is invalid.", field="account_number")
        if (ask.fund_account_id is None) == (ask.fund_account is None):
            raise NotValid("One of fund_account_id and fund_account is required.", field="fund_account_id")
        if ask.fund_account is not None:
            return self.parties.found(ask.fund_account)
        assert ask.fund_account_id is not None, "one of them is there"
        account = self.parties.account(ask.fund_account_id)
        if not account.active or not self.parties.contact(account.contact_id).active:
            raise NotValid("Payouts cannot be created on an inactive fund account", field="fund_account_id")
        return account

    def _fate(self, shown: Payout, account: FundAccount) -> tuple[Step, ...]:
        """What becomes of it, step by step."""
        if self.life.behaviour.mode == "test":
            return rules.STAYS
        if self.downtimes.concern(account.bank, shown.mode):
            return rules.AWAY
        number = self.life.book.attempts_of(order_of(shown.reference_id or shown.id)) + 1
        return rules.fate(account.number, attempt_number=number, mode=shown.mode)

    def _shown(self, ask: PayoutAsk, account: FundAccount) -> Payout:
        return Payout(
            id=self.ids.new("pout"),
            fund_account_id=account.id,
            amount=ask.amount,
            currency=ask.currency,
            notes=parties.shown(ask.notes),
            purpose=ask.purpose,
            mode=ask.mode,
            reference_id=ask.reference_id,
            narration=ask.narration or "Sandbox Fund Transfer",
            debit_account_number=ask.account_number,
            created_at=self.clock.now_ms() // 1000,
            status=PayoutStatus.PROCESSING,
        )


def _insist_on_mode(ask: PayoutAsk, account: FundAccount) -> None:
    """It can be carried by the mode that was asked for, and for a purpose that there is."""
    if ask.purpose not in rules.PURPOSES:
        raise NotValid(f"Invalid purpose: {ask.purpose}", field="purpose")
    if ask.mode not in rules.BELONGS[account.account_type]:
        raise NotValid("Payout mode is invalid for this fund account.", field="mode")
    least, most = rules.BOUNDS[Mode(ask.mode)]
    if ask.amount < least:
        raise NotValid(f"The {ask.mode} amount must be at least {least}.", field="amount")
    if most is not None and ask.amount > most:
        raise NotValid(f"The {ask.mode} amount must be at most {most}.", field="amount")
