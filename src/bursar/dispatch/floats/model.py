"""Our own account at a gateway that was found to hold too little, and how much of what waits may leave all the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bursar.foundation.money import Money

LOW_FLOAT: Final = "low_float"
"""Why payouts wait while our own account at their gateway holds too little."""


@dataclass(frozen=True, slots=True)
class Float:
    """Our own account at a gateway, in one currency, once a payout was refused because it held too little.

    While it is low (``low_since`` is not None), ``left_over`` is what may still be sent, by the last look at it.
    ``held`` is what it held then; None where the gateway does not tell.
    """

    gateway: str
    currency: str
    low_since: datetime | None
    refused_at: datetime
    left_over: Money
    held: Money | None
    looked_at: datetime | None
    look_at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for funds: how many payouts are due, the smallest of them, and all of them together."""

    count: int
    smallest: Money
    total: Money


def let_go(account: Float, queue: Queue, *, held: Money | None) -> Money | None:
    """How much may be sent from an account that is low, now that it was looked at; None: it is low no more.

    What was known and still refused shows that the figure cannot be relied on (fees, limits), and a gateway that
    tells no figure can only be tried: then the smallest payout goes first, and the others once it was not refused.
    """
    nothing = Money.zero(account.currency)
    if not queue.count:
        return None
    if held is not None and not held.covers(queue.smallest):
        return nothing
    was_refused_since = account.looked_at is not None and account.refused_at > account.looked_at
    was_tried = account.looked_at is not None and account.left_over == nothing
    if was_refused_since or (held is None and not was_tried):
        return queue.smallest
    return None if held is None or held.covers(queue.total) else held
