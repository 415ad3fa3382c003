"""What holders owe is kept back of what they ask for: a payout is made for the rest, or none where nothing is left.

A debt is netted once, from the first of a batch's asks that is more than the debt. Who asks is told by the refusal, or
by the payout's ``netted``; the money goes to the debt in the same transaction, before the rest is reserved.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from bursar import earnings, ledger, programs
from bursar.earnings import Purse, Recovery
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.ledger import Balance, InsufficientFunds, Movement, TransferKind
from bursar.payouts.errors import HolderOwes
from bursar.payouts.model import Ask, Payout


@dataclass(frozen=True, slots=True)
class Till:
    """How money is looked at and taken: in earnest, or only to say what would be.

    ``look`` gives what holders have, and ``take`` a refusal for each payout whose money is not there, or anything else.
    """

    look: Callable[[Transaction, Collection[Purse]], Awaitable[Sequence[Balance]]]
    take: Callable[[Transaction, Sequence[Payout]], Awaitable[Sequence[object]]]


def in_earnest(newborn: earnings.Newborn | None, *, at: datetime) -> Till:
    """Holds the balances that it looks at, recovers what is netted and reserves the rest."""
    return Till(partial(_hold, newborn=newborn), partial(_take, newborn=newborn, at=at))


def as_a_trial() -> Till:
    """Holds, recovers and reserves nothing."""
    return Till(_look, _foresee)


@dataclass(frozen=True, slots=True)
class Netted:
    """The asks of a batch, each for what is left of it or refused; and by place, what is kept back of which."""

    asks: Sequence[Ask | Refusal]
    kept: Mapping[int, Money]

    def spoilt(self, drafts: Sequence[Payout | Refusal], refused: Mapping[UUID, Refusal]) -> dict[UUID, HolderOwes]:
        """The other payouts of holders whose netted one is refused: their debts stand, so these are not made either."""
        debts: dict[Purse, Money] = {}
        for place, kept in self.kept.items():
            draft, ask = drafts[place], self.asks[place]
            assert isinstance(ask, Ask), "nothing is kept back of what is refused"
            if isinstance(draft, Refusal) or draft.id in refused:
                debts[ask.holder_id, kept.currency] = kept
        return {
            draft.id: HolderOwes(owed=debts[draft.holder_id, draft.amount.currency], asked=draft.amount)
            for draft in (drafts if debts else ())
            if isinstance(draft, Payout)
            and draft.id not in refused
            and (draft.holder_id, draft.amount.currency) in debts
        }


async def net(tx: Transaction, asks: Sequence[Ask], terms: Mapping[str, programs.Terms], *, till: Till) -> Netted:
    """What is left of each ask once its holder's debts are kept back; all of it in programs without earnings.

    No statement where no program has earnings, one where nobody owes anything, and two more where somebody does.
    """
    purses = {_purse(ask) for ask in asks if terms[ask.program].credits is programs.Credits.EARNINGS}
    owed = await earnings.owed(tx, purses) if purses else {}
    if not owed:
        return Netted(asks, {})
    # All of the batch's balances, in the ledger's order: two batches then never wait for each other.
    held = await till.look(tx, {_purse(ask) for ask in asks})
    available = {(balance.holder_id, balance.currency): balance.available for balance in held}
    owed = await earnings.owed(tx, owed)  # Once more: from here on nobody else changes it.
    rest: list[Ask | Refusal] = []
    kept: dict[int, Money] = {}
    for place, ask in enumerate(asks):
        debt = owed.get(_purse(ask))
        if debt is None:
            rest.append(ask)
            continue
        left = _left(ask, debt, Money(available.get(_purse(ask), 0), debt.currency))
        rest.append(left)
        if isinstance(left, Ask):
            kept[place] = owed.pop(_purse(ask))
    return Netted(rest, kept)


def _left(ask: Ask, debt: Money, available: Money) -> Ask | Refusal:
    """The ask for what its holder's debt leaves of it.

    Nothing of this batch has touched the balance so far, or else the debt would be settled.
    """
    if debt.covers(ask.amount):
        return HolderOwes(owed=debt, asked=ask.amount)
    if not available.covers(ask.amount):
        return InsufficientFunds(available=available, needed=ask.amount)
    return msgspec.structs.replace(ask, amount=ask.amount - debt)


def reservation(payout: Payout) -> Movement:
    """What sets a new payout's money aside."""
    return _movement(TransferKind.RESERVE, payout, payout.amount, reservation=payout.reservation)


async def _hold(tx: Transaction, purses: Collection[Purse], *, newborn: earnings.Newborn | None) -> Sequence[Balance]:
    if newborn:
        await newborn.write(tx)  # It counts, and debts are recovered of it.
    return await ledger.hold(tx, purses)


async def _take(
    tx: Transaction, payouts: Sequence[Payout], *, newborn: earnings.Newborn | None, at: datetime
) -> Sequence[object]:
    recoveries = [
        Recovery(payout.holder_id, _netted(payout), payout_id=payout.id, actor=payout.requester)
        for payout in payouts
        if payout.netted
    ]
    if recoveries:
        settled = await earnings.recover(tx, recoveries, at=at)
        assert settled == [one.most for one in recoveries], "what is owed and what is there were held when we looked"
    books = newborn.books if newborn else None
    return await ledger.apply(tx, [reservation(payout) for payout in payouts], at=at, books=books)


async def _look(tx: Transaction, purses: Collection[Purse]) -> Sequence[Balance]:
    return await ledger.balances(tx, {holder_id for holder_id, _ in purses})


async def _foresee(tx: Transaction, payouts: Sequence[Payout]) -> Sequence[object]:
    recoveries = [_movement(TransferKind.RECOVER, payout, _netted(payout)) for payout in payouts if payout.netted]
    foreseen = await ledger.foresee(tx, [*recoveries, *(reservation(payout) for payout in payouts)])
    return foreseen[len(recoveries) :]


def _movement(kind: TransferKind, payout: Payout, amount: Money, *, reservation: int | None = None) -> Movement:
    return Movement(
        kind=kind,
        holder_id=payout.holder_id,
        amount=amount,
        program=payout.program,
        payout_id=payout.id,
        reservation=reservation,
    )


def _netted(payout: Payout) -> Money:
    return Money(payout.netted, payout.amount.currency)


def _purse(ask: Ask) -> Purse:
    return ask.holder_id, ask.amount.currency
