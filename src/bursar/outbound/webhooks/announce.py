"""From what happened to what is told: messages and deliveries, written where the events are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from bursar import payouts, programs
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.outbound.webhooks import store
from bursar.outbound.webhooks.model import Event, Patience, payout_updated, word_changes

READER: Final = "webhooks"
READ_MAX: Final = 5_000  # Events at once; more would only lengthen the transaction.


async def fan_out(
    tx: Transaction, *, tell: Mapping[payouts.PayoutState, str], book: programs.Book, at: datetime
) -> tuple[int, int]:
    """Read the next events and tell the holders; how many events were read, and how many messages were written.

    Each event is read once: reading on and writing commit together. Ring ``BELL`` after a commit with messages.
    """
    moves, read = await payouts.feed(tx, reader=READER, limit=READ_MAX, whose=partial(store.listening, tx))
    return read, await announce(tx, moves, tell=tell, book=book, at=at)


async def announce(
    tx: Transaction,
    moves: Sequence[payouts.Moved],
    *,
    tell: Mapping[payouts.PayoutState, str],
    book: programs.Book,
    at: datetime,
) -> int:
    """Write a message for each move that changes the word in ``tell``, and its deliveries; how many messages.

    Only for holders that have an endpoint. One that is disabled gets the message without a delivery, so that it can be
    replayed once it is enabled again. An event that was told before is not told again. Four statements at most.
    """
    news = [move for move in moves if word_changes(move, tell)]
    receivers = await store.receivers(tx, {move.holder_id for move in news}) if news else {}
    wanted = {
        holder: [endpoint for endpoint in endpoints if Event.PAYOUT_UPDATED in endpoint.events]
        for holder, endpoints in receivers.items()
    }
    news = [move for move in news if wanted.get(move.holder_id)]
    if not news:
        return 0
    terms = await book.at_versions(tx, {(move.program, move.terms_version) for move in news})
    patience = {version: Patience.under(agreed.webhooks) for version, agreed in terms.items()}
    messages = [
        payout_updated(
            ids.new(at), move, status=tell[move.to_state], patience=patience[move.program, move.terms_version]
        )
        for move in news
    ]
    written = await store.insert_messages(tx, messages)
    await store.insert_deliveries(
        tx,
        [
            (ids.new(at), endpoint.id, message.id, message.holder_id)
            for message in messages
            if message.id in written
            for endpoint in wanted[message.holder_id]
            if endpoint.disabled_at is None
        ],
    )
    return len(written)
