"""What keeps payouts that may leave from their destinations: a cool-off, or an account that nobody has confirmed.

The name on an account may become known only after a payout to it was approved. Where it is not the holder's, that
approval does not count.
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
    one statement, or none where the terms do not ask, and a constant number more for those that are held.
    """
    if not (terms.destinations.validate or terms.destinations.cool_off_hours):
        return taken
    stored = await holders.at_indexes(tx, {_place(payout) for payout in taken.values()})
    waits = {
        payout.id: wait
        for payout in taken.values()
        if (wait := _wait(stored.get(_place(payout)), terms=terms, gateway=gateway, at=at)) is not None
    }
    if waits:
        await payouts.wait_until(tx, [(payout_id, *wait) for payout_id, wait in waits.items()])
    misnamed = {p.id: p for p in taken.values() if p.id not in waits and _is_news(p, stored.get(_place(p)), terms)}
    gone = await payouts.judge_news(tx, misnamed, terms=terms, book=book, at=at) if misnamed else set()
    return {payout_id: payout for payout_id, payout in taken.items() if payout_id not in {*waits, *gone}}


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


def _is_news(payout: payouts.Payout, destination: StoredDestination | None, terms: programs.Terms) -> bool:
    """Whether another name than the holder's was found on the account since the payout was approved."""
    least = terms.risk.name_score_min
    if destination is None or destination.checked_at is None or destination.name_score is None or least is None:
        return False
    is_approved = payout.state is payouts.PayoutState.APPROVED  # What has been sent before was approved for good.
    return is_approved and destination.name_score < least and destination.checked_at > payout.updated_at


def _place(payout: payouts.Payout) -> tuple[UUID, bytes]:
    return payout.holder_id, payout.destination_index
