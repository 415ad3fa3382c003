"""What a batch of movements does to earnings, worked out in memory: first in, first out."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from bursar.earnings.model import Earning, Payoff, PayoffState, Why, Withholding
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind

Purse = tuple[UUID, str]
"""A holder and a currency: what has one queue."""

Reservation = tuple[UUID, int]
"""A payout, and which of its reservations."""


class Queue:
    """The earnings that a batch may touch; movements are followed one by one, each from what those before it left."""

    def __init__(self, earnings: Iterable[Earning], payoffs: Iterable[Payoff], *, at: datetime) -> None:
        """Begin with what is stored; ``at`` is when the batch happens."""
        self._at = at
        self._earnings = {earning.id: earning for earning in earnings}
        self._payoffs: dict[Reservation, list[Payoff]] = defaultdict(list)
        for payoff in payoffs:
            self._payoffs[payoff.payout_id, payoff.reservation].append(payoff)
        self._waiting: dict[Purse, list[tuple[datetime, UUID]]] = defaultdict(list)
        self._touched: set[UUID] = set()
        self._moved: set[Reservation] = set()
        self.withholdings: list[Withholding] = []
        for earning in self._earnings.values():
            self._line_up(earning)

    def follow(self, movement: Movement) -> None:
        """Shift what this movement moves; money that stands for no earning has none to shift."""
        reservation = reservation_of(movement)
        if movement.kind is TransferKind.RESERVE:
            self._payoffs[reservation] = [self._reserve(*part, movement) for part in self._parts(movement)]
        else:
            self._payoffs[reservation] = [self._go_on(payoff, movement) for payoff in self._payoffs[reservation]]
        if self._payoffs[reservation]:
            self._moved.add(reservation)

    def withhold(self, movement: Movement, *, transfer_id: UUID, first: UUID | None = None) -> None:
        """Keep what this movement takes from its holder for good, of the earning ``first`` before all others."""
        why = Why.TAKEN_BACK if movement.kind is TransferKind.TAKE_BACK else Why.RECOVERED
        assert movement.reference is not None, "what is withheld says what for"
        for earning, part in self._parts(movement, first=first):
            self._earnings[earning.id] = earning.withhold(part)
            self._touched.add(earning.id)
            self.withholdings.append(
                Withholding(
                    transfer_id=transfer_id,
                    earning_id=earning.id,
                    holder_id=earning.holder_id,
                    amount=part,
                    why=why,
                    reference=movement.reference,
                    payout_id=movement.payout_id,
                    at=self._at,
                )
            )

    @property
    def earnings(self) -> Sequence[Earning]:
        """The earnings whose figures have changed, as they stand now; by id, so that writers wait in one order."""
        return [self._earnings[earning_id] for earning_id in sorted(self._touched)]

    @property
    def payoffs(self) -> Sequence[Payoff]:
        """The payoffs that are new or have changed, as they stand now."""
        return [payoff for reservation in sorted(self._moved) for payoff in self._payoffs[reservation]]

    def _parts(self, movement: Movement, *, first: UUID | None = None) -> Iterable[tuple[Earning, Money]]:
        """What to take of which earnings, one after the other: of the first, then of the oldest, until it is enough.

        Whoever asks takes each part before asking for the next; none is left when the earnings are used up.
        """
        wanted = movement.amount
        waiting = self._waiting[movement.holder_id, wanted.currency]
        while wanted.minor and (waiting or first):
            earning = self._earnings[first or waiting[0][1]]
            part = min(earning.available, wanted)
            if first is None and part == earning.available:
                heapq.heappop(waiting)
            first = None
            if part.minor:  # The first may have nothing left, or else stand in the queue with nothing any more.
                wanted -= part
                yield earning, part

    def _reserve(self, earning: Earning, part: Money, movement: Movement) -> Payoff:
        self._shift(earning, part, movement.kind)
        payout_id, reservation = reservation_of(movement)
        return Payoff(
            payout_id=payout_id,
            reservation=reservation,
            earning_id=earning.id,
            holder_id=earning.holder_id,
            amount=part,
            state=PayoffState.RESERVED,
            reserved_at=self._at,
            changed_at=self._at,
        )

    def _go_on(self, payoff: Payoff, movement: Movement) -> Payoff:
        self._shift(self._earnings[payoff.earning_id], payoff.amount, movement.kind)
        return payoff.after(movement.kind, at=self._at)

    def _shift(self, earning: Earning, part: Money, kind: TransferKind) -> None:
        after = earning.shift(part, kind)
        self._earnings[earning.id] = after
        self._touched.add(earning.id)
        if not earning.available.minor:
            self._line_up(after)  # What comes back takes its old place.

    def _line_up(self, earning: Earning) -> None:
        if earning.available.minor:
            heapq.heappush(self._waiting[earning.holder_id, earning.amount.currency], earning.place)


def reservation_of(movement: Movement) -> Reservation:
    """Which reservation of which payout a movement belongs to."""
    assert movement.payout_id is not None, "earnings are taken for payouts"
    assert movement.reservation is not None, "and each payout numbers its reservations"
    return movement.payout_id, movement.reservation


def needs(movements: Iterable[Movement]) -> dict[Purse, Money]:
    """How much these movements take from each holder altogether."""
    sums: dict[Purse, Money] = {}
    for movement in movements:
        purse = (movement.holder_id, movement.amount.currency)
        sums[purse] = sums.get(purse, Money.zero(movement.amount.currency)) + movement.amount
    return sums
