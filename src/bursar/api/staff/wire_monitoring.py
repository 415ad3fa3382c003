"""What staff see of the payout system in one look: scheduler, processing, health, and the latest runs.

Rates are percentages, as the thresholds of the alerts are; times are in milliseconds, as a run's ``duration`` is.
"""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from bursar import monitoring
from bursar.api import amounts
from bursar.api.amounts import Figure
from bursar.api.problems import camel
from bursar.api.writers.configs import AutomatedPayoutConfig, PayoutAlertConfig, PayoutScheduleConfig
from bursar.api.writers.wire import OfProgramQuery, RunStatus, RunTotals
from bursar.foundation.clock import timestamp
from bursar.foundation.money import total
from bursar.monitoring import alerts
from bursar.payouts import RESTING
from bursar.schedules import Run

HISTORY_MAX: Final = 100  # Runs at once; for more there is /api/admin/runs.


class MonitoringQuery(OfProgramQuery, rename="camel", kw_only=True):
    """What to show."""

    include_history: Annotated[bool, msgspec.Meta(description="Include recent run history.")] = True
    include_alerts: Annotated[bool, msgspec.Meta(description="Include active alerts.")] = True
    include_metrics: Annotated[bool, msgspec.Meta(description="Include health metrics.")] = True
    history_limit: Annotated[
        int, msgspec.Meta(ge=1, le=HISTORY_MAX, description="Limit for history records.", examples=[20])
    ] = 20


class SchedulerView(msgspec.Struct, rename="camel", kw_only=True):
    """Whether a run is under way, and when the next one begins by itself."""

    is_running: bool
    next_scheduled_time: str | None
    config: PayoutScheduleConfig


class ProcessingView(msgspec.Struct, rename="camel", kw_only=True):
    """How many payouts there are: waiting or under way, completed, failed."""

    is_processing: bool
    total_in_queue: int
    total_completed: int
    total_failed: int
    config: AutomatedPayoutConfig


class ProcessingTimeView(msgspec.Struct, kw_only=True):
    """Within how many milliseconds from their request half of the payouts ended, 95 in a hundred, and 99."""

    p50: int | None
    p95: int | None
    p99: int | None


class MetricsView(msgspec.Struct, rename="camel", kw_only=True):
    """How payouts went within the window, and what is pending now; `null` where there is nothing to judge by.

    `totalPayouts` ended within the window and `totalAmount` was paid out. Rates are in percent: of those that ended,
    so many succeeded and failed; of the tries, so many led to another one. `oldestPendingAge` is in milliseconds.
    """

    window_start: str
    window_end: str
    total_payouts: int
    successful_payouts: int
    failed_payouts: int
    success_rate: float | None
    failure_rate: float | None
    retry_rate: float | None
    average_processing_time: int | None
    processing_time: ProcessingTimeView
    total_amount: Figure
    currency: str
    pending_payouts: int
    pending_amount: Figure
    pending_by_state: dict[str, int]
    oldest_pending_age: int | None

    @classmethod
    def of(cls, metrics: monitoring.Metrics, *, currency: str) -> "MetricsView":
        """Show one program's metrics; its amounts are all in ``currency``."""
        return cls(
            window_start=timestamp(metrics.since),
            window_end=timestamp(metrics.until),
            total_payouts=metrics.ended,
            successful_payouts=metrics.succeeded,
            failed_payouts=metrics.failed,
            success_rate=metrics.success_rate,
            failure_rate=metrics.failure_rate,
            retry_rate=metrics.retry_rate,
            average_processing_time=_milliseconds(metrics.average_seconds),
            processing_time=ProcessingTimeView(
                p50=_milliseconds(metrics.p50_seconds),
                p95=_milliseconds(metrics.p95_seconds),
                p99=_milliseconds(metrics.p99_seconds),
            ),
            total_amount=amounts.figure(total(metrics.paid, currency)),
            currency=currency,
            pending_payouts=metrics.pending,
            pending_amount=amounts.figure(total(metrics.pending_money, currency)),
            pending_by_state={
                state.value: one.count for state, one in metrics.standing.items() if state not in RESTING and one.count
            },
            oldest_pending_age=_milliseconds(metrics.oldest_open_seconds),
        )


class AlertView(msgspec.Struct, rename="camel", kw_only=True):
    """Something that is wrong, or was."""

    id: UUID
    type: alerts.AlertType
    severity: alerts.Severity
    message: str
    program: str | None
    subject: str
    facts: dict[str, Any]
    created_at: str
    acknowledged: bool
    acknowledged_at: str | None
    acknowledged_by: str | None
    resolved: bool
    resolved_at: str | None
    resolved_by: str | None
    note: str

    @classmethod
    def of(cls, alert: alerts.Alert) -> "AlertView":
        """Show one alert."""
        return cls(
            id=alert.id,
            type=alert.type,
            severity=alert.severity,
            message=alert.message,
            program=alert.program,
            subject=alert.subject,
            facts={camel(name): value for name, value in alert.facts.items()},
            created_at=timestamp(alert.opened_at),
            acknowledged=alert.is_acknowledged,
            acknowledged_at=timestamp(alert.acknowledged_at) if alert.acknowledged_at else None,
            acknowledged_by=alert.acknowledged_by,
            resolved=not alert.is_active,
            resolved_at=timestamp(alert.resolved_at) if alert.resolved_at else None,
            resolved_by=alert.resolved_by,
            note=alert.note,
        )


class LoadView(msgspec.Struct, rename="camel", kw_only=True):
    """What one process needs. Lags of its event loop are in milliseconds, `cpuPercent` is of one core."""

    event_loop_lag: int
    event_loop_lag_max: int
    pool_used: int
    pool_max: int
    cpu_percent: float
    memory_bytes: int

    @classmethod
    def of(cls, load: monitoring.workers.Load) -> "LoadView":
        """Show one process's."""
        return cls(
            event_loop_lag=round(load.loop_lag * 1000),
            event_loop_lag_max=round(load.loop_lag_max * 1000),
            pool_used=load.pool_used,
            pool_max=load.pool_max,
            cpu_percent=load.cpu_percent,
            memory_bytes=load.memory_bytes,
        )


class WorkerView(msgspec.Struct, rename="camel", kw_only=True):
    """A worker as it last said of itself."""

    host: str
    pid: int
    alive: bool
    seen_at: str
    load: LoadView | None


class SystemLoadView(msgspec.Struct, rename="camel", kw_only=True):
    """What the installation needs: the process that answers, and every worker. `queueDepth` payouts wait for them."""

    queue_depth: int
    under_way: int
    workers_alive: int
    process: LoadView
    workers: list[WorkerView]

    @classmethod
    def of(cls, load: monitoring.SystemLoad) -> "SystemLoadView":
        """Show it."""
        return cls(
            queue_depth=load.queued,
            under_way=load.under_way,
            workers_alive=load.alive,
            process=LoadView.of(load.here),
            workers=[
                WorkerView(
                    host=worker.host,
                    pid=worker.pid,
                    alive=worker.is_alive,
                    seen_at=timestamp(worker.seen_at),
                    load=LoadView.of(worker.load) if worker.load else None,
                )
                for worker in load.workers
            ],
        )


class ReasonView(msgspec.Struct, rename="camel", kw_only=True):
    """Something that is not well, and the alert about it where one is open."""

    severity: alerts.Severity
    message: str
    alert_id: UUID | None

    @classmethod
    def of(cls, reason: monitoring.Reason) -> "ReasonView":
        """Show one."""
        return cls(severity=reason.severity, message=reason.message, alert_id=reason.alert.id if reason.alert else None)


class HealthView(msgspec.Struct, rename="camel", kw_only=True):
    """How well it goes, and why not better. What was not asked for is left out."""

    status: monitoring.Status
    reasons: list[ReasonView]
    metrics: MetricsView | UnsetType = UNSET
    active_alerts: list[AlertView] | UnsetType = UNSET
    system_load: SystemLoadView
    config: PayoutAlertConfig


class HistoryView(RunTotals, rename="camel", kw_only=True):
    """A run, and what it came to; `keptWaiting` payouts were left for the next one, since one run takes so many."""

    status: RunStatus
    kept_waiting: int
    scheduled_for: str | None
    started_at: str
    ended_at: str | None
    begun_by: str
    correlation_id: str | None

    @classmethod
    def of_run(cls, totals: RunTotals, run: Run, *, status: RunStatus) -> "HistoryView":
        """Show one."""
        return cls(
            **msgspec.structs.asdict(totals),
            status=status,
            kept_waiting=run.kept_waiting,
            scheduled_for=timestamp(run.due_at) if run.cron else None,
            started_at=timestamp(run.begun_at),
            ended_at=timestamp(run.ended_at) if run.ended_at else None,
            begun_by=run.begun_by,
            correlation_id=run.correlation_id,
        )


class MonitoringView(msgspec.Struct, rename="camel", kw_only=True):
    """All of it at one moment."""

    timestamp: str
    program: str
    scheduler: SchedulerView
    processing: ProcessingView
    health: HealthView
    history: list[HistoryView] | UnsetType = UNSET


class MonitoringAnswer(msgspec.Struct):
    """What was asked for."""

    success: bool
    data: MonitoringView


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
