"""Asking for the payouts of completed orders: to each seller's default destination, as far as nothing is owed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from bursar import earnings, holders, payouts
from bursar.earnings import Newborn, Recovery
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.holders import SELLER, AccountVerdict, Destination, Wish
from bursar.orders.model import Order, PutOff
from bursar.orders.selling import Sale
from bursar.payouts import Ask, Desk, HolderOwes, Payout


class _Not(StrEnum):
    """Why no payout is asked for, beside what was said of the seller (``holders.Wish``) and what payouts refuse."""

    OWN_SCHEDULE = "own_schedule"
    NO_DESTINATION = "no_destination"
    ACCOUNT_DENIED = "account_denied"
    UNREADABLE = "destination_unreadable"


_SENTENCES: Final[Mapping[str, str]] = {
    _Not.OWN_SCHEDULE: "The seller is paid by a schedule of their own.",
    _Not.NO_DESTINATION: "The seller has not said where to be paid.",
    _Not.ACCOUNT_DENIED: "The gateway has said that there is no such account as the seller's.",
    _Not.UNREADABLE: "The seller's destination does not open: it was altered, or its key is gone.",
    Wish.HELD: "Staff hold the seller's payouts.",
    Wish.PAUSED: "The seller wants nothing for now.",
    Wish.OWN_MINIMUM: "The seller wants to be paid once it is more.",
}

_Wanted = tuple[Sale, Order, Destination]
"""An order that is to be paid, and where to."""

Paid = tuple[Order, Payout | None]
"""An order as it stands now, and the payout that was asked for."""


async def pay(
    tx: Transaction, sold: Sequence[tuple[Sale, Order]], *, desk: Desk, at: datetime, newborn: Newborn
) -> list[Paid]:
    """Ask for a payout of each price that was just credited, as ``newborn`` has it; an order without one says why.

    Payouts net what their holders owe. A seller who owes at least the whole price gets none for it: the price goes to
    the debt, and what is left of it, where others of the batch have settled the rest meanwhile, is asked for again.
    """
    places = await _places(tx, [sale for sale, _ in sold], desk=desk)
    paid: dict[UUID, Paid] = {}
    wanted: list[_Wanted] = []
    for sale, order in sold:
        place = _said(sale, at=at) or places[order.seller_id]
        if isinstance(place, Destination):
            wanted.append((sale, order, place))
        else:
            paid[order.id] = (replace(order, put_off=PutOff(place, _SENTENCES[place])), None)
    owing = await _ask(tx, wanted, paid, desk=desk, at=at, newborn=newborn)
    await newborn.write(tx)  # What no payout has taken, and debts may.
    if owing:
        rest = await _recover(tx, owing, paid, at=at)
        still_owing = await _ask(tx, rest, paid, desk=desk, at=at, newborn=newborn)
        assert not still_owing, "where something is left, nothing is owed any more"
    return [paid[order.id] for _, order in sold]


async def _places(tx: Transaction, sales: Sequence[Sale], *, desk: Desk) -> Mapping[UUID, Destination | str]:
    """Where each seller wants to be paid, or why nothing can be paid there."""
    places: dict[UUID, Destination | str] = {}
    stored = {}
    for sale in sales:
        found = sale.seller.destination
        if found is None:
            places[sale.seller.id] = _Not.NO_DESTINATION
        elif sale.terms.destinations.validate and found.check is AccountVerdict.DENIED:
            places[sale.seller.id] = _Not.ACCOUNT_DENIED
        else:
            stored[sale.seller.id] = found
    opened = await holders.open_destinations(tx, list(stored.values()), keyring=desk.keyring)
    return places | {seller_id: whole or _Not.UNREADABLE for seller_id, whole in zip(stored, opened, strict=True)}


def _said(sale: Sale, *, at: datetime) -> str | None:
    """What the seller or staff have said against a payout for each order; None: nothing."""
    said = sale.seller.preferences
    if said is None:
        return None
    if said.schedule is not None and sale.terms.runs.own_schedules:
        return _Not.OWN_SCHEDULE
    return said.against(sale.order.price, at=at)


async def _ask(
    tx: Transaction,
    wanted: Sequence[_Wanted],
    paid: dict[UUID, Paid],
    *,
    desk: Desk,
    at: datetime,
    newborn: Newborn,
) -> list[_Wanted]:
    """Ask for these payouts and note in ``paid`` what came of it; the ones whose sellers owe as much are given back."""
    asks = [_asked(sale, order, destination) for sale, order, destination in wanted]
    answers = await payouts.request(tx, asks, desk=desk, at=at, newborn=newborn) if asks else []
    owing = []
    for each, answer in zip(wanted, answers, strict=True):
        _, order, _ = each
        match answer:
            case Payout():
                paid[order.id] = (replace(order, payout_id=answer.id, put_off=None), answer)
            case HolderOwes():
                owing.append(each)
            case Refusal():
                paid[order.id] = (replace(order, put_off=PutOff(answer.code, answer.message)), None)
    return owing


def _asked(sale: Sale, order: Order, destination: Destination) -> Ask:
    return Ask(
        holder_id=order.seller_id,
        program=order.program,
        reference=order.reference,
        amount=order.price - order.recovered,
        destination=destination,
        requester=sale.step.actor,
        requester_person=sale.step.person,
        correlation_id=sale.step.correlation_id,
        is_stored=True,
        kind=payouts.kind_for(SELLER),
        order_id=order.id,
    )


async def _recover(tx: Transaction, owing: Sequence[_Wanted], paid: dict[UUID, Paid], *, at: datetime) -> list[_Wanted]:
    """Give these prices to their sellers' debts, in order; the orders of which something is left to pay."""
    wishes = [Recovery(order.seller_id, order.price) for _, order, _ in owing]
    taken = await earnings.recover(tx, wishes, at=at)
    rest = []
    for (sale, order, destination), part in zip(owing, taken, strict=True):
        settled = replace(order, recovered=part)
        if part == order.price:
            paid[order.id] = (settled, None)
        else:
            rest.append((sale, settled, destination))
    return rest
