"""Beginning a recovery, noticing that one is needed, and ending it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.dispatch.errors import NotRecovering
from bursar.dispatch.recovery import store
from bursar.dispatch.recovery.model import Recovery
from bursar.foundation import ids, journal, log
from bursar.foundation.db import Transaction

BLOCKER: Final = "recovery"
"""Why nothing leaves during one."""
RESTORED: Final = "database_restored"
ACTOR: Final = "system:recovery"

_log = log.get(__name__)


async def begin(tx: Transaction, *, known_until: datetime, reason: str, actor: str) -> Recovery:
    """Turn sending off until a reconciliation of everything since ``known_until`` passes.

    One person may. While a recovery is under way already, it stays, and reaches back as far as either asks.
    """
    now = await tx.now()
    found = await store.begin(tx, Recovery(ids.new(now), min(known_until, now), reason, begun_by=actor, begun_at=now))
    await journal.note(
        tx, "recovery.begun", actor=actor, subject=str(found.id), reason=reason, known_until=found.known_until
    )
    return found


async def current(tx: Transaction) -> Recovery | None:
    """The recovery that is under way, if one is."""
    return await store.current(tx)


async def notice(tx: Transaction) -> Recovery | None:
    """Note that somebody is alive on this database, or begin a recovery where it is another one than was known.

    Called every few seconds by each worker: a restored database then says to within seconds until when its rows are
    complete. The recovery that is under way afterwards, if one is.
    """
    known_until = await store.moment_of_change(tx)
    if known_until is None:
        await store.note_alive(tx)
    elif await store.current(tx) is None:
        _log.error("recovery.begun", kind=RESTORED)
        await begin(tx, known_until=known_until, reason=RESTORED, actor=ACTOR)
    return await store.current(tx)


async def end(tx: Transaction, recovery_id: UUID, *, actor: str) -> None:
    """Turn sending on again; the database's present identity is the known one from here on.

    Whoever calls has made sure that what was unknown has been found out.

    Raises:
        NotRecovering: this recovery is over.
    """
    if not await store.end(tx, recovery_id, actor=actor):
        raise NotRecovering
    await store.know_identity(tx)
    await journal.note(tx, "recovery.ended", actor=actor, subject=str(recovery_id))
    _log.info("recovery.ended")
