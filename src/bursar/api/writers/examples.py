"""What the documentation shows of the scheduler's address, and of watching over payouts: the document's own figures."""

from typing import Any, Final

ID: Final = "01a1f850-5d42-7c08-a4d6-d16c0fa92a68"
AT: Final = "2024-01-15T10:30:00.000Z"
NEXT: Final = "2024-02-01T09:00:00.000Z"
CORRELATION: Final = "corr_abc123"

BODY: Final[dict[str, Any]] = {"forceRun": False, "dryRun": False, "batchSize": 10, "maxRetries": 3}

FAILURE: Final[dict[str, Any]] = {
    "payoutId": ID,
    "holder": "ada",
    "reference": "2024-01-01 09:00 UTC",
    "amount": 120.5,
    "reason": "account_closed",
    "at": AT,
}

RUN: Final[dict[str, Any]] = {
    "runId": ID,
    "program": "writers",
    "currency": "USD",
    "totalPayouts": 25,
    "successfulPayouts": 23,
    "failedPayouts": 2,
    "waitingPayouts": 0,
    "totalAmount": 2500.0,
    "leftOut": {"below_minimum": 40},
    "duration": 45000,
    "errors": [FAILURE],
    "nextScheduledTime": NEXT,
}

COMPLETED: Final[dict[str, Any]] = {
    "success": True,
    "status": "success",
    "message": "Automated payout processing completed",
    "data": RUN,
    "correlationId": CORRELATION,
}

UNDER_WAY: Final[dict[str, Any]] = COMPLETED | {
    "status": "running",
    "message": "Automated payout processing is under way",
    "data": RUN | {"successfulPayouts": 20, "failedPayouts": 0, "waitingPayouts": 5, "errors": []},
}

SCHEDULE: Final[dict[str, Any]] = {
    "enabled": True,
    "frequency": "monthly",
    "dayOfMonth": 1,
    "hour": 9,
    "minute": 0,
    "timezone": "UTC",
    "minimumThreshold": 25.0,
    "batchSize": 10,
    "maxRetries": 3,
    "notificationEmails": [],
}

PROCESSING: Final[dict[str, Any]] = {
    "batchSize": 10,
    "maxRetries": 3,
    "retryDelayMs": 30000,
    "processingTimeoutMs": 300000,
    "minimumThreshold": 25.0,
    "maxConcurrentProcessing": 5,
    "enableFailsafe": True,
}

ALERTS: Final[dict[str, Any]] = {
    "enabled": True,
    "failureRateThreshold": 10.0,
    "pendingPayoutThreshold": 50,
    "processingDelayThreshold": 24.0,
    "totalAmountThreshold": 10000.0,
    "notificationEmails": [],
    "webhookUrls": [],
}
