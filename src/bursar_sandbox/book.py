"""The oracle: what was really paid, and to whom. Pure; every operation costs the same at any size."""

from bisect import bisect_left
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec


class Status(StrEnum):
    """Where one transfer stands."""

    SUCCESS = "SUCCESS"  # The payee has the money.
    PENDING = "PENDING"  # Taken on; the outcome comes later.
    ON_HOLD = "ON_HOLD"  # Taken on, and stopped until somebody says go on.
    FAILED = "FAILED"  # Refused for good; no money moved.
    RETRY = "RETRY"  # Not taken on this time; a new attempt may be.
    RETURNED = "RETURNED"  # The payee had the money, and it came back.


PAID: Final = frozenset({Status.SUCCESS, Status.RETURNED})


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why a transfer is not simply paid."""

    code: str
    message: str


# A book may hold millions of these, so they are kept out of the garbage collector's rounds.
class Transfer(msgspec.Struct, gc=False):
    """One attempt to pay one order, under one reference. Times are epoch milliseconds."""

    reference: str
    order_id: str
    gateway_reference: str
    amount_minor: int
    currency: str
    destination: bytes  # SHA-256 of the destination; the book never keeps the account number.
    destination_tail: str  # Its last four characters, for people.
    fingerprint: int  # Of the whole request, to tell a repetition from a contradiction.
    attempt_number: int  # Counted per order, from one.
    status: Status
    reason: Reason | None
    accepted_ms: int
    changed_ms: int
    paid_ms: int | None = None
    returned_ms: int | None = None
    returned_minor: int = 0

    @property
    def is_paid(self) -> bool:
        """The money reached the payee, whether or not it came back later."""
        return self.status in PAID


class Total(msgspec.Struct):
    """All that was paid and returned in one currency, in minor units."""

    paid_minor: int = 0
    returned_minor: int = 0
    net_minor: int = 0
    count_paid: int = 0

    def count(self, transfer: Transfer, *, sign: int) -> None:
        """Add one transfer's part in the totals (sign 1), or take it out again (sign -1)."""
        if transfer.is_paid:
            self.paid_minor += sign * transfer.amount_minor
            self.returned_minor += sign * transfer.returned_minor
            self.net_minor = self.paid_minor - self.returned_minor
            self.count_paid += sign


class Book:
    """Every transfer the gateway ever knew, in the order in which they came."""

    def __init__(self, *, forgives_returns: bool = False) -> None:
        """Open an empty book; in one that forgives returns, an order may be paid again once its money is back."""
        self._forgives_returns = forgives_returns
        self.totals: dict[str, Total] = {}
        self._in_order: list[Transfer] = []
        self._by_reference: dict[str, Transfer] = {}
        # Nearly every order has one attempt, and only an order with several can be paid twice:
        # keeping those apart saves a list per order.
        self._first_attempts: dict[str, Transfer] = {}
        self._many_attempts: dict[str, list[Transfer]] = {}
        self._overpaid: dict[str, None] = {}  # A dict, because its order is that of discovery.

    def __len__(self) -> int:
        """How many transfers the book holds."""
        return len(self._in_order)

    @property
    def paid_more_than_once(self) -> list[str]:
        """Orders paid under more than one reference. The one list that must stay empty."""
        return list(self._overpaid)

    def find(self, reference: str) -> Transfer | None:
        """The transfer under this reference, if the gateway ever knew it."""
        return self._by_reference.get(reference)

    def attempts_of(self, order_id: str) -> int:
        """How many references this order has had so far."""
        if order_id in self._many_attempts:
            return len(self._many_attempts[order_id])
        return 1 if order_id in self._first_attempts else 0

    def enter(self, transfer: Transfer) -> None:
        """Write down a new transfer."""
        assert transfer.reference not in self._by_reference, "callers look the reference up first"
        if self._in_order:
            # A wall clock may step back; listing by time relies on an order that never does.
            transfer.accepted_ms = max(transfer.accepted_ms, self._in_order[-1].accepted_ms)
        self._in_order.append(transfer)
        self._by_reference[transfer.reference] = transfer
        self._file_under_order(transfer)
        _stamp(transfer, at_ms=transfer.changed_ms, amount_minor=None)
        self._total_of(transfer).count(transfer, sign=1)
        self._judge(transfer)

    def move(
        self,
        transfer: Transfer,
        to: Status,
        *,
        at_ms: int,
        reason: Reason | None = None,
        amount_minor: int | None = None,
    ) -> None:
        """Change where a transfer stands; any change is allowed, as gateways do contradict themselves.

        `amount_minor` is what came back for RETURNED, and the amount now booked for the others.
        """
        total = self._total_of(transfer)
        total.count(transfer, sign=-1)
        transfer.status, transfer.reason, transfer.changed_ms = to, reason, at_ms
        _stamp(transfer, at_ms=at_ms, amount_minor=amount_minor)
        total.count(transfer, sign=1)
        self._judge(transfer)

    def page(self, *, start: int, limit: int) -> tuple[list[Transfer], int | None]:
        """Up to `limit` transfers from a position on, oldest first, and the next position if any."""
        end = start + limit
        return self._in_order[start:end], end if end < len(self._in_order) else None

    def position_since(self, since_ms: int) -> int:
        """The position of the first transfer accepted at this time or later."""
        return bisect_left(self._in_order, since_ms, key=lambda transfer: transfer.accepted_ms)

    def chunks(self, size: int) -> Iterator[list[Transfer]]:
        """All transfers known at this moment, in slices, so that a long book can be written slowly."""
        count = len(self._in_order)
        for start in range(0, count, size):
            yield self._in_order[start : min(start + size, count)]

    def _file_under_order(self, transfer: Transfer) -> None:
        first = self._first_attempts.setdefault(transfer.order_id, transfer)
        if first is not transfer:
            self._many_attempts.setdefault(transfer.order_id, [first]).append(transfer)

    def _total_of(self, transfer: Transfer) -> Total:
        return self.totals.setdefault(transfer.currency, Total())

    def _judge(self, transfer: Transfer) -> None:
        """Note whether this transfer's order is now paid under more than one reference."""
        attempts = self._many_attempts.get(transfer.order_id)
        if attempts is None:
            return
        if sum(self._counts(attempt) for attempt in attempts) > 1:
            self._overpaid[transfer.order_id] = None
        else:
            self._overpaid.pop(transfer.order_id, None)

    def _counts(self, transfer: Transfer) -> bool:
        """It was paid; where returns are forgiven, and some of it was kept."""
        return transfer.is_paid and not (self._forgives_returns and transfer.returned_minor == transfer.amount_minor)


def _stamp(transfer: Transfer, *, at_ms: int, amount_minor: int | None) -> None:
    """Make times and amounts agree with the status."""
    transfer.paid_ms = (transfer.paid_ms or at_ms) if transfer.is_paid else None
    if transfer.status is Status.RETURNED:
        transfer.returned_ms = at_ms
        transfer.returned_minor = transfer.amount_minor if amount_minor is None else amount_minor
        return
    transfer.returned_ms, transfer.returned_minor = None, 0
    if amount_minor is not None:
        transfer.amount_minor = amount_minor
