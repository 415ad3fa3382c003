"""What the platform and its connected accounts hold, and every movement of it."""

from enum import Enum

from bursar_sandbox.clock import Clock
from bursar_sandbox.stripe.ids import Ids
from bursar_sandbox.stripe.objects import Balance, BalanceTransaction, Funds
from bursar_sandbox.stripe.shelf import Shelf


class Kind(Enum):
    """Why a balance moves: the `type` of the movement and its `reporting_category`."""

    TRANSFER = ("transfer", "transfer")
    TRANSFER_REVERSAL = ("transfer_refund", "transfer_reversal")
    RECEIVED = ("payment", "charge")  # The same transfer, as the connected account sees it.
    GIVEN_BACK = ("payment_refund", "refund")
    PAYOUT = ("payout", "payout")
    PAYOUT_CANCELED = ("payout_cancel", "payout_reversal")
    PAYOUT_FAILED = ("payout_failure", "payout_reversal")
    ADJUSTMENT = ("adjustment", "other_adjustment")  # By a tester's hand.


class Balances:
    """All accounts' money at Stripe, all of it available at once."""

    def __init__(self, *, platform: str, opening_minor: int, clock: Clock, ids: Ids) -> None:
        """The platform holds so much of every currency, everybody else nothing."""
        self._platform = platform
        self._opening_minor = opening_minor
        self._clock = clock
        self._ids = ids
        self._moved: dict[tuple[str, str], int] = {}
        self._shelves: dict[str, Shelf[BalanceTransaction]] = {}

    def of(self, account: str, currency: str) -> int:
        """What an account holds, in minor units; the currency in lower case, as everywhere at Stripe."""
        opening = self._opening_minor if account == self._platform else 0
        return opening + self._moved.get((account, currency), 0)

    def move(
        self, account: str, currency: str, *, amount: int, kind: Kind, source: str | None, words: str | None = None
    ) -> str:
        """Add an amount, or take a negative one, and give the movement's name."""
        self._moved[account, currency] = self._moved.get((account, currency), 0) + amount
        now = self._clock.now_ms() // 1000
        type_, category = kind.value
        movement = BalanceTransaction(
            id=self._ids.new("txn"),
            amount=amount,
            available_on=now,
            created=now,
            currency=currency,
            description=words,
            net=amount,
            reporting_category=category,
            source=source,
            type=type_,
        )
        self.movements(account).add(movement)
        return movement.id

    def set(self, account: str, currency: str, *, amount: int | None) -> None:
        """Let an account hold so much from now on; None: what it began with."""
        opening = self._opening_minor if account == self._platform else 0
        wanted = opening if amount is None else amount
        self.move(account, currency, amount=wanted - self.of(account, currency), kind=Kind.ADJUSTMENT, source=None)

    def movements(self, account: str) -> Shelf[BalanceTransaction]:
        """Everything that moved an account's balance."""
        if account not in self._shelves:
            self._shelves[account] = Shelf("balance transaction", marks=lambda movement: (movement.source,))
        return self._shelves[account]

    def shown(self, account: str, *, currency: str) -> Balance:
        """An account's balance as it is answered; in its own currency at least."""
        currencies = {currency: None, **{used: None for of, used in self._moved if of == account}}
        funds = [Funds(amount, used, {"card": amount}) for used in currencies for amount in [self.of(account, used)]]
        pending = [Funds(0, used, {"card": 0}) for used in currencies]
        return Balance(available=funds, pending=pending)
