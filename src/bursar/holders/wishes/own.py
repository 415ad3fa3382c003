"""Own schedules: when holders want to be paid, instead of whenever something is to be paid out.

When one comes round is counted by whoever knows the program's calendar; here it is only kept.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.holders.wishes import store
from bursar.holders.wishes.actions import insist_on_all, preferences
from bursar.holders.wishes.model import OwnSchedule, Preferences, Round


async def set_schedule(
    tx: Transaction, wishes: Mapping[UUID, tuple[OwnSchedule, datetime]], *, actor: str
) -> dict[UUID, Preferences]:
    """Pay these holders by a schedule of their own from now on, each with when it comes round next.

    A new schedule takes the place of an old one; what came of the old one's last time stays.

    Raises:
        NoSuchHolder: one of them does not exist.
    """
    await insist_on_all(tx, wishes)
    await store.set_schedules(tx, [(holder_id, wish, next_at) for holder_id, (wish, next_at) in wishes.items()])
    notes = [
        (actor, f"holder:{holder_id}", {"every": wish.every.value, "day": wish.day, "hour": wish.hour})
        for holder_id, (wish, _) in sorted(wishes.items())
    ]
    await journal.note_many(tx, "holder.schedule_set", notes)
    return await preferences(tx, wishes)


async def drop_schedule(tx: Transaction, holder_ids: Collection[UUID], *, actor: str) -> list[UUID]:
    """Pay these holders by no schedule of their own any more; which of them had one.

    Raises:
        NoSuchHolder: one of them does not exist.
    """
    await insist_on_all(tx, holder_ids)
    dropped = await store.drop_schedules(tx, holder_ids)
    subjects = [f"holder:{holder_id}" for holder_id in dropped]
    await journal.note_each(tx, "holder.schedule_dropped", actor=actor, subjects=subjects)
    return dropped


async def due_schedules(
    tx: Transaction, program: str, *, at: datetime, after: UUID | None, limit: int, hold: bool = False
) -> dict[UUID, OwnSchedule]:
    """The next holders of a program whose own schedule has come round by then, by rising id, with their schedules.

    Continue with ``after`` set to the last one's. With ``hold``, nobody else takes them up until the transaction ends:
    schedules are locked before balances, and in id order.
    """
    return await store.due(tx, program, at=at, after=after, limit=limit, hold=hold)


async def note_rounds(tx: Transaction, rounds: Sequence[Round], *, at: datetime) -> None:
    """Write down that these held schedules have come round at this moment, and what came of it."""
    await store.note_rounds(tx, rounds, at=at)
