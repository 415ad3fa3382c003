"""What Stripe has of our transfers in a span of time, for reconciliation: page after page, in a bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from bursar.foundation.money import Money
from bursar.gateways.model import CannotList, Outcome, Payment, Word
from bursar.gateways.stripe import wire
from bursar.gateways.stripe.api import Trouble
from bursar.gateways.stripe.wire import Form, Page, Transfer

CALLS_AT_ONCE: Final = 5  # Stripe allows a test account 25 calls a second.
TRIES_MAX: Final = 4
PAUSE_SECONDS: Final = 0.5  # Before the second try of a call; twice as long before each further one.

T = TypeVar("T")
U = TypeVar("U")

Fetch = Callable[[Form], Awaitable[Page[Transfer] | Trouble]]
Judge = Callable[[Transfer], Awaitable[Outcome | Trouble]]


async def transfers(
    fetch: Fetch, judge: Judge, *, gateway: str, since: datetime, until: datetime, pause: float = PAUSE_SECONDS
) -> AsyncIterator[Payment]:
    """Our transfers that were made in this span, newest first, each with what ``judge`` makes of it.

    Those that another gateway of ours made are left out. Those with nobody's mark are not: somebody made them. A call
    that fails is made again after ``pause`` seconds, and then after twice as long. Of two transfers that lead to one
    payout, the second is named for itself: it is a payment of its own.

    Raises:
        CannotList: a page, or what became of one of its transfers, was not told.
    """
    asked = {"created[gte]": str(wire.seconds(since)), "created[lt]": str(wire.seconds(until))}
    named: set[str] = set()
    while True:
        page = await _told(fetch, asked, pause=pause)
        listed = [one for one in page.data if one.metadata.get(wire.GATEWAY, gateway) == gateway]
        for start in range(0, len(listed), CALLS_AT_ONCE):
            some = listed[start : start + CALLS_AT_ONCE]
            for transfer, outcome in zip(
                some, await asyncio.gather(*(_told(judge, one, pause=pause) for one in some)), strict=True
            ):
                reference = outcome.reference or transfer.id
                yield _payment(transfer, outcome.word, reference=transfer.id if reference in named else reference)
                named.add(reference)
        if not page.has_more or not page.data:
            return
        asked["starting_after"] = page.data[-1].id


async def _told(ask: Callable[[U], Awaitable[T | Trouble]], about: U, *, pause: float) -> T:
    """The answer to something that moves no money, asked for a few times where it must be."""
    trouble = Trouble("never_asked")
    for tries in range(TRIES_MAX):
        if tries:
            await asyncio.sleep(max(trouble.retry_after or 0.0, pause * 2 ** (tries - 1)))
        answer = await ask(about)
        if not isinstance(answer, Trouble):
            return answer
        trouble = answer
    raise CannotList(cause=trouble.reason)


def _payment(transfer: Transfer, word: Word, *, reference: str) -> Payment:
    return Payment(
        reference=reference,
        key=transfer.metadata.get(wire.KEY),
        amount=Money(transfer.left or transfer.amount, transfer.currency.upper()),
        word=word,
        at=wire.at(transfer.created),
    )
