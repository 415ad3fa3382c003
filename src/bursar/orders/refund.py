"""Refunding completed orders: what completing one gave is taken back, as far as it has not left; the rest is owed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from bursar import earnings, ledger, payouts
from bursar.earnings import NewDebt, TakeBack
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind
from bursar.orders import store
from bursar.orders.model import Order, OrderState, Step
from bursar.orders.picking import Picked, due, pick
from bursar.payouts import Payout, PayoutState
from bursar.programs import Book

_LEFT: Final = frozenset({PayoutState.SENDING, PayoutState.SENT, PayoutState.ON_HOLD, PayoutState.COMPLETED})
"""Where a payout's money is with the gateway or beyond it, and nobody here can take it back."""

_WHY: Final = "order_refunded"
"""The reason of payouts that are cancelled with their order."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a holder was credited for an order and is to give back."""

    order: Order
    actor: str
    holder_id: UUID
    earning: str
    amount: Money

    def take_back(self) -> TakeBack:
        """The wish to have it out of what is available."""
        return TakeBack(
            self.holder_id, self.order.program, self.earning, self.amount, reference=self.order.refund_reference
        )

    def debt(self, amount: Money) -> NewDebt:
        """So much of it, as what the holder owes from now on."""
        return NewDebt(
            holder_id=self.holder_id,
            program=self.order.program,
            reference=self.order.refund_reference,
            amount=amount,
            noted_by=self.actor,
            description=self.order.item,
        )


async def refund(tx: Transaction, steps: Sequence[Step], *, book: Book, at: datetime) -> list[Order | Refusal]:
    """Refund completed orders; each as it stands then, also where it was refunded before, or refused on its own.

    A payout that can still be cancelled is, and its money is taken back. Where the payout came to nothing, or there was
    none, what is available is taken back and the rest is owed; once it has left, the whole price is owed. Nobody may
    try it again then, should it fail. The scout's bounty is taken back as far as it is available, and the platform
    gives back its fee. Costs a constant number of statements.
    """
    picked = await pick(tx, steps, verb="refund")
    wanted = due(picked)
    done = await _refund(tx, wanted, book=book, at=at) if wanted else {}
    return [one if isinstance(one, Refusal) else done.get(one.order.id, one.order) for one in picked]


async def _refund(tx: Transaction, wanted: Sequence[Picked], *, book: Book, at: datetime) -> Mapping[UUID, Order]:
    """By order: how it stands once its money is back or owed."""
    prices = [_price(one) for one in wanted]
    bounties = [claim for claim in map(_bounty, wanted) if claim is not None]
    claims = [*prices, *bounties]
    left = await _withdraw(tx, wanted, claims, book=book)
    taken = await _take_back(tx, claims, left, at=at)
    await _give_fees_back(tx, [one.order for one in wanted], at=at)
    refunded = {
        one.order.id: _refunded(one, taken=part, at=at) for one, part in zip(wanted, taken[: len(prices)], strict=True)
    }
    await store.end(tx, list(refunded.values()))
    await journal.note_many(tx, "order.refunded", [_note(one, refunded[one.order.id]) for one in wanted])
    return refunded


async def _withdraw(
    tx: Transaction, wanted: Sequence[Picked], claims: Sequence[_Claim], *, book: Book
) -> Collection[UUID]:
    """Cancel the payouts of these orders that have not left, and bar the others; the orders whose payouts have left.

    Payouts are held before balances, as ``payouts.advance`` does, and then the balances of all whom the refunds concern
    at once: held one after the other, two batches could wait for each other.
    """
    actors = {one.order.payout_id: one.step.actor for one in wanted if one.order.payout_id is not None}
    held, at = await payouts.hold(tx, actors.keys())
    await ledger.hold(tx, {(claim.holder_id, claim.amount.currency) for claim in claims})
    steps = [
        payouts.Step(payout_id=payout.id, verb="cancel", actor=actors[payout.id], reason=_WHY)
        for payout in held.values()
        if payouts.can(payout.state, "cancel")
    ]
    if steps:
        cancelled = await payouts.advance(tx, steps, book=book, locked=held, at=at)
        assert all(isinstance(one, Payout) for one in cancelled), "what is held and can be cancelled is"
    barred = [one.id for one in held.values() if payouts.can(one.state, "fail") or payouts.can(one.state, "retry")]
    if barred:  # Else one that has failed, or will have, could be tried again with what other orders have brought.
        await payouts.bar(tx, barred)
    return {payout.order_id for payout in held.values() if payout.order_id and payout.state in _LEFT}


def _price(one: Picked) -> _Claim:
    order = one.order
    return _Claim(order, one.step.actor, order.seller_id, order.source, order.price)


def _bounty(one: Picked) -> _Claim | None:
    order = one.order
    if order.scout_id is None:
        return None
    return _Claim(order, one.step.actor, order.scout_id, order.bounty_source, order.bounty)


async def _take_back(tx: Transaction, claims: Sequence[_Claim], left: Collection[UUID], *, at: datetime) -> list[Money]:
    """Have of each claim what is there to be had, and note the rest as debts; how much was had of each.

    A price whose payout has left is owed whole: what else its seller has available was earned with other orders, and
    pays the debt with the next payout.
    """
    within = [claim for claim in claims if claim.order.id not in left or claim.holder_id != claim.order.seller_id]
    had = await earnings.take_back(tx, [claim.take_back() for claim in within], at=at) if within else []
    by_claim = dict(zip(within, had, strict=True))
    taken = [by_claim.get(claim, Money.zero(claim.amount.currency)) for claim in claims]
    debts = [claim.debt(claim.amount - part) for claim, part in zip(claims, taken, strict=True) if part != claim.amount]
    if debts:
        await earnings.owe(tx, debts, at=at)
    return taken


async def _give_fees_back(tx: Transaction, orders: Sequence[Order], *, at: datetime) -> None:
    movements = [
        Movement(TransferKind.FEE_BACK, order.seller_id, order.fee, order.program, reference=order.refund_reference)
        for order in orders
        if order.fee.minor
    ]
    if movements:
        await ledger.book(tx, movements, at=at)


def _refunded(one: Picked, *, taken: Money, at: datetime) -> Order:
    return replace(
        one.order,
        state=OrderState.REFUNDED,
        ended_at=at,
        reason=one.step.reason,
        taken_back=taken,
        owed=one.order.price - taken,
    )


def _note(one: Picked, after: Order) -> tuple[str, str, dict[str, str | None]]:
    facts = {"taken_back": str(after.taken_back), "owed": str(after.owed), "reason": after.reason}
    return one.step.actor, f"order:{after.id}", facts
