"""What the documentation shows of the platform's API."""

from typing import Any, Final

from bursar.api.providers.examples import AT, DESTINATION, ID

REGISTER: Final[dict[str, Any]] = {
    "One, verified": {
        "holders": [{"reference": "ada", "name": "Ada Obi", "email": "ada@example.com", "verified": True}],
    },
    "Several, as staff": {
        "program": "providers",
        "holders": [{"reference": "ada", "name": "Ada Obi"}, {"reference": "chidi", "name": "Chidi Eze"}],
    },
}

HOLDER: Final[dict[str, Any]] = {
    "id": ID,
    "program": "providers",
    "kind": "provider",
    "reference": "ada",
    "name": "Ada Obi",
    "email": "ada@example.com",
    "verifiedAt": AT,
}

PAGE: Final[dict[str, Any]] = {"data": [HOLDER], "nextCursor": None, "hasMore": False}

DETAIL: Final[dict[str, Any]] = HOLDER | {"destinations": [DESTINATION | {"accountTitleFound": "OBI ADA"}]}

PREFERENCES: Final[dict[str, Any]] = {
    "holderId": ID,
    "minimum": "100.00",
    "currency": "USD",
    "pausedFrom": None,
    "pausedUntil": None,
    "schedule": None,
    "held": False,
    "heldReason": None,
    "heldBy": None,
    "heldAt": None,
}

WISHES: Final[dict[str, Any]] = {
    "Larger payouts": {"minimum": "100.00"},
    "Nothing in summer": {"pausedFrom": "2026-06-01", "pausedUntil": "2026-09-01"},
    "Paid on Mondays": {"schedule": {"frequency": "weekly", "day": 1, "hour": 9}},
    "As before": {"minimum": None, "pausedFrom": None, "schedule": None},
}
