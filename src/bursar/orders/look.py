"""Looking at orders without changing them."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.orders import store
from bursar.orders.errors import NoSuchOrder
from bursar.orders.model import Order, Query, Step
from bursar.orders.picking import find, resolve

PAGE_MAX: Final = 1_000


async def get(tx: Transaction, order: str, *, program: str, sellers: frozenset[UUID] | None = None) -> Order:
    """The order that a program calls so or, where there is no such, has our id; only of these sellers, if given.

    Raises:
        NoSuchOrder: not there, or somebody else's; the caller cannot tell which.
    """
    wanted = [Step(program, order, actor="", sellers=sellers)]
    [found] = resolve(await find(tx, wanted), wanted)
    if found is None:
        raise NoSuchOrder(order=order)
    return found


async def get_many(tx: Transaction, order_ids: Collection[UUID]) -> dict[UUID, Order]:
    """These orders by id; those that do not exist are left out."""
    return {order.id: order for order in await store.find(tx, (), order_ids)}


async def page(tx: Transaction, query: Query) -> list[Order]:
    """One page, newest first; continue with ``before`` set to the last one's id. At most ``PAGE_MAX`` at once."""
    return await store.page(tx, replace(query, limit=min(query.limit, PAGE_MAX)))
