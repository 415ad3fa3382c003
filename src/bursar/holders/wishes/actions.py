"""What one does about what holders want of the runs: say it, take it back, and look at it for a whole run at once."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import journal, texts
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import store as holder_store
from bursar.holders.errors import NoSuchHolder
from bursar.holders.wishes import store
from bursar.holders.wishes.model import Payee, Preferences

WHY_LENGTH_MAX: Final = 200


async def preferences(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, Preferences]:
    """What was said about each of these holders; an empty one where nothing was."""
    return {holder_id: Preferences(holder_id) for holder_id in holder_ids} | await store.find(tx, holder_ids)


async def payees(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, Payee]:
    """These holders as a run sees them, each with the default destination. One statement."""
    return {payee.id: payee for payee in await store.payees(tx, holder_ids)}


async def set_minimum(
    tx: Transaction, holder_ids: Collection[UUID], *, minimum: Money | None, actor: str
) -> dict[UUID, Preferences]:
    """Have runs pay these holders no less than this; None: whatever the program's own minimum is, which always counts.

    Raises:
        NoSuchHolder: one of them does not exist.
        Invalid: nothing, or less.
    """
    if minimum is not None and minimum.minor <= 0:
        raise Invalid(field="minimum", rule="more than nothing", given=minimum.text)
    await insist_on_all(tx, holder_ids)
    await store.set_minimum(tx, holder_ids, minimum)
    return await _noted(tx, "holder.minimum_set", holder_ids, actor, minimum=str(minimum) if minimum else None)


async def pause(
    tx: Transaction, holder_ids: Collection[UUID], *, since: datetime, until: datetime | None = None, actor: str
) -> dict[UUID, Preferences]:
    """Have runs leave these holders out from one moment until another, or until ``resume``.

    A new pause takes the place of an old one.

    Raises:
        NoSuchHolder: one of them does not exist.
        Invalid: it would end before it begins.
    """
    if until is not None and until <= since:
        raise Invalid(field="until", rule="later than the pause begins", given=until.isoformat())
    await insist_on_all(tx, holder_ids)
    await store.set_pause(tx, holder_ids, since, until)
    facts = {"since": since.isoformat(), "until": until.isoformat() if until else None}
    return await _noted(tx, "holder.paused", holder_ids, actor, **facts)


async def resume(tx: Transaction, holder_ids: Collection[UUID], *, actor: str) -> dict[UUID, Preferences]:
    """End these holders' pauses, the begun and the coming ones.

    Raises:
        NoSuchHolder: one of them does not exist.
    """
    await insist_on_all(tx, holder_ids)
    await store.set_pause(tx, holder_ids, None, None)
    return await _noted(tx, "holder.resumed", holder_ids, actor)


async def hold(tx: Transaction, holder_ids: Collection[UUID], *, why: str, actor: str) -> dict[UUID, Preferences]:
    """Have runs leave these holders out until ``release``, for a reason that staff are shown. Who is held stays so.

    Raises:
        NoSuchHolder: one of them does not exist.
        Invalid: the reason is not a line.
    """
    texts.insist_line(why, field="reason", most=WHY_LENGTH_MAX)
    await insist_on_all(tx, holder_ids)
    await store.hold(tx, holder_ids, why=why, actor=actor)
    return await _noted(tx, "holder.held", holder_ids, actor, reason=why)


async def release(tx: Transaction, holder_ids: Collection[UUID], *, actor: str) -> dict[UUID, Preferences]:
    """Hold these holders no longer.

    Raises:
        NoSuchHolder: one of them does not exist.
    """
    await insist_on_all(tx, holder_ids)
    await store.release(tx, holder_ids)
    return await _noted(tx, "holder.released", holder_ids, actor)


async def insist_on_all(tx: Transaction, holder_ids: Collection[UUID]) -> None:
    """Insist that there are such holders.

    Raises:
        NoSuchHolder: one of them does not exist.
    """
    if set(holder_ids) - (await holder_store.find(tx, holder_ids)).keys():
        raise NoSuchHolder


async def _noted(
    tx: Transaction, action: str, holder_ids: Collection[UUID], actor: str, **facts: object
) -> dict[UUID, Preferences]:
    """Note for each of them who said so, and give what counts now."""
    subjects = [f"holder:{holder_id}" for holder_id in sorted(holder_ids)]
    await journal.note_each(tx, action, actor=actor, subjects=subjects, **facts)
    return await preferences(tx, holder_ids)
