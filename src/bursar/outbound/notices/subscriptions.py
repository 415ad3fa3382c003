"""Browsers that want to be told: what the people who act for a holder do with their own."""

from datetime import datetime
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.outbound.notices import store
from bursar.outbound.notices.errors import NoSuchSubscription, TooManySubscriptions
from bursar.outbound.notices.model import SUBSCRIPTIONS_MAX, NewSubscription, Subscription


async def subscribe(tx: Transaction, new: NewSubscription, *, at: datetime) -> Subscription:
    """Tell a browser from now on; one that its person subscribed before gets its new keys.

    A browser tells one person of one holder: whoever had subscribed it before is told there no longer.

    Raises:
        TooManySubscriptions: the person has ``SUBSCRIPTIONS_MAX``.
    """
    known = await store.count_subscriptions(tx, new.person_id)
    if renewed := await store.renew(tx, new):
        return renewed
    if known >= SUBSCRIPTIONS_MAX:
        raise TooManySubscriptions(limit=SUBSCRIPTIONS_MAX)
    return await store.insert_subscription(tx, ids.new(at), new)


async def subscriptions(tx: Transaction, *, holder_id: UUID, person_id: UUID) -> list[Subscription]:
    """Somebody's browsers that are told about a holder, oldest first."""
    return await store.subscriptions(tx, [holder_id], person_id=person_id)


async def unsubscribe(tx: Transaction, subscription_id: UUID, *, holder_id: UUID, person_id: UUID) -> None:
    """Tell a browser no longer.

    Raises:
        NoSuchSubscription: not there, ended before, or somebody else's; the caller cannot tell which.
    """
    if not await store.remove_subscription(tx, subscription_id, holder_id=holder_id, person_id=person_id):
        raise NoSuchSubscription(subscription=str(subscription_id))
