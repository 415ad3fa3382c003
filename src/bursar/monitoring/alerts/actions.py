"""What can be done with alerts: open and end one for a system error, acknowledge, resolve, look, try out."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from bursar import programs
from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.monitoring.alerts import store, telling
from bursar.monitoring.alerts.errors import AlertResolved, NoSuchAlert
from bursar.monitoring.alerts.model import Alert, AlertType, Finding, Post, Severity, Told, is_worse

PAGE_MAX: Final = 200
NOTE_LENGTH_MAX: Final = 1_000
BY_ITSELF: Final = "system:watch"
"""Who resolves an alert whose cause has gone away."""


async def open_system(
    tx: Transaction,
    program: str | None,
    *,
    subject: str,
    severity: Severity,
    message: str,
    facts: Mapping[str, Any] | None = None,
) -> Alert:
    """Open an alert about an error of the system, or note that one that is open is still there; it is told once.

    ``program`` is None for what concerns the whole installation, ``subject`` names what it is about (``ledger``,
    ``recovery``), and ``message`` is a sentence for people. It stays until ``end_system`` or a person ends it.
    """
    finding = Finding(program, AlertType.SYSTEM_ERROR, subject, severity, message, facts or {})
    alert, is_new = await store.open_or_see(tx, ids.new(await tx.now()), finding)
    if is_new:
        await telling.tell(tx, [alert], Told.OPENED)
    elif alert.is_active and is_worse(severity, than=alert.severity):
        [alert] = await store.see(tx, [(alert.id, finding, True)])
        await telling.tell(tx, [alert], Told.WORSE)
    return alert


async def end_system(tx: Transaction, program: str | None, *, subject: str, actor: str = BY_ITSELF) -> Alert | None:
    """Note that what ``open_system`` was called for has gone away; the alert, or None where none was open."""
    ended = await store.end(tx, program=program, type_=AlertType.SYSTEM_ERROR, subject=subject, actor=actor)
    if ended is not None and ended.resolved_at == ended.over_at:
        await telling.tell(tx, [ended], Told.RESOLVED)
    return ended


async def acknowledge(tx: Transaction, alert_id: UUID, *, actor: str) -> Alert:
    """Note that somebody has seen an alert and takes care of it; done twice, the first one counts.

    Raises:
        NoSuchAlert: there is none.
        AlertResolved: it has been resolved.
    """
    alert = await _hold_active(tx, alert_id)
    if alert.is_acknowledged:
        return alert
    await journal.note(tx, "alert.acknowledged", actor=actor, subject=_named(alert), alert=str(alert.id))
    return await store.acknowledge(tx, alert_id, actor=actor)


async def resolve(tx: Transaction, alert_id: UUID, *, actor: str, note: str = "") -> Alert:
    """Note that an alert is dealt with. What is still found does not open another one until it had gone away.

    Raises:
        NoSuchAlert: there is none.
        AlertResolved: somebody has done so, or it has gone away by itself.
    """
    alert = await _hold_active(tx, alert_id)
    await journal.note(tx, "alert.resolved", actor=actor, subject=_named(alert), alert=str(alert.id), note=note)
    resolved = await store.resolve(tx, alert_id, actor=actor, note=note[:NOTE_LENGTH_MAX])
    await telling.tell(tx, [resolved], Told.RESOLVED)
    return resolved


async def get(tx: Transaction, alert_id: UUID) -> Alert:
    """One alert.

    Raises:
        NoSuchAlert: there is none.
    """
    alert = await store.get(tx, alert_id)
    if alert is None:
        raise NoSuchAlert(alert=str(alert_id))
    return alert


async def active(tx: Transaction, program: str | None = None) -> list[Alert]:
    """Alerts that nobody has resolved, critical ones first; of a program, those of the whole installation as well."""
    return await store.active(tx, program)


async def page(
    tx: Transaction,
    program: str | None = None,
    *,
    type_: AlertType | None = None,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Alert]:
    """The history of alerts, newest first; continue with ``before`` set to the last one's id."""
    return await store.page(tx, program=program, type_=type_, before=before, limit=min(limit, PAGE_MAX))


async def posts(tx: Transaction, alert_id: UUID) -> list[Post]:
    """What was posted about an alert, to which address, and what came of it."""
    return await store.posts(tx, [alert_id])


async def try_out(tx: Transaction, program: str, *, actor: str) -> Alert:
    """Send everybody who is told of a program's alerts one that says that nothing is wrong; it is over at once.

    Raises:
        NoSuchProgram: there is no such program.
    """
    terms = await programs.terms(tx, program)
    alert_id = ids.new(await tx.now())
    message = f"This is a test of the alerts of {terms.title}. Nothing is wrong."
    finding = Finding(program, AlertType.SYSTEM_ERROR, f"test:{alert_id}", Severity.WARNING, message)
    [opened] = await store.insert(tx, [(alert_id, finding)], is_watched=False)
    await telling.tell(tx, [opened], Told.TEST)
    await journal.note(tx, "alert.tested", actor=actor, subject=program, alert=str(alert_id))
    return await store.resolve(tx, opened.id, actor=actor, note="a test")


async def _hold_active(tx: Transaction, alert_id: UUID) -> Alert:
    alert = await store.lock(tx, alert_id)
    if alert is None:
        raise NoSuchAlert(alert=str(alert_id))
    if not alert.is_active:
        raise AlertResolved(alert=str(alert_id))
    return alert


def _named(alert: Alert) -> str:
    """What an alert's notes are found under."""
    return f"alert:{alert.id}"
