"""What one does with holders: make them known, vouch for them, and find them again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.holders import store
from bursar.holders.errors import NoSuchHolder
from bursar.holders.model import Holder, NewHolder

PAGE_MAX: Final = 200  # As many rows as a person reads at once.


async def register(tx: Transaction, newcomers: Sequence[NewHolder], *, at: datetime) -> list[Holder]:
    """Make holders known; each newcomer's holder, in order. Two statements, however many there are.

    Whoever is known already by (program, reference) keeps id and kind, and takes over the given name and e-mail; an
    e-mail that is not given leaves the known one. Where one call names a place twice, the later entry counts.

    Raises:
        UnknownProgram: one of the programs does not exist; the transaction is lost.
    """
    wanted = {(new.program, new.reference): new for new in newcomers}
    await store.upsert(tx, [_begin(new, at) for new in wanted.values()], at=at)
    known = await store.at_places(tx, wanted.keys())
    return [known[new.program, new.reference] for new in newcomers]


async def find(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, Holder]:
    """The holders with these ids; an id that nobody has is left out."""
    return await store.find(tx, holder_ids)


async def by_reference(tx: Transaction, program: str, reference: str) -> Holder:
    """The holder that a program's platform calls by this reference.

    Raises:
        NoSuchHolder: nobody is called that.
    """
    found = await store.at_places(tx, [(program, reference)])
    if not found:
        raise NoSuchHolder(program=program, reference=reference)
    return found[program, reference]


async def by_references(tx: Transaction, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], Holder]:
    """The holders at these (program, reference); a place that nobody has is left out. One statement."""
    return await store.at_places(tx, places)


async def list_page(
    tx: Transaction,
    *,
    program: str | None = None,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    search: str | None = None,
) -> list[Holder]:
    """Holders, newest first: one page of at most ``PAGE_MAX``, beginning below the id ``after``.

    ``search`` keeps those whose reference, name or e-mail contains it, in either case of letters.
    """
    return await store.page(tx, program=program, after=after, limit=min(limit, PAGE_MAX), search=search)


async def verify(
    tx: Transaction, holder_ids: Collection[UUID], *, verified: bool, actor: str, at: datetime
) -> dict[UUID, Holder]:
    """Vouch for holders from ``at`` on, or take that back; the holders as they stand then.

    Whoever was verified already keeps the time. The journal notes each one whom this changed, and that ``actor`` did.
    """
    changed = await store.set_verified(tx, holder_ids, at if verified else None)
    action = "holder.verified" if verified else "holder.unverified"
    await journal.note_each(tx, action, actor=actor, subjects=[f"holder:{id_}" for id_ in sorted(changed)])
    return await store.find(tx, holder_ids)


def _begin(new: NewHolder, at: datetime) -> Holder:
    return Holder(ids.new(at), new.program, new.kind, new.reference, new.name, new.email)
