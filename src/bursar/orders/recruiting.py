"""Who recruited whom: what decides to whom the bounty for a sale goes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar import holders
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.holders import SCOUT, SELLER, Holder, NoSuchHolder
from bursar.orders import store
from bursar.orders.errors import NotRecruited
from bursar.orders.model import Recruit

RECRUITS_MAX: Final = 1_000  # As many as one page shows.


async def recruit(tx: Transaction, wanted: Sequence[Recruit]) -> list[Recruit | Refusal]:
    """Write down who recruited whom; each as it stands then, or refused on its own.

    A seller has one scout: another one takes the first one's place, for the orders that are completed from then on. The
    bounties that there were stay counted, since terms may give so many for a seller and no more. Costs a constant
    number of statements.
    """
    people = await holders.find(tx, {one.seller_id for one in wanted} | {one.scout_id for one in wanted})
    judged = [_judge(one, people) for one in wanted]
    welcome = {one.seller_id: one for one in judged if isinstance(one, Recruit)}  # Of two for a seller, the later one.
    if not welcome:
        return judged
    changed = await store.recruit(tx, list(welcome.values()))
    notes = [
        (one.recruited_by, f"holder:{seller_id}", {"scout": str(one.scout_id)})
        for seller_id, one in welcome.items()
        if seller_id in changed
    ]
    await journal.note_many(tx, "seller.recruited", notes)
    stands = await store.recruits(tx, welcome.keys())
    return [one if isinstance(one, Refusal) else stands[one.seller_id] for one in judged]


async def recruiters(tx: Transaction, seller_ids: Collection[UUID]) -> Mapping[UUID, Recruit]:
    """By seller: who recruited them; those whom nobody did are left out. One statement."""
    return await store.recruits(tx, seller_ids)


async def recruits_of(
    tx: Transaction, scout_id: UUID, *, after: UUID | None = None, limit: int = RECRUITS_MAX
) -> list[Recruit]:
    """Whom a scout recruited, by rising seller; continue with ``after`` set to the last one's."""
    return await store.recruits_of(tx, scout_id, after=after, limit=min(limit, RECRUITS_MAX))


def _judge(wanted: Recruit, people: Mapping[UUID, Holder]) -> Recruit | Refusal:
    for holder_id, field, kind in ((wanted.seller_id, "seller", SELLER), (wanted.scout_id, "scout", SCOUT)):
        holder = people.get(holder_id)
        if holder is None or holder.program != wanted.program:
            return NoSuchHolder(field=field)
        if holder.kind != kind:
            return NotRecruited(field=field, rule=f"a {kind} of the program {wanted.program}", given=holder.kind)
    return wanted
