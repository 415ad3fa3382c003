"""What holders do with their endpoints: add, change, rotate, test, look, replay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids, texts
from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.outbound.webhooks import signatures, store
from bursar.outbound.webhooks.errors import (
    EndpointDisabled,
    NoSuchDelivery,
    NoSuchEndpoint,
    StillWaiting,
    TooManyEndpoints,
    TooMuchToReplay,
)
from bursar.outbound.webhooks.model import (
    DESCRIPTION_LENGTH_MAX,
    ENDPOINTS_MAX,
    SUBSCRIBABLE,
    Backlog,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointChange,
    EndpointWish,
    Patience,
    Try,
    hello,
)
from bursar.programs import Webhooks as Terms

OLD_SECRET_HOURS: Final = 24  # Time enough to put the new one into place everywhere.
PAGE_MAX: Final = 200
RESEAL_AT_ONCE: Final = 500
REPLAY_MAX: Final = 20_000  # Messages at once: about a second of one transaction.


async def add_endpoint(tx: Transaction, wish: EndpointWish, *, keyring: Keyring, at: datetime) -> tuple[Endpoint, str]:
    """Add an endpoint; also its secret, which is shown this once and never again.

    Raises:
        TooManyEndpoints: the holder has ``ENDPOINTS_MAX``.
        Invalid: a description that is not one line, or an event that nobody can subscribe to.
    """
    _insist(wish.description, wish.events)
    if await store.count_endpoints(tx, wish.holder_id) >= ENDPOINTS_MAX:
        raise TooManyEndpoints(limit=ENDPOINTS_MAX)
    endpoint_id, secret = ids.new(at), signatures.new_secret()
    present, _ = signatures.places(endpoint_id)
    added = await store.insert_endpoint(tx, endpoint_id, wish, secret=keyring.seal(secret, present))
    return added, signatures.shown(secret)


async def endpoints(tx: Transaction, *, holder_id: UUID) -> list[Endpoint]:
    """A holder's endpoints, oldest first."""
    return await store.endpoints(tx, holder_id)


async def endpoint(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID) -> Endpoint:
    """One endpoint of a holder.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's; the caller cannot tell which.
    """
    return await _endpoint(tx, endpoint_id, holder_id)


async def change_endpoint(tx: Transaction, endpoint_id: UUID, change: EndpointChange, *, holder_id: UUID) -> Endpoint:
    """Change address, description or events; disable, or enable again. Disabling ends what waits for it.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
        Invalid: a description that is not one line, or an event that nobody can subscribe to.
    """
    _insist(change.description or "", change.events)
    changed = await store.change_endpoint(tx, endpoint_id, change, holder_id=holder_id)
    if changed is None:
        raise NoSuchEndpoint(endpoint=str(endpoint_id))
    if change.enabled is False:
        await store.give_up(tx, [endpoint_id], error="endpoint_disabled")
    return changed


async def remove_endpoint(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID) -> None:
    """Remove an endpoint: nothing is sent to it any more and nobody sees it; what was sent stays on record.

    Raises:
        NoSuchEndpoint: not there, removed before, or another holder's.
    """
    if not await store.remove_endpoint(tx, endpoint_id, holder_id=holder_id):
        raise NoSuchEndpoint(endpoint=str(endpoint_id))
    await store.give_up(tx, [endpoint_id], error="endpoint_removed")


async def rotate_secret(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID, keyring: Keyring) -> str:
    """Give an endpoint a new secret, which is shown this once; the old one signs as well for ``OLD_SECRET_HOURS``.

    A second rotation within that time retires the one before.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
    """
    sealed = await store.lock_secret(tx, endpoint_id, holder_id=holder_id)
    if sealed is None:
        raise NoSuchEndpoint(endpoint=str(endpoint_id))
    present, former = signatures.places(endpoint_id)
    old = keyring.seal(keyring.open(sealed, present), former)
    secret = signatures.new_secret()
    await store.rotate_secret(tx, endpoint_id, secret=keyring.seal(secret, present), old=old, hours=OLD_SECRET_HOURS)
    return signatures.shown(secret)


async def send_test(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID, terms: Terms, at: datetime) -> Delivery:
    """Send ``webhook.test`` to one endpoint, on the way that all messages take.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
        EndpointDisabled: nothing is sent to it.
    """
    receiver = await _enabled(tx, endpoint_id, holder_id)
    message = hello(ids.new(at), receiver, patience=Patience.under(terms), at=at)
    await store.insert_messages(tx, [message])
    return await _send(tx, receiver, message.id, at)


async def deliveries(
    tx: Transaction,
    endpoint_id: UUID,
    *,
    holder_id: UUID,
    state: DeliveryState | None = None,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Delivery]:
    """An endpoint's deliveries, newest first, at most ``PAGE_MAX``; continue with ``before`` set to the last one's id.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
    """
    await _endpoint(tx, endpoint_id, holder_id)
    return await store.deliveries(
        tx, endpoint_id, holder_id=holder_id, state=state, before=before, limit=min(limit, PAGE_MAX)
    )


async def delivery(
    tx: Transaction, delivery_id: UUID, *, endpoint_id: UUID, holder_id: UUID
) -> tuple[Delivery, Sequence[Try]]:
    """One delivery with its tries.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
        NoSuchDelivery: not there, or not of this endpoint.
    """
    await _endpoint(tx, endpoint_id, holder_id)
    return await _delivery(tx, delivery_id, endpoint_id, holder_id), await store.tries(tx, delivery_id)


async def deliveries_about(tx: Transaction, payout_id: UUID, *, since: datetime) -> list[Delivery]:
    """What the holder was told of one payout, oldest first. ``since`` is when the payout was made: none is older."""
    return await store.deliveries_about(tx, payout_id, first=ids.first(since))


async def replay(tx: Transaction, delivery_id: UUID, *, endpoint_id: UUID, holder_id: UUID, at: datetime) -> Delivery:
    """Send a message again, the same bytes under the same ``webhook-id``, in a delivery of its own.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
        NoSuchDelivery: not there, or not of this endpoint.
        EndpointDisabled: nothing is sent to it.
        StillWaiting: the delivery is not over.
    """
    receiver = await _enabled(tx, endpoint_id, holder_id)
    former = await _delivery(tx, delivery_id, endpoint_id, holder_id)
    if former.state is DeliveryState.WAITING:
        raise StillWaiting(delivery=str(delivery_id))
    return await _send(tx, receiver, former.message_id, at)


async def replay_since(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID, since: datetime, at: datetime) -> int:
    """Send again every message since a moment that the endpoint wants and that is not waiting for it; how many.

    Messages that were written while it was disabled, or before it existed, are among them.

    Raises:
        NoSuchEndpoint: not there, removed, or another holder's.
        EndpointDisabled: nothing is sent to it.
        TooMuchToReplay: more than ``REPLAY_MAX``; none is sent.
    """
    receiver = await _enabled(tx, endpoint_id, holder_id)
    found = await store.messages_since(tx, receiver, since=since, limit=REPLAY_MAX + 1)
    if len(found) > REPLAY_MAX:
        raise TooMuchToReplay(field="since", rule=f"a moment with at most {REPLAY_MAX} messages after it")
    await store.insert_deliveries(tx, [(ids.new(at), endpoint_id, message_id, holder_id) for message_id in found])
    return len(found)


async def reseal(tx: Transaction, *, keyring: Keyring, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Seal the next secrets that hang on an old key again; how many endpoints, and where to go on (None: done).

    Resumable: a run that dies has lost nothing, and one from the start passes over what is done.

    Raises:
        CannotOpen: the key that one of them was sealed with is not on the ring; the transaction is lost.
    """

    def again(envelope: bytes | None, place: Place) -> bytes | None:
        return None if envelope is None else keyring.seal(keyring.open(envelope, place), place)

    found = await store.sealed_with_other_key(tx, keyring.active_id, after=after, limit=RESEAL_AT_ONCE)
    rows = []
    for endpoint_id, secret, old in found:
        present, former = signatures.places(endpoint_id)
        rows.append((endpoint_id, again(secret, present), again(old, former)))
    if rows:
        await store.replace_secrets(tx, rows)
    return len(rows), rows[-1][0] if rows else None


async def backlog(tx: Transaction) -> Backlog:
    """How the deliveries of all holders stand, for metrics and alarms."""
    return await store.backlog(tx)


async def _endpoint(tx: Transaction, endpoint_id: UUID, holder_id: UUID, *, hold: bool = False) -> Endpoint:
    found = await store.endpoints(tx, holder_id, endpoint_id=endpoint_id, hold=hold)
    if not found:
        raise NoSuchEndpoint(endpoint=str(endpoint_id))
    return found[0]


async def _enabled(tx: Transaction, endpoint_id: UUID, holder_id: UUID) -> Endpoint:
    """An endpoint that may be sent something; held, so that it is not disabled before that is written."""
    found = await _endpoint(tx, endpoint_id, holder_id, hold=True)
    if found.disabled_at is not None:
        raise EndpointDisabled(endpoint=str(endpoint_id))
    return found


async def _delivery(tx: Transaction, delivery_id: UUID, endpoint_id: UUID, holder_id: UUID) -> Delivery:
    found = await store.delivery(tx, delivery_id, endpoint_id=endpoint_id, holder_id=holder_id)
    if found is None:
        raise NoSuchDelivery(delivery=str(delivery_id))
    return found


async def _send(tx: Transaction, receiver: Endpoint, message_id: UUID, at: datetime) -> Delivery:
    delivery_id = ids.new(at)
    await store.insert_deliveries(tx, [(delivery_id, receiver.id, message_id, receiver.holder_id)])
    return await _delivery(tx, delivery_id, receiver.id, receiver.holder_id)


def _insist(description: str, events: Sequence[str] | None) -> None:
    if description:
        texts.insist_line(description, field="description", most=DESCRIPTION_LENGTH_MAX)
    if events is not None and (not events or not set(events) <= set(SUBSCRIBABLE)):
        raise Invalid(field="events", rule=f"some of {', '.join(SUBSCRIBABLE)}")
