"""What holders want to be told, and how; what guards their money they are always told."""

from collections.abc import Sequence
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.outbound.notices import store
from bursar.outbound.notices.errors import NoticeNotOptional
from bursar.outbound.notices.model import OPTIONAL, TO_HOLDERS, Channel, Wish


async def wishes(tx: Transaction, holder_id: UUID) -> list[Wish]:
    """What a holder wants: each kind that holders are told of, over each channel."""
    refused = await store.refusals(tx, [holder_id])
    return [
        Wish(kind, channel, wanted=(holder_id, kind, channel) not in refused)
        for kind in TO_HOLDERS
        for channel in Channel
    ]


async def set_wishes(tx: Transaction, holder_id: UUID, given: Sequence[Wish]) -> list[Wish]:
    """Change what a holder wants; the rest stays as it is. All of it, as it is now.

    It counts for what happens from now on, and for everybody who acts for the holder.

    Raises:
        NoticeNotOptional: something that guards the holder's money would be switched off; nothing is changed.
    """
    for wish in given:
        if not wish.wanted and wish.kind not in OPTIONAL:
            raise NoticeNotOptional(kind=wish.kind)
    last = {(wish.kind, wish.channel): wish for wish in given}
    await store.set_wishes(tx, holder_id, list(last.values()))
    return await wishes(tx, holder_id)
