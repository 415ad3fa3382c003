"""What happens to earnings: they are credited, and they follow their holders' money."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import holders, ledger
from bursar.earnings import store
from bursar.earnings.errors import NotCredited, SourceReferenceReused
from bursar.earnings.model import CLOCKS_DIFFER, Credited, NewEarning
from bursar.earnings.newborn import Newborn
from bursar.earnings.queue import Queue, needs, reservation_of
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind
from bursar.programs import Book, Credits, Terms

_SHOWN: Final = 40  # Characters of what somebody gave, in a refusal.

Place = tuple[UUID, str]
"""Holder and source reference: what is unique about an earning."""


async def credit(
    tx: Transaction, news: Sequence[NewEarning], *, book: Book, at: datetime, newborn: Newborn | None = None
) -> list[Credited | Refusal]:
    """Credit holders with what they have earned, and book the money in the same transaction.

    Each one is credited, found as it was credited before (same holder, reference and content), or refused on its own.
    Who asks for payouts in this transaction gives ``newborn``, which then keeps what is credited until it is written.
    Costs a constant number of statements.

    Raises:
        NoSuchProgram: one of them names a program that was never applied.
    """
    terms = await book.judge(tx, {new.program for new in news})
    whose = await _whose(tx, news)
    judged = [_judge(new, holder_id, terms[new.program], at=at) for new, holder_id in zip(news, whose, strict=True)]
    welcome = [wanted for wanted in judged if not isinstance(wanted, Refusal)]
    mine = newborn or Newborn()
    stored = await _store(tx, welcome, mine, at=at) if welcome else {}
    if newborn is None:
        await mine.write(tx)
    return [wanted if isinstance(wanted, Refusal) else _answer(*wanted, stored) for wanted in judged]


async def follow(
    tx: Transaction, movements: Sequence[Movement], *, at: datetime, newborn: Newborn | None = None
) -> None:
    """Let earnings follow movements that the ledger has just made, in their order, and in the same transaction.

    RESERVE takes from the holder's oldest earnings, POST pays these parts out, VOID and REVERSE put them back in
    their old places, REVERSE_TO_SUSPENSE sets them aside, RELEASE puts those back as well. Money on a balance that was
    not earned (a credit of another kind) simply has no earning. That the ledger made the movements is also what keeps
    others away: it holds the holders' balances until the transaction ends. What is ``newborn`` stands in the queue with
    what is stored, and is written now. Costs at most five statements, and none for no movements.
    """
    born = newborn.take() if newborn else {}
    begun, ends = (
        [m for m in movements if m.kind is TransferKind.RESERVE],
        [m for m in movements if m.kind is not TransferKind.RESERVE],
    )
    waiting = await store.oldest_available(tx, needs(begun)) if begun else []
    taken = await store.taken_by(tx, {reservation_of(m) for m in ends}) if ends else []
    # What a reservation took may stand in the queue as well; both are as they are stored, so either will do.
    standing = [*waiting, *(earning for earning, _ in taken), *born.values()]
    queue = Queue(standing, [payoff for _, payoff in taken], at=at)
    for movement in movements:
        queue.follow(movement)
    changed = {earning.id: earning for earning in queue.earnings}
    await store.insert(tx, [changed.pop(earning.id, earning) for earning in born.values()])
    await store.write(tx, list(changed.values()), queue.payoffs)


async def _whose(tx: Transaction, news: Sequence[NewEarning]) -> list[UUID | None]:
    """The holder of each, if there is one; one statement, and none where all are given by their ids."""
    names = {(new.program, new.holder) for new in news if isinstance(new.holder, str)}
    known = await holders.by_references(tx, names) if names else {}
    ids_of = {place: holder.id for place, holder in known.items()}
    return [new.holder if isinstance(new.holder, UUID) else ids_of.get((new.program, new.holder)) for new in news]


def _judge(
    new: NewEarning, holder_id: UUID | None, terms: Terms, *, at: datetime
) -> tuple[Place, NewEarning] | NotCredited:
    """Where this earning belongs, or the first rule that it breaks."""
    if terms.credits is not Credits.EARNINGS:
        return NotCredited(field="program", rule="one whose terms say `credits: earnings`", given=new.program)
    if holder_id is None:
        rule = f"the reference of a holder of the program {new.program}"
        return NotCredited(field="holder", rule=rule, given=str(new.holder)[:_SHOWN])
    if new.amount.currency != terms.currency:
        return NotCredited(field="currency", rule=f"{terms.currency} in this program", given=new.amount.currency)
    if new.amount.minor <= 0:
        return NotCredited(field="amount", rule="more than 0", given=new.amount.text)
    if new.earned_at is not None and new.earned_at > at + CLOCKS_DIFFER:
        return NotCredited(field="earned_at", rule="a time that has come", given=new.earned_at.isoformat())
    return (holder_id, new.reference), new


async def _store(
    tx: Transaction, wanted: Sequence[tuple[Place, NewEarning]], newborn: Newborn, *, at: datetime
) -> dict[Place, Credited]:
    """Credit what is new; what stands now under each of these references that is an earning."""
    first: dict[Place, NewEarning] = {}
    for place, new in wanted:
        first.setdefault(place, new)
    # The ledger says what is new: it holds the balances from here on, so a twin has either committed or waits.
    incoming = [_movement(TransferKind.CREDIT, place, new.amount, new.program) for place, new in first.items()]
    fees = [
        _movement(TransferKind.FEE, place, new.fee, new.program)
        for place, new in first.items()
        if new.fee is not None and new.fee.minor
    ]
    booked = await ledger.credit(tx, incoming, beside=fees, at=at, books=newborn.books)
    names = ids.series(at, len(first))  # In the order given, which is the queue's where the times are equal.
    made = {
        place: new.begin(name, place[0], at=at)
        for (place, new), name, transfer in zip(first.items(), names, booked, strict=True)
        if transfer is not None
    }
    newborn.add(made.values())
    taken = first.keys() - made.keys()
    before = await store.at_references(tx, taken) if taken else {}
    return {place: Credited(earning, is_new=place in made) for place, earning in {**before, **made}.items()}


def _movement(kind: TransferKind, place: Place, amount: Money, program: str) -> Movement:
    holder_id, reference = place
    return Movement(kind, holder_id, amount, program, reference=reference)


def _answer(place: Place, new: NewEarning, stored: dict[Place, Credited]) -> Credited | Refusal:
    """What became of one wish; the second of two equal ones in a batch finds the first."""
    found = stored.get(place)
    if found is None or not found.earning.is_what(new):
        return SourceReferenceReused(new.reference, earning_id=found.earning.id if found else None)
    stored[place] = replace(found, is_new=False)
    return found
