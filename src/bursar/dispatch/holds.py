"""What keeps payouts that may leave from their destinations: a cool-off, an account that nobody has confirmed, or news.

The name on an account may become known only after a payout to it was approved, and the denied list may grow. An
approval that was given without knowing that does not count.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bursar import holders, payouts, programs
from bursar.foundation.db import Transaction
from bursar.gateways import Gateway
from bursar.holders import AccountVerdict, StoredDestination

UNCHECKED_SECONDS: Final = 60.0  # The check's answer makes the payout due sooner.
DENIED_SECONDS: Final = 3600.0  # A person has to look; no clock ends this.
UNCHECKED: Final = "account_unchecked"
"""Why payouts wait whose destination the gateway has not been asked about yet."""
CLOCKS_DIFFER: Final = timedelta(minutes=10)  # Those of several machines, and the length of a transaction.

Wait = tuple[str, datetime]
"""Why a payout waits, and until when."""

_Places = Mapping[tuple[UUID, bytes], StoredDestination]


async def clear(
    tx: Transaction,
    taken: Mapping[UUID, payouts.Payout],
    *,
    terms: programs.Terms,
    gateway: Gateway,
    book: programs.Book,
    at: datetime,
) -> Mapping[UUID, payouts.Payout]:
    """Those of these locked payouts that may go to their destinations; the others are made to wait, or to be reviewed.

    A destination that was removed since holds its payouts like any other: removing it is no way around its check. Costs
    two statements, or as many as the terms ask for, and a constant number more where one is held or there is news.
    """
    stored = await _stored(tx, taken, terms)
    waits = {
        payout.id: wait
        for payout in taken.values()
        if (wait := _wait(stored.get(_place(payout)), terms=terms, gateway=gateway, at=at)) is not None
    }
    if waits:
        await payouts.wait_until(tx, [(payout_id, *wait) for payout_id, wait in waits.items()])
    # What has been sent before was approved for good.
    approved = {p.id: p for p in taken.values() if p.id not in waits and p.state is payouts.PayoutState.APPROVED}
    suspected = await _suspected(tx, approved, stored, terms)
    gone = await payouts.judge_news(tx, suspected, terms=terms, book=book, at=at) if suspected else set()
    return {payout_id: payout for payout_id, payout in taken.items() if payout_id not in {*waits, *gone}}


async def _stored(tx: Transaction, taken: Mapping[UUID, payouts.Payout], terms: programs.Terms) -> _Places:
    if not terms.destinations.only_stored:
        return {}
    return await holders.at_indexes(tx, {_place(payout) for payout in taken.values()})


def _wait(
    destination: StoredDestination | None, *, terms: programs.Terms, gateway: Gateway, at: datetime
) -> Wait | None:
    """A gateway that cannot say whose an account is is not waited for."""
    if destination is None:
        return None
    if destination.usable_at > at:
        return "cool_off", destination.usable_at
    if terms.destinations.validate and gateway.capabilities.resolve:
        match destination.check:
            case AccountVerdict.UNCHECKED:
                return UNCHECKED, at + timedelta(seconds=UNCHECKED_SECONDS)
            case AccountVerdict.DENIED:
                return "account_denied", at + timedelta(seconds=DENIED_SECONDS)
    return None


async def _suspected(
    tx: Transaction, approved: Mapping[UUID, payouts.Payout], stored: _Places, terms: programs.Terms
) -> Mapping[UUID, payouts.Payout]:
    """Those about which there may be news: all of them when the denied list has grown since the first was approved."""
    if approved and terms.risk.denied:
        first = min(payout.updated_at for payout in approved.values())
        if await holders.denied_since(tx, first - CLOCKS_DIFFER):
            return approved
    return {id_: payout for id_, payout in approved.items() if _is_misnamed(stored.get(_place(payout)), terms)}


def _is_misnamed(destination: StoredDestination | None, terms: programs.Terms) -> bool:
    """Whether the gateway found another name than the holder's on the account."""
    least = terms.risk.name_score_min
    score = destination.name_score if destination is not None else None
    return least is not None and score is not None and score < least


def _place(payout: payouts.Payout) -> tuple[UUID, bytes]:
    return payout.holder_id, payout.destination_index
