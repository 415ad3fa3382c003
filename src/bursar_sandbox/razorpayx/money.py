"""What the account of the business holds, in paise, and every movement of it."""

from collections.abc import Sequence
from typing import Any, Final

from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx.events import Events
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.objects import BankingBalance, Payout, Transaction
from bursar_sandbox.razorpayx.refusals import no_such_id

SHOWN_OF_A_PAYOUT: Final = (
    "id", "entity", "fund_account_id", "amount", "notes", "fees", "tax", "status", "utr", "mode", "created_at",
    "fee_type",
)  # fmt: skip


class Money:
    """One account."""

    def __init__(self, account_number: str, *, opening_minor: int, clock: Clock, ids: Ids, events: Events) -> None:
        """It holds so much."""
        self.account_number = account_number
        self.held = opening_minor
        self._opening_minor = opening_minor
        self._clock = clock
        self._ids = ids
        self._events = events
        self._movements: dict[str, Transaction] = {}

    @property
    def movements(self) -> Sequence[Transaction]:
        """Every movement, oldest first."""
        return list(self._movements.values())

    @property
    def shown(self) -> BankingBalance:
        """What it holds, as it is answered."""
        return BankingBalance(self.account_number, self.held, self.held, self._clock.now_ms() // 1000)

    def movement(self, name: str) -> Transaction:
        """A movement by its id.

        Raises:
            NotValid: there is none.
        """
        if name not in self._movements:
            raise no_such_id()
        return self._movements[name]

    def pay(self, payout: Payout) -> None:
        """Let it have paid for a payout, with fees."""
        source = {name: getattr(payout, name) for name in SHOWN_OF_A_PAYOUT}
        self._move(payout.amount, by=-(payout.amount + payout.fees), source=source)

    def take_back(self, payout: Payout) -> None:
        """Let it have a payout's money again, with fees."""
        source = {
            "id": self._ids.new("rvrsl"),
            "entity": "reversal",
            "payout_id": payout.id,
            "amount": payout.amount,
            "fees": payout.fees,
            "tax": payout.tax,
            "currency": payout.currency,
            "notes": payout.notes,
            "utr": payout.utr,
            "created_at": self._clock.now_ms() // 1000,
        }
        self._move(payout.amount, by=payout.amount + payout.fees, source=source)

    def set(self, held: int | None) -> None:
        """Let it hold so much from now on; None: what it began with."""
        difference = (self._opening_minor if held is None else held) - self.held
        if difference:
            source = {"id": self._ids.new("adj"), "entity": "adjustment", "amount": abs(difference)}
            self._move(abs(difference), by=difference, source=source)

    def _move(self, amount: int, *, by: int, source: dict[str, Any]) -> None:
        self.held += by
        movement = Transaction(
            id=self._ids.new("txn"),
            account_number=self.account_number,
            amount=amount,
            credit=max(0, by),
            debit=max(0, -by),
            balance=self.held,
            source=source,
            created_at=self._clock.now_ms() // 1000,
        )
        self._movements[movement.id] = movement
        self._events.tell("transaction.created", movement, about=movement.id)
