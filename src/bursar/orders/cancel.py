"""Cancelling orders that are not completed: no money has moved, and none will."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.orders import store
from bursar.orders.model import Order, OrderState, Step
from bursar.orders.picking import due, pick


async def cancel(tx: Transaction, steps: Sequence[Step], *, at: datetime) -> list[Order | Refusal]:
    """Cancel open orders; each as it stands then, also where it was cancelled before, or refused on its own.

    Three statements, however many there are.
    """
    picked = await pick(tx, steps, verb="cancel")
    wanted = due(picked)
    done = {
        one.order.id: replace(one.order, state=OrderState.CANCELLED, ended_at=at, reason=one.step.reason)
        for one in wanted
    }
    if wanted:
        await store.end(tx, list(done.values()))
        notes = [(one.step.actor, f"order:{one.order.id}", {"reason": one.step.reason}) for one in wanted]
        await journal.note_many(tx, "order.cancelled", notes)
    return [one if isinstance(one, Refusal) else done.get(one.order.id, one.order) for one in picked]
