"""What the documentation shows of watching over payouts, with the figures of the writers document."""

from typing import Any, Final

from bursar.api.writers.examples import (
    ALERTS,
    AT,
    COMPLETED,
    CORRELATION,
    ID,
    NEXT,
    PROCESSING,
    RUN,
    SCHEDULE,
)

METRICS: Final[dict[str, Any]] = {
    "windowStart": "2024-01-14T10:31:00.000Z",
    "windowEnd": "2024-01-15T10:31:00.000Z",
    "totalPayouts": 155,
    "successfulPayouts": 150,
    "failedPayouts": 5,
    "successRate": 96.77,
    "failureRate": 3.23,
    "retryRate": 4.1,
    "averageProcessingTime": 1800,
    "processingTime": {"p50": 1500, "p95": 4200, "p99": 9000},
    "totalAmount": 15500.0,
    "currency": "USD",
    "pendingPayouts": 0,
    "pendingAmount": 0.0,
    "pendingByState": {},
    "oldestPendingAge": None,
}

LOAD: Final[dict[str, Any]] = {
    "eventLoopLag": 1,
    "eventLoopLagMax": 12,
    "poolUsed": 1,
    "poolMax": 12,
    "cpuPercent": 3.5,
    "memoryBytes": 94371840,
}

MONITORING: Final[dict[str, Any]] = {
    "success": True,
    "data": {
        "timestamp": AT,
        "program": "writers",
        "scheduler": {"isRunning": False, "nextScheduledTime": NEXT, "config": SCHEDULE},
        "processing": {
            "isProcessing": False,
            "totalInQueue": 0,
            "totalCompleted": 150,
            "totalFailed": 5,
            "config": PROCESSING,
        },
        "health": {
            "status": "healthy",
            "reasons": [],
            "metrics": METRICS,
            "activeAlerts": [],
            "systemLoad": {
                "queueDepth": 0,
                "underWay": 0,
                "workersAlive": 1,
                "process": LOAD,
                "workers": [{"host": "pay-1", "pid": 4711, "alive": True, "seenAt": AT, "load": LOAD}],
            },
            "config": ALERTS,
        },
        "history": [
            {name: value for name, value in RUN.items() if name != "nextScheduledTime"}
            | {
                "status": "success",
                "keptWaiting": 0,
                "scheduledFor": "2024-01-01T09:00:00.000Z",
                "startedAt": "2024-01-01T09:00:00.120Z",
                "endedAt": "2024-01-01T09:00:45.120Z",
                "begunBy": "system:schedule",
                "correlationId": CORRELATION,
            }
        ],
    },
}

TRIGGERED: Final[dict[str, Any]] = COMPLETED | {"action": "triggerPayouts"}

ACTIONS: Final[dict[str, Any]] = {
    "Trigger payouts": {"action": "triggerPayouts", "forceRun": True, "dryRun": True},
    "Update the schedule": {
        "action": "updateSchedule",
        "frequency": "weekly",
        "dayOfWeek": 1,
        "hour": 10,
        "minute": 0,
        "enabled": True,
    },
    "Update the alerts": {
        "action": "updateAlertConfig",
        "config": {"failureRateThreshold": 5, "notificationEmails": ["finance@example.com"]},
        "note": "More people look at it now",
    },
    "Acknowledge an alert": {"action": "acknowledgeAlert", "alertId": ID},
    "Resolve an alert": {"action": "resolveAlert", "alertId": ID, "note": "The bank is back"},
    "Calculate metrics": {"action": "getMetrics", "windowHours": 24},
}
