"""From what happened to who is told: notices, written where the events are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bursar import holders, payouts, programs
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.outbound.notices import recipients, store
from bursar.outbound.notices.model import (
    OF_INTEREST,
    Address,
    Channel,
    DestinationChanged,
    DestinationDenied,
    Item,
    Kind,
    News,
    StaffNews,
    destination_item,
    payout_item,
    review_item,
    staff_item,
    told_of,
)

READER: Final = "notices"
READ_MAX: Final = 5_000  # Events at once; more would only lengthen the transaction.
OVERDUE_MAX: Final = 500
FORMER_DAYS: Final = 30  # A thief who changes the e-mail before the account must wait so long to go unnoticed.
DENIED_DAYS: Final = 7  # However long no worker ran, within reason.
STAFF_WAIT_SECONDS: Final = 10.0  # So that a burst of requests becomes one e-mail, not one each.

_WAIT: Final[Mapping[Kind, float]] = {
    Kind.PAYOUT_FLAGGED: STAFF_WAIT_SECONDS,
    Kind.REVIEW_OVERDUE: STAFF_WAIT_SECONDS,
    Kind.ALERT_OPENED: STAFF_WAIT_SECONDS,
    Kind.ALERT_RESOLVED: STAFF_WAIT_SECONDS,
}

_Versions = Mapping[tuple[str, int], programs.Terms]


async def fan_out(tx: Transaction, *, book: programs.Book, at: datetime) -> tuple[int, int]:
    """Read the next moves of payouts and write the notices about them; how many were read, and how many were written.

    Each move is read once: reading on and writing commit together. Ring ``BELL`` after a commit with notices.
    """
    moves, read = await payouts.feed(tx, reader=READER, limit=READ_MAX, states=OF_INTEREST)
    return read, await tell(tx, moves, book=book, at=at)


async def tell(tx: Transaction, moves: Sequence[payouts.Moved], *, book: programs.Book, at: datetime) -> int:
    """Write the notices about these moves: to holders as their payouts' terms say, and to staff what waits for them.

    How many are new; a move that was told before is not told again. The number of statements does not grow.
    """
    if not moves:
        return 0
    terms = await book.at_versions(tx, {_version(move) for move in moves})
    outcomes = [(move, kind) for move in moves if (kind := told_of(move, terms[_version(move)]))]
    reviews = {move.payout_id: move for move in moves if move.verb == "review"}
    involved = {*reviews, *(move.payout_id for move, _ in outcomes)}
    found = await payouts.get_many(tx, involved) if involved else {}
    waiting = [move for move in reviews.values() if found[move.payout_id].state is payouts.PayoutState.IN_REVIEW]
    await _watch(tx, moves, waiting, terms)
    known = await holders.find(tx, {payout.holder_id for payout in found.values()}) if found else {}
    flagged = [
        review_item(
            Kind.PAYOUT_FLAGGED,
            found[move.payout_id],
            known[move.holder_id],
            terms[_version(move)],
            seq=move.seq,
            since=move.at,
        )
        for move in waiting
    ]
    told = [
        payout_item(kind, move, found[move.payout_id], known[move.holder_id], terms[_version(move)])
        for move, kind in outcomes
    ]
    return await write(tx, [*flagged, *told], at=at)


async def announce(tx: Transaction, news: Sequence[News], *, book: programs.Book, at: datetime) -> int:
    """Tell holders about their destinations, in the transaction that changed them; how many notices are new.

    A change is also told to every address at which the holder was written to within ``FORMER_DAYS``, so that whoever
    changes the e-mail first does not go unnoticed. Workers find what is written here by themselves, within a second.
    """
    if not news:
        return 0
    known = await holders.find(tx, {one.destination.holder_id for one in news})
    terms = await book.judge(tx, {holder.program for holder in known.values()})
    changed = {one.destination.holder_id for one in news if isinstance(one, DestinationChanged)}
    before = await store.written_to(tx, changed, days=FORMER_DAYS) if changed else {}
    items = []
    for one in news:
        holder = known[one.destination.holder_id]
        former = frozenset(Address(Channel.EMAIL, text) for text in before.get(holder.id, ()))
        items.append(destination_item(one, holder, terms[holder.program], also_to=former))
    return await write(tx, items, at=at)


async def tell_overdue(tx: Transaction, *, book: programs.Book, at: datetime) -> int:
    """Tell staff of reviews that have waited longer than their terms allow, each once; how many notices are new."""
    overdue = await store.take_overdue(tx, limit=OVERDUE_MAX)
    found = await payouts.get_many(tx, overdue) if overdue else {}
    waiting = [payout for payout in found.values() if payout.state is payouts.PayoutState.IN_REVIEW]
    if not waiting:
        return 0
    terms = await book.at_versions(tx, {(payout.program, payout.terms_version) for payout in waiting})
    known = await holders.find(tx, {payout.holder_id for payout in waiting})
    items = [
        review_item(
            Kind.REVIEW_OVERDUE,
            payout,
            known[payout.holder_id],
            terms[payout.program, payout.terms_version],
            seq=overdue[payout.id],
            since=payout.updated_at,
        )
        for payout in waiting
    ]
    return await write(tx, items, at=at)


async def tell_denied(tx: Transaction, *, book: programs.Book, at: datetime) -> int:
    """Tell holders of accounts that a gateway does not know, each once; how many notices are new."""
    denied = {stored.id: stored for stored in await holders.not_payable(tx, since=at - timedelta(days=DENIED_DAYS))}
    told = await store.told(tx, Kind.DESTINATION_DENIED, denied.keys()) if denied else set()
    return await announce(tx, [DestinationDenied(denied[id_]) for id_ in denied.keys() - told], book=book, at=at)


async def tell_staff(tx: Transaction, news: Sequence[StaffNews], *, at: datetime) -> int:
    """Tell staff of what is about no holder, in the transaction that finds it; how many notices are new."""
    return await write(tx, [staff_item(one) for one in news], at=at)


async def write(tx: Transaction, items: Sequence[Item], *, at: datetime) -> int:
    """Write each item to everybody who is to be told of it; how many notices are new."""
    if not items:
        return 0
    everybody = await recipients.look_up(tx, items)
    rows = [(ids.new(at), item, address, why) for item in items for address, why in everybody.told(item)]
    return await store.insert(tx, rows, wait_seconds=_WAIT)


async def _watch(
    tx: Transaction, moves: Sequence[payouts.Moved], waiting: Sequence[payouts.Moved], terms: _Versions
) -> None:
    """Watch the reviews that have begun, and no longer those that somebody has decided."""
    decided = {move.payout_id for move in moves if move.from_state is payouts.PayoutState.IN_REVIEW}
    if decided:
        await store.unwatch(tx, decided)
    if waiting:
        hours = [terms[_version(move)].review.expires_after_hours for move in waiting]
        rows = [(m.payout_id, m.seq, m.at, until) for m, until in zip(waiting, hours, strict=True)]
        await store.watch(tx, rows)


def _version(move: payouts.Moved) -> tuple[str, int]:
    return move.program, move.terms_version
