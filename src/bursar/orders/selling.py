"""What a completed order credits: the price to the seller, the fee to the platform, a bounty to the seller's scout."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from bursar import earnings
from bursar.earnings import Credited, Newborn, NewEarning, TakeBack
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Payee
from bursar.orders import store
from bursar.orders.errors import EarnedBefore
from bursar.orders.model import Order, OrderState, Recruit, Step, bounty_of
from bursar.programs import Book, Terms


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that is being completed, with all that decides about its money."""

    order: Order
    step: Step
    terms: Terms
    seller: Payee


async def sell(
    tx: Transaction, sales: Sequence[Sale], *, book: Book, at: datetime, newborn: Newborn
) -> list[Order | Refusal]:
    """Credit what these sales are worth: each the order as completed, or why it cannot be credited.

    It cannot where somebody has used its earning's reference by hand. Such an order brings no fee, and its bounty is
    taken back at once. A bounty whose own reference was used by hand is left out; its order counts all the same.
    """
    recruits = await _recruits(tx, sales)
    bounties = _bounties(sales, recruits)
    news = [*map(_earning, sales), *(one.earning() for one in bounties)]
    answers = [_as_new(answer) for answer in await earnings.credit(tx, news, book=book, at=at, newborn=newborn)]
    credited = dict(zip((sale.order.id for sale in sales), answers, strict=False))  # The bounties' answers come after.
    paid = [one for one, answer in zip(bounties, answers[len(sales) :], strict=True) if isinstance(answer, Credited)]
    earned = {one.sale.order.id: one for one in paid if isinstance(credited[one.sale.order.id], Credited)}
    lost = [one for one in paid if one.sale.order.id not in earned]
    if lost:
        await newborn.write(tx)
        await earnings.take_back(tx, [one.take_back() for one in lost], at=at)
    if earned:
        await store.count_bounties(tx, Counter(one.recruit.seller_id for one in earned.values()))
    return [
        answer if isinstance(answer, Refusal) else _completed(sale, earned.get(sale.order.id), at=at)
        for sale, answer in zip(sales, credited.values(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Bounty:
    """What a sale brings the scout who recruited its seller."""

    sale: Sale
    recruit: Recruit
    amount: Money

    def earning(self) -> NewEarning:
        """What the scout has earned."""
        order = self.sale.order
        return NewEarning(
            program=order.program,
            holder=self.recruit.scout_id,
            reference=order.bounty_source,
            amount=self.amount,
            credited_by=self.sale.step.actor,
            description=order.item,
        )

    def take_back(self) -> TakeBack:
        """The wish to have it back."""
        order = self.sale.order
        return TakeBack(
            self.recruit.scout_id, order.program, order.bounty_source, self.amount, reference=order.refund_reference
        )


async def _recruits(tx: Transaction, sales: Sequence[Sale]) -> Mapping[UUID, Recruit]:
    """By seller: who recruited them, where the terms have bounties."""
    sellers = {
        sale.order.seller_id for sale in sales if bounty_of(sale.order.price, sale.terms.orders, bounties=0).minor
    }
    return await store.recruits(tx, sellers, lock=True) if sellers else {}


def _bounties(sales: Sequence[Sale], recruits: Mapping[UUID, Recruit]) -> list[_Bounty]:
    """Which of these sales bring a bounty, in their order, and how much."""
    counted = Counter({seller_id: recruit.bounties for seller_id, recruit in recruits.items()})
    due = []
    for sale in sales:
        recruit = recruits.get(sale.order.seller_id)
        if recruit is not None:
            amount = bounty_of(sale.order.price, sale.terms.orders, bounties=counted[recruit.seller_id])
            if amount.minor:
                due.append(_Bounty(sale, recruit, amount))
                counted[recruit.seller_id] += 1
    return due


def _earning(sale: Sale) -> NewEarning:
    order = sale.order
    return NewEarning(
        program=order.program,
        holder=order.seller_id,
        reference=order.source,
        amount=order.price,
        credited_by=sale.step.actor,
        description=order.item,
        fee=order.fee if order.fee.minor else None,
    )


def _as_new(answer: Credited | Refusal) -> Credited | Refusal:
    """An order that is locked and open has credited nothing yet: an earning of its name is somebody else's doing."""
    return answer if isinstance(answer, Refusal) or answer.is_new else EarnedBefore(earning_id=answer.earning.id)


def _completed(sale: Sale, bounty: _Bounty | None, *, at: datetime) -> Order:
    return replace(
        sale.order,
        state=OrderState.COMPLETED,
        completed_at=at,
        completed_by=sale.step.actor,
        scout_id=bounty.recruit.scout_id if bounty else None,
        bounty=bounty.amount if bounty else sale.order.bounty,
    )
