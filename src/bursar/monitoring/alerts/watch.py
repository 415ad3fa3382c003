"""The watcher: looks again and again for what is wrong, opens alerts for it, and ends those whose cause has gone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from bursar import programs
from bursar.foundation import ids, log
from bursar.foundation.db import Database, Transaction
from bursar.foundation.doorbell import Ringer
from bursar.foundation.loops import repeat, rest
from bursar.monitoring.alerts import runs, store, system, telling
from bursar.monitoring.alerts.actions import BY_ITSELF
from bursar.monitoring.alerts.limits import over_limits
from bursar.monitoring.alerts.model import Alert, AlertType, Finding, Told, is_worse
from bursar.monitoring.alerts.posting import BELL
from bursar.monitoring.metrics import metrics
from bursar.outbound import notices
from bursar.programs import Terms

WATCH_SECONDS: Final = 15.0  # Between two looks of one worker.
CALM_SECONDS: Final = 60.0  # What was not found for so long has gone away.

_Key = tuple[str | None, AlertType, str]

_log = log.get(__name__)


class Watcher:
    """Opens and ends alerts, and tells what runs came to. Any number may run: one of them looks at a time."""

    def __init__(self, database: Database, ringer: Ringer, *, calm_seconds: float = CALM_SECONDS) -> None:
        """End an alert when nothing was found for ``calm_seconds``."""
        self._database = database
        self._ringer = ringer
        self._calm_seconds = calm_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        await repeat(self._pass, name="alerts", stop=stop, pause=partial(rest, stop, WATCH_SECONDS))

    async def _pass(self) -> bool:
        told = await self._database.retrying(partial(look, calm_seconds=self._calm_seconds))
        if told:
            self._ringer.ring(BELL)
            self._ringer.ring(notices.BELL)
        return False


async def look(tx: Transaction, *, calm_seconds: float = CALM_SECONDS) -> int:
    """Look once at everything that is watched; how many things were told. Nothing while somebody else looks.

    The number of statements grows with the programs and not with their payouts. Programs that have switched alerts off
    are left out; where all have, the system is not watched either.
    """
    if not await store.take_watch(tx):
        return 0
    known = [terms for terms in await programs.all(tx) if terms.alerts.enabled]
    found = {finding.key: finding for finding in await findings(tx, known)}
    standing = {alert.key: alert for alert in await store.live(tx)}
    opened = await _open(tx, [f for key, f in found.items() if key not in standing and f.is_over_limit])
    worse = await _see(tx, found, standing)
    unseen = [alert.id for key, alert in standing.items() if alert.is_watched and key not in found]
    ended = await _end(tx, unseen, calm_seconds=calm_seconds) if unseen else []
    return len(opened) + len(worse) + len(ended) + await runs.tell(tx)


async def findings(tx: Transaction, known: Sequence[Terms]) -> list[Finding]:
    """What is wrong at this moment: limits that are exceeded, by program, and faults of the system."""
    found: list[Finding] = []
    for terms in known:
        window = timedelta(hours=terms.alerts.window_hours)
        found += over_limits(await metrics(tx, terms.program, window=window), terms)
    return [*found, *(await system.faults(tx, known) if known else [])]


async def _open(tx: Transaction, new: Sequence[Finding]) -> list[Alert]:
    if not new:
        return []
    opened = await store.insert(tx, list(zip(ids.series(await tx.now(), len(new)), new, strict=True)), is_watched=True)
    for alert in opened:
        _log.warning("alert.opened", program=alert.program, kind=alert.type.value, subject=alert.subject)
    await telling.tell(tx, opened, Told.OPENED)
    return opened


async def _see(tx: Transaction, found: Mapping[_Key, Finding], standing: Mapping[_Key, Alert]) -> list[Alert]:
    """Note what is still found; what has become critical is told once more, unless somebody has resolved it."""
    both = [(alert, found[key]) for key, alert in standing.items() if key in found]
    wavering = [alert.id for alert, finding in both if not finding.is_over_limit]
    if wavering:
        await store.keep(tx, wavering)
    rows = []
    for alert, finding in both:
        if finding.is_over_limit:
            rises = is_worse(finding.severity, than=alert.severity)
            severity = finding.severity if rises else alert.severity  # Never lowered: it has been that bad.
            rows.append((alert.id, replace(finding, severity=severity), rises and alert.is_active))
    seen = await store.see(tx, rows) if rows else []
    told = {alert_id for alert_id, _, is_told in rows if is_told}
    worse = [alert for alert in seen if alert.id in told]
    await telling.tell(tx, worse, Told.WORSE)
    return worse


async def _end(tx: Transaction, unseen: Sequence[UUID], *, calm_seconds: float) -> list[Alert]:
    ended = await store.end_unseen(tx, unseen, calm_seconds=calm_seconds, actor=BY_ITSELF)
    told = [alert for alert in ended if alert.resolved_at == alert.over_at]
    for alert in told:
        _log.info("alert.resolved", program=alert.program, kind=alert.type.value, subject=alert.subject)
    await telling.tell(tx, told, Told.RESOLVED)
    return told
