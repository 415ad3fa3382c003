"""Looking at notices, and sending again what was not sent."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.outbound.notices import store
from bursar.outbound.notices.errors import NoSuchNotice, NoticeSent, NoticeStillWaiting
from bursar.outbound.notices.model import TO_HOLDERS, Backlog, Kind, Notice, State

PAGE_MAX: Final = 200


async def get(tx: Transaction, notice_id: UUID) -> Notice:
    """One notice.

    Raises:
        NoSuchNotice: there is none.
    """
    found = await store.get(tx, [notice_id])
    if not found:
        raise NoSuchNotice(notice=str(notice_id))
    return found[notice_id]


async def page(
    tx: Transaction, *, state: State | None = None, before: UUID | None = None, limit: int = PAGE_MAX
) -> list[Notice]:
    """Notices to anybody, newest first, at most ``PAGE_MAX``; continue with ``before`` set to the last one's id."""
    kinds = list(Kind)
    return await store.page(tx, holder_id=None, kinds=kinds, state=state, before=before, limit=min(limit, PAGE_MAX))


async def to_holder(
    tx: Transaction, holder_id: UUID, *, before: UUID | None = None, limit: int = PAGE_MAX
) -> list[Notice]:
    """What a holder was told, or was to be told, newest first, at most one more than ``PAGE_MAX``.

    Nothing of what staff were told about the holder is among it.
    """
    most = min(limit, PAGE_MAX + 1)
    return await store.page(tx, holder_id=holder_id, kinds=TO_HOLDERS, state=None, before=before, limit=most)


async def about(tx: Transaction, payout_id: UUID) -> list[Notice]:
    """Everything that anybody was told of one payout, oldest first."""
    return await store.about(tx, payout_id)


async def untold(tx: Transaction, kind: Kind, subject_ids: Collection[UUID]) -> set[UUID]:
    """Of which of these nobody has been told anything of this kind."""
    return set(subject_ids) - await store.told(tx, kind, subject_ids)


async def retry(tx: Transaction, notice_ids: Sequence[UUID]) -> list[Notice]:
    """Let notices that failed or were skipped wait anew, with all their tries; ring ``BELL`` after the commit.

    Raises:
        NoSuchNotice: one of them does not exist, or has no address to be sent to; none waits anew.
        NoticeStillWaiting: one of them is under way.
        NoticeSent: one of them was sent.
    """
    waiting = {notice.id: notice for notice in await store.wait_again(tx, notice_ids)}
    others = await store.get(tx, set(notice_ids) - waiting.keys())
    for notice_id in notice_ids:
        match others.get(notice_id):
            case None if notice_id not in waiting:
                raise NoSuchNotice(notice=str(notice_id))
            case Notice(state=State.WAITING):
                raise NoticeStillWaiting(notice=str(notice_id))
            case Notice(state=State.SENT):
                raise NoticeSent(notice=str(notice_id))
            case Notice():
                raise NoSuchNotice("This notice has no address that it could be sent to.", notice=str(notice_id))
            case None:
                pass
    return [waiting[notice_id] for notice_id in notice_ids]


async def backlog(tx: Transaction) -> Backlog:
    """How all notices stand, for metrics and alarms."""
    return await store.backlog(tx)
