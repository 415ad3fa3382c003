"""Completing orders: the sale, its money, and the payout that pays the seller, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bursar import holders, payouts
from bursar.earnings import Newborn
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.orders import store
from bursar.orders.errors import SellersDoNotComplete
from bursar.orders.model import Completion, Order, Step
from bursar.orders.paying import pay
from bursar.orders.picking import Picked, due, pick
from bursar.orders.selling import Sale, sell
from bursar.payouts import Desk
from bursar.programs import Terms

Outcome = Completion | Refusal


async def complete(tx: Transaction, steps: Sequence[Step], *, desk: Desk, at: datetime) -> list[Outcome]:
    """Complete orders: credit each seller with the price, and ask for a payout of it.

    The platform's fee and the scout's bounty are booked beside it. An order that was completed before is answered with
    what came of it then, so it pays once. Where no payout can be asked for, or it is refused, the order is completed
    all the same: the money is on the seller's balance, and ``put_off`` says why. Each step is refused on its own:
    there is no such order, it was cancelled or refunded, or it is a seller's own and the terms leave completing to the
    platform. Costs a constant number of statements.
    """
    desk = replace(desk, book=desk.book.open())
    picked = await pick(tx, steps, verb="complete")
    terms = await desk.book.judge(tx, {one.order.program for one in due(picked)}) if due(picked) else {}
    allowed = [_allowed(one, terms) for one in picked]
    wanted = due(allowed)
    done = await _complete(tx, wanted, terms, desk=desk, at=at) if wanted else {}
    before = await _payouts_of(tx, allowed)
    return [one if isinstance(one, Refusal) else _answer(one, done, before) for one in allowed]


def _allowed(one: Picked | Refusal, terms: Mapping[str, Terms]) -> Picked | Refusal:
    """Sellers complete their own orders where the terms let them; that one is completed they may always be told."""
    if isinstance(one, Refusal) or one.is_done or one.step.sellers is None:
        return one
    return one if terms[one.order.program].orders.sellers_complete else SellersDoNotComplete()


async def _complete(
    tx: Transaction, wanted: Sequence[Picked], terms: Mapping[str, Terms], *, desk: Desk, at: datetime
) -> dict[UUID, Outcome]:
    """By order: what became of it."""
    sellers = await holders.payees(tx, {one.order.seller_id for one in wanted})
    sales = [Sale(one.order, one.step, terms[one.order.program], sellers[one.order.seller_id]) for one in wanted]
    newborn = Newborn()
    credited = await sell(tx, sales, book=desk.book, at=at, newborn=newborn)
    sold = [(sale, one) for sale, one in zip(sales, credited, strict=True) if isinstance(one, Order)]
    paid = await pay(tx, sold, desk=desk, at=at, newborn=newborn) if sold else []
    await store.complete(tx, [order for order, _ in paid])
    await _note(tx, [order for order, _ in paid])
    refused = {sale.order.id: one for sale, one in zip(sales, credited, strict=True) if isinstance(one, Refusal)}
    return refused | {order.id: Completion(order, payout, is_new=True) for order, payout in paid}


async def _note(tx: Transaction, orders: Sequence[Order]) -> None:
    """Note the completions that no payout's history tells of."""
    notes = [
        (order.completed_by or "", f"order:{order.id}", {"put_off": order.put_off.code if order.put_off else None})
        for order in orders
        if order.payout_id is None
    ]
    if notes:
        await journal.note_many(tx, "order.completed", notes)


async def _payouts_of(tx: Transaction, picked: Sequence[Picked | Refusal]) -> Mapping[UUID, payouts.Payout]:
    """The payouts of orders that were completed before; no statement where there are none."""
    paid = {one.order.payout_id for one in picked if isinstance(one, Picked)}
    wanted = {payout_id for payout_id in paid if payout_id is not None}
    return await payouts.get_many(tx, wanted) if wanted else {}


def _answer(one: Picked, done: dict[UUID, Outcome], before: Mapping[UUID, payouts.Payout]) -> Outcome:
    """What became of one step; the second of two for one order finds what the first did."""
    order = one.order
    if order.id not in done:
        return Completion(order, before[order.payout_id] if order.payout_id else None, is_new=False)
    outcome = done[order.id]
    if isinstance(outcome, Completion):
        done[order.id] = replace(outcome, is_new=False)
    return outcome
