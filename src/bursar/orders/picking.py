"""Finding the orders that steps are about, and who may take them: the beginning of every verb.

Locks come in this order: orders by id, recruits by seller, payouts by id, balances by holder. ``payouts.advance`` takes
payouts before balances too, so none of these verbs can wait for a payout's move that waits for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.orders import store
from bursar.orders.errors import NoSuchOrder
from bursar.orders.model import Order, Step


@dataclass(frozen=True, slots=True)
class Picked:
    """A step that may be taken and the order that it is about, held; ``is_done``: it was taken before."""

    step: Step
    order: Order
    is_done: bool


async def pick(tx: Transaction, steps: Sequence[Step], *, verb: str) -> list[Picked | Refusal]:
    """Hold the orders of these steps until the transaction ends; each step may be taken, was taken, or is refused.

    One statement.
    """
    named = resolve(await find(tx, steps, lock=True), steps)
    return [_judge(step, order, verb) for step, order in zip(steps, named, strict=True)]


def due(picked: Iterable[Picked | Refusal]) -> list[Picked]:
    """What is left to do: the first step of each order that has not taken one."""
    first: dict[UUID, Picked] = {}
    for one in picked:
        if isinstance(one, Picked) and not one.is_done:
            first.setdefault(one.order.id, one)
    return list(first.values())


async def find(tx: Transaction, steps: Iterable[Step], *, lock: bool = False) -> list[Order]:
    """Every order that one of these steps may mean."""
    places = {(step.program, step.order) for step in steps}
    ids = {step.order_id for step in steps}
    return await store.find(tx, places, [id_ for id_ in ids if id_ is not None], lock=lock)


def resolve(found: Iterable[Order], steps: Iterable[Step]) -> list[Order | None]:
    """The order that each step means: its program's own name comes first, then our id; None: nothing of theirs."""
    by_name: dict[object, Order] = {}
    for order in found:
        by_name[order.program, order.reference] = order
        by_name[order.program, order.id] = order
    return [_theirs(by_name, step) for step in steps]


def _judge(step: Step, order: Order | None, verb: str) -> Picked | Refusal:
    if order is None:
        return NoSuchOrder(order=step.order)
    try:
        return Picked(step, order, is_done=order.has(verb))
    except Refusal as refusal:
        return refusal


def _theirs(by_name: Mapping[object, Order], step: Step) -> Order | None:
    order = by_name.get((step.program, step.order)) or by_name.get((step.program, step.order_id))
    if order is None or (step.sellers is not None and order.seller_id not in step.sellers):
        return None
    return order
