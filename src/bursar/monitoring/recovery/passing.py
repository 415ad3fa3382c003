"""Whether a recovery may end, and getting it there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bursar import dispatch
from bursar.dispatch.recovery import Recovery
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Gateway
from bursar.monitoring.reconciliation import (
    AlreadyComparing,
    Finding,
    Kind,
    Span,
    Way,
    compare_list,
    gateways_in_use,
    store,
)
from bursar.monitoring.reconciliation.comparing import store as comparisons

ACTOR: Final = "system:recovery"
AGAIN_AFTER: Final = timedelta(minutes=5)  # Between two comparisons of a gateway with which something differs.
BEFORE: Final = timedelta(hours=1)
"""How much further back is compared than our own last sign of life: clocks differ, and commits may be under way."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a recovery still waits for: gateways that were not compared yet, and differences that are open."""

    recovery: Recovery
    not_compared: Sequence[str]
    open_items: int
    compared: Mapping[str, datetime]

    @property
    def may_end(self) -> bool:
        """Whether nothing is outstanding."""
        return not self.not_compared and not self.open_items


async def outlook(tx: Transaction) -> Outlook | None:
    """What the recovery that is under way waits for; None where none is."""
    recovery = await dispatch.recovery.current(tx)
    if recovery is None:
        return None
    compared = await comparisons.compared(tx, recovery.begun_at, reaching_back_to=recovery.known_until)
    missing = {_subject(recovery, name): name for name in await gateways_in_use(tx) - compared.keys()}
    accepted = await store.accepted(tx, missing)
    return Outlook(
        recovery=recovery,
        not_compared=sorted(name for subject, name in missing.items() if subject not in accepted),
        open_items=await store.count_open_since(tx, recovery.known_until - BEFORE),
        compared=compared,
    )


async def pursue(database: Database, gateways: Mapping[str, Gateway]) -> Outlook | None:
    """Notice whether these books may lack something, and do what can be done without people about it.

    Compares each gateway that has a list, makes an item of each that has none, and ends the recovery where nothing is
    outstanding. What is outstanding comes back; None where sending is on.
    """
    async with database.transaction() as tx:
        recovery = await dispatch.recovery.notice(tx)
        seen = await outlook(tx) if recovery is not None else None
        now = await tx.now()
    if seen is None:
        return None
    for name in sorted({*seen.not_compared, *seen.compared}):
        gateway = gateways.get(name)
        last = seen.compared.get(name)
        is_due = last is None or (seen.open_items > 0 and now - last >= AGAIN_AFTER)
        if gateway is not None and gateway.capabilities.lists and is_due:
            await _compare(database, gateway, since=seen.recovery.known_until - BEFORE)
    return await database.retrying(_conclude)


async def _compare(database: Database, gateway: Gateway, *, since: datetime) -> None:
    async with database.transaction(readonly=True) as tx:
        now = await tx.now()
    with suppress(AlreadyComparing):  # Another worker is about it.
        await compare_list(database, gateway, span=Span(since, now), actor=ACTOR)


async def _conclude(tx: Transaction) -> Outlook | None:
    """End the recovery, or make known to people what it waits for."""
    seen = await outlook(tx)
    if seen is None:
        return None
    if seen.may_end:
        await store.end_not_compared(tx, except_for=[])
        with suppress(dispatch.NotRecovering):  # Another worker was first.
            await dispatch.recovery.end(tx, seen.recovery.id, actor=ACTOR)
        return None
    await store.end_not_compared(tx, except_for=[_subject(seen.recovery, name) for name in seen.not_compared])
    lacking = [
        Finding(
            kind=Kind.NOT_COMPARED,
            subject=_subject(seen.recovery, name),
            happened_at=seen.recovery.known_until,
            gateway=name,
            facts={"recovery": str(seen.recovery.id)},
        )
        for name in seen.not_compared
    ]
    await store.note(tx, lacking, way=Way.RECOVERY, comparison_id=seen.recovery.id)
    return seen


def _subject(recovery: Recovery, gateway: str) -> str:
    return f"{recovery.id}:{gateway}"
