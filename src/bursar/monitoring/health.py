"""Health: whether all is well with a program, or with everything, and if not, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bursar import programs
from bursar.foundation.db import Transaction
from bursar.monitoring import alerts
from bursar.monitoring.alerts import Alert, Finding, Severity
from bursar.monitoring.load import SystemLoad
from bursar.monitoring.metrics import WINDOW, Metrics, metrics


class Status(StrEnum):
    """How well it is; the words of the writers document."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence that says what is not well, and how bad that is. ``alert`` is about the same, where one is open."""

    severity: Severity
    message: str
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How well it is, and why: the worst of the reasons decides."""

    status: Status
    reasons: tuple[Reason, ...]
    active_alerts: tuple[Alert, ...]
    metrics: Metrics
    load: SystemLoad | None
    at: datetime


async def health(tx: Transaction, program: str | None = None, *, load: SystemLoad | None = None) -> Health:
    """How well it is at this moment, of a program (with what concerns everything) or of all.

    It looks by itself and does not wait for the watcher: what is wrong is a reason, whether or not an alert has been
    opened for it. What somebody has resolved and is still found counts, too.

    Raises:
        NoSuchProgram: there is no such program.
    """
    known = [await programs.terms(tx, program)] if program is not None else await programs.all(tx)
    active = await alerts.active(tx, program)
    found = [one for one in await alerts.findings(tx, known) if one.is_over_limit]
    figures = await metrics(tx, program, window=_window(known))
    if load is not None:
        found += alerts.nobody_works(load.workers, queued=load.queued)
    reasons = _reasons(found, active)
    return Health(_status(reasons), reasons, tuple(active), figures, load, figures.at)


def _reasons(found: Sequence[Finding], active: Sequence[Alert]) -> tuple[Reason, ...]:
    """Findings with their alerts, and alerts whose cause was not found just now; the worst first."""
    by_key = {alert.key: alert for alert in active}
    keys = {finding.key for finding in found}
    reasons = [Reason(finding.severity, finding.message, by_key.get(finding.key)) for finding in found]
    reasons += [Reason(alert.severity, alert.message, alert) for alert in active if alert.key not in keys]
    return tuple(sorted(reasons, key=lambda reason: reason.severity is not Severity.CRITICAL))


def _status(reasons: Sequence[Reason]) -> Status:
    if not reasons:
        return Status.HEALTHY
    is_critical = any(reason.severity is Severity.CRITICAL for reason in reasons)
    return Status.CRITICAL if is_critical else Status.WARNING


def _window(known: Sequence[programs.Terms]) -> timedelta:
    """A program's own window; a day for several."""
    return timedelta(hours=known[0].alerts.window_hours) if len(known) == 1 else WINDOW
