"""Creating orders: agreed, and no money has moved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar import holders
from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import SELLER, Holder
from bursar.orders import store
from bursar.orders.errors import NotOrdered, OrderReferenceReused
from bursar.orders.model import Created, NewOrder, Order, OrderState, fee_of
from bursar.orders.store import Place
from bursar.programs import Book, Credits, Terms

_SHOWN: Final = 40  # Characters of what somebody gave, in a refusal.


async def create(tx: Transaction, news: Sequence[NewOrder], *, book: Book, at: datetime) -> list[Created | Refusal]:
    """Create orders: each is new, found as it was created before (same place and content), or refused on its own.

    A fee that is not given is what the terms say today. Costs a constant number of statements.

    Raises:
        NoSuchProgram: one of them names a program that was never applied.
    """
    terms = await book.judge(tx, {new.program for new in news})
    sellers = await holders.by_references(tx, {(new.program, new.seller) for new in news})
    judged = [_judge(new, sellers.get((new.program, new.seller)), terms[new.program]) for new in news]
    welcome = [(new, one) for new, one in zip(news, judged, strict=True) if isinstance(one, Holder)]
    stored = await _store(tx, welcome, terms, at=at) if welcome else {}
    return [
        one if isinstance(one, Refusal) else _answer(new, one, stored) for new, one in zip(news, judged, strict=True)
    ]


def _judge(new: NewOrder, seller: Holder | None, terms: Terms) -> Holder | NotOrdered:
    """The seller, or the first rule that the order breaks."""
    if terms.credits is not Credits.EARNINGS:
        return NotOrdered(field="program", rule="one whose terms say `credits: earnings`", given=new.program)
    if seller is None or seller.kind != SELLER:
        rule = f"the reference of a {SELLER} of the program {new.program}"
        return NotOrdered(field="seller", rule=rule, given=new.seller[:_SHOWN])
    for field, amount in (("price", new.price), ("fee", new.fee)):
        if amount is not None and amount.currency != terms.currency:
            return NotOrdered(field="currency", rule=f"{terms.currency} in this program", given=amount.currency)
        if amount is not None and amount.minor < (field == "price"):
            rule = "more than 0" if field == "price" else "0 or more"
            return NotOrdered(field=field, rule=rule, given=amount.text)
    return seller


async def _store(
    tx: Transaction, welcome: Sequence[tuple[NewOrder, Holder]], terms: Mapping[str, Terms], *, at: datetime
) -> dict[Place, Created]:
    """Write what is new; what stands now at each of these places."""
    first: dict[Place, tuple[NewOrder, Holder]] = {}
    for new, seller in welcome:
        first.setdefault((new.program, new.reference), (new, seller))
    names = ids.series(at, len(first))  # In the order given, which is the one that lists show.
    begun = {
        place: _begin(new, seller, name, terms[new.program], at=at)
        for (place, (new, seller)), name in zip(first.items(), names, strict=True)
    }
    written = await store.insert(tx, list(begun.values()))
    made = {place: Created(order, is_new=True) for place, order in begun.items() if order.id in written}
    await journal.note_many(tx, "order.created", [_note(created.order) for created in made.values()])
    taken = begun.keys() - made.keys()
    before = await store.at_places(tx, taken) if taken else {}
    return {place: Created(order, is_new=False) for place, order in before.items()} | made


def _begin(new: NewOrder, seller: Holder, order_id: UUID, terms: Terms, *, at: datetime) -> Order:
    nothing = Money.zero(new.price.currency)
    return Order(
        id=order_id,
        program=new.program,
        reference=new.reference,
        seller_id=seller.id,
        buyer=new.buyer,
        item=new.item,
        price=new.price,
        fee=fee_of(new.price, terms.orders) if new.fee is None else new.fee,
        created_by=new.created_by,
        created_at=at,
        state=OrderState.OPEN,
        completed_at=None,
        completed_by=None,
        ended_at=None,
        reason=None,
        scout_id=None,
        bounty=nothing,
        payout_id=None,
        recovered=nothing,
        put_off=None,
        taken_back=nothing,
        owed=nothing,
    )


def _note(order: Order) -> tuple[str, str, dict[str, Any]]:
    return order.created_by, f"order:{order.id}", {"price": str(order.price), "fee": str(order.fee)}


def _answer(new: NewOrder, seller: Holder, stored: dict[Place, Created]) -> Created | Refusal:
    """What became of one wish; the second of two equal ones in a batch finds the first."""
    place = (new.program, new.reference)
    found = stored[place]
    if not found.order.is_what(new, seller_id=seller.id):
        return OrderReferenceReused(new.reference, order_id=found.order.id)
    stored[place] = replace(found, is_new=False)
    return found
