"""What an approved payout waits for: a face for people, derived when they look."""

from datetime import datetime

from bursar import dispatch, holders, programs, schedules
from bursar.api.providers.wire import WaitingView
from bursar.foundation.db import Transaction
from bursar.holders import AccountVerdict, StoredDestination
from bursar.payouts import Payout, PayoutState


async def waiting_for(tx: Transaction, payout: Payout, terms: programs.Terms) -> WaitingView | None:
    """What keeps an approved payout from leaving, and until when as far as that is known; None for any other.

    What lasts is named before what passes by itself: a stop by people, the bank account, an empty float, the next run.
    """
    if payout.state is not PayoutState.APPROVED:
        return None
    at = await tx.now()
    standing = await dispatch.standing(tx)
    place = (payout.holder_id, payout.destination_index)
    stored = (await holders.at_indexes(tx, [place])).get(place)
    if standing.stops(program=payout.program, gateway=terms.route.gateway, holder=payout.holder_id, run=payout.run_id):
        return WaitingView.for_("stopped", until=None)
    if stored is not None and (held := _held(stored, terms, at)):
        return held
    if payout.destination_group.startswith(standing.banks_down(terms.route.gateway)):
        return WaitingView.for_("bank_down", until=None)
    if (terms.route.gateway, payout.amount.currency) in standing.low:
        return WaitingView.for_("low_float", until=None)
    return _until_due(payout, terms, at)


def _held(stored: StoredDestination, terms: programs.Terms, at: datetime) -> WaitingView | None:
    """What the bank account has to wait for."""
    if stored.usable_at > at:
        return WaitingView.for_("cool_off", until=stored.usable_at)
    if terms.destinations.validate and stored.check is AccountVerdict.DENIED:
        return WaitingView.for_("account_denied", until=None)
    return None


def _until_due(payout: Payout, terms: programs.Terms, at: datetime) -> WaitingView | None:
    """The next run, or what dispatch has put it aside for."""
    if payout.waits_for_run:
        return WaitingView.for_("next_run", until=schedules.next_time(terms, after=at))
    if payout.due_at <= at:
        return None
    return WaitingView.for_(payout.reason if payout.reason == "account_unchecked" else "put_aside", until=None)
