"""Keeping money from holders for good: what is taken back, and what goes to their debts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bursar import ledger
from bursar.earnings import store
from bursar.earnings.model import Earning, TakeBack
from bursar.earnings.queue import Queue, needs
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind


async def take_back(tx: Transaction, wishes: Sequence[TakeBack], *, at: datetime) -> list[Money]:
    """Take back what was credited, as far as it is available; how much of each was.

    It is taken of the earning that is named, then of the holder's oldest; money that stands for no earning is taken
    last. What payouts have reserved or paid stays. A reference counts once for each holder: whoever calls sees to that,
    and the database insists on it. Holds the holders' balances. Costs a constant number of statements.
    """
    held = await ledger.hold(tx, {(wish.holder_id, wish.amount.currency) for wish in wishes})
    left = {(balance.holder_id, balance.currency): Money(balance.available, balance.currency) for balance in held}
    taken = []
    for wish in wishes:
        purse = (wish.holder_id, wish.amount.currency)
        part = min(wish.amount, left.get(purse, Money.zero(wish.amount.currency)))
        left[purse] = left.get(purse, part) - part
        taken.append(part)
    going = [(wish, part) for wish, part in zip(wishes, taken, strict=True) if part.minor]
    if going:
        movements = [
            Movement(TransferKind.TAKE_BACK, wish.holder_id, part, wish.program, reference=wish.reference)
            for wish, part in going
        ]
        places = [(wish.holder_id, wish.earning) for wish, _ in going]
        named = await store.at_references(tx, places)
        await withhold(tx, movements, first=[named.get(place) for place in places], at=at)
    return taken


async def withhold(
    tx: Transaction, movements: Sequence[Movement], *, at: datetime, first: Sequence[Earning | None] = ()
) -> list[UUID]:
    """Take available money from holders who are held and have it, and of the earnings behind it; the transfers' ids.

    ``first`` may say for each movement which earning it takes of before all others.
    """
    made = [one for one in await ledger.apply(tx, movements, at=at) if isinstance(one, UUID)]
    assert len(made) == len(movements), "no more is taken than what is there, from holders who are held"
    chosen = list(first) or [None] * len(movements)
    waiting = await store.oldest_available(tx, needs(movements))
    queue = Queue([*waiting, *(earning for earning in chosen if earning is not None)], (), at=at)
    for movement, transfer_id, preferred in zip(movements, made, chosen, strict=True):
        queue.withhold(movement, transfer_id=transfer_id, first=preferred.id if preferred else None)
    if queue.withholdings:
        await store.withhold(tx, queue.earnings, queue.withholdings)
    return made
