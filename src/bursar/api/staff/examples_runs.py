"""What the documentation shows of runs."""

from typing import Any, Final

from bursar.api.staff.examples import AT, ID

FAILURE: Final[dict[str, Any]] = {
    "payoutId": ID,
    "holderId": ID,
    "reference": "writers-2025-12-01",
    "amount": "48.20",
    "currency": "USD",
    "reason": "account_closed",
    "at": AT,
}

RUN: Final[dict[str, Any]] = {
    "id": ID,
    "program": "writers",
    "occurrence": "2025-12-01T09:00",
    "timeZone": "UTC",
    "dueAt": "2025-12-01T09:00:00.000Z",
    "begunBy": "system:schedule",
    "begunAt": "2025-12-01T09:00:00.120Z",
    "standing": "finished",
    "pays": "balances",
    "askedFor": 25,
    "leftOut": {"no_destination": 1, "paused": 2},
    "handedOver": 25,
    "payoutsMax": None,
    "keptWaiting": 0,
    "stoppedAt": None,
    "stoppedBy": None,
    "stoppedWhy": None,
    "finishedAt": "2025-12-01T09:00:01.002Z",
    "endedAt": "2025-12-01T09:00:01.002Z",
    "durationMs": 882,
    "correlationId": f"run-{ID}",
    "results": {
        "total": 25,
        "succeeded": 24,
        "failed": 1,
        "waiting": 0,
        "calledOff": 0,
        "amounts": {"USD": "2500.00"},
        "paid": {"USD": "2451.80"},
        "states": {"completed": 24, "failed": 1},
        "errors": [FAILURE],
    },
}

LEAVING: Final[dict[str, Any]] = {"payouts": 12, "amounts": {"USD": "1180.00"}}

PLAN: Final[dict[str, Any]] = {
    "program": "writers",
    "at": AT,
    "pays": "balances",
    "currency": "USD",
    "payouts": 25,
    "amount": "2500.00",
    "inReview": 0,
    "leftOut": {"below_minimum": {"holders": 310, "amount": "2904.55"}, "paused": {"holders": 2, "amount": "120.00"}},
    "waiting": {"payouts": 0, "amounts": {}},
    "leaving": {"payouts": 25, "amounts": {"USD": "2500.00"}},
    "payoutsMax": None,
    "keptWaiting": 0,
    "blocker": None,
    "stops": None,
    "holders": [
        {
            "holderId": ID,
            "reference": "ada",
            "name": "Ada Obi",
            "available": "102.40",
            "amount": "102.40",
            "outcome": "paid",
        }
    ],
    "nextCursor": None,
}
