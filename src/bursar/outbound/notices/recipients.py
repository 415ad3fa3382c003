"""Who is told: a holder's own address and everybody who acts for the holder, or those of our staff who may decide."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bursar import holders, identity
from bursar.foundation.db import Transaction
from bursar.outbound.notices import store
from bursar.outbound.notices.model import NOBODY, TO_STAFF, Address, Channel, Item, Kind, Subscription


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everybody who may have to be told of some items, looked up at once."""

    of_holders: Mapping[UUID, Sequence[Address]]
    staff: Mapping[Kind, Sequence[Address]]
    refused: frozenset[tuple[UUID, Kind, Channel]]

    def told(self, item: Item) -> Iterator[tuple[Address, str | None]]:
        """Each address for an item, and why it is not used, if it is not; ``NOBODY`` where there is none at all."""
        own = self._own(item)
        everybody = list(_each_once([*own, *sorted(item.also_to, key=lambda address: address.text)]))
        if not everybody:
            yield NOBODY, "nobody_to_tell"
        for address in everybody:
            unwanted = item.holder is not None and (item.holder.id, item.kind, address.channel) in self.refused
            yield address, "not_wanted" if unwanted else None

    def _own(self, item: Item) -> Sequence[Address]:
        if item.kind in TO_STAFF:
            return self.staff[item.kind]
        assert item.holder is not None, "what staff are not told, a holder is"
        return self.of_holders.get(item.holder.id, ())


async def look_up(tx: Transaction, items: Sequence[Item]) -> Recipients:
    """Find out who may have to be told of these; four statements at most, however many there are."""
    to_holders = {item.holder.id: item.holder for item in items if item.kind not in TO_STAFF and item.holder}
    of_holders = await _of_holders(tx, list(to_holders.values())) if to_holders else {}
    refused = await store.refusals(tx, to_holders.keys()) if to_holders else set()
    staff = await _staff(tx) if any(item.kind in TO_STAFF for item in items) else {}
    return Recipients(of_holders, staff, frozenset(refused))


async def _of_holders(tx: Transaction, known: Collection[holders.Holder]) -> dict[UUID, list[Address]]:
    ids = [holder.id for holder in known]
    acting = await identity.people_of(tx, ids)
    browsers: dict[UUID, list[Subscription]] = {}
    for subscription in await store.subscriptions(tx, ids):
        browsers.setdefault(subscription.holder_id, []).append(subscription)
    return {
        holder.id: [
            *_emails([holder.email, *(person.email for person in acting[holder.id])]),
            *_pushes(browsers.get(holder.id, []), acting[holder.id]),
        ]
        for holder in known
    }


async def _staff(tx: Transaction) -> dict[Kind, list[Address]]:
    """Those whose business each kind is, by e-mail."""
    people = [person for person in await identity.list_people(tx) if person.disabled_at is None]
    return {
        kind: _emails([person.email for person in people if person.may(needed)]) for kind, needed in TO_STAFF.items()
    }


def _emails(given: Sequence[str | None]) -> list[Address]:
    return [Address(Channel.EMAIL, email) for email in given if email]


def _pushes(browsers: Sequence[Subscription], acting: Sequence[identity.Person]) -> list[Address]:
    """The browsers of those who still act for the holder."""
    allowed = {person.id for person in acting}
    return [Address(Channel.PUSH, str(browser.id)) for browser in browsers if browser.person_id in allowed]


def _each_once(addresses: Sequence[Address]) -> Iterator[Address]:
    """Each address once, in whatever case of letters it is written."""
    seen: set[tuple[Channel, str]] = set()
    for address in addresses:
        place = (address.channel, address.text.lower())
        if place not in seen:
            seen.add(place)
            yield address
