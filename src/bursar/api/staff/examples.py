"""What the documentation shows of the staff's API."""

from typing import Any, Final

ID: Final = "01a1f850-5d42-7c08-a4d6-d16c0fa92a68"
AT: Final = "2025-12-12T11:13:51.708Z"
PERSON: Final = {"id": ID, "email": "amina@example.com", "name": "Amina", "roles": ["Manager"]}

SIGNED_IN: Final[dict[str, Any]] = {
    "token": "yq0bQ2pXcZ5mB7wK1uVtN8rLhF3jD6sA9gEoI4xCzPk",
    "expiresAt": "2025-12-12T23:13:51.708Z",
    "csrfToken": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "person": PERSON,
}

PAYOUT: Final[dict[str, Any]] = {
    "id": ID,
    "program": "merchants",
    "holder": {"id": ID, "reference": "acme", "name": "Acme"},
    "reference": "test-review",
    "kind": "merchant",
    "orderId": None,
    "amount": "150000.00",
    "netted": "0.00",
    "currency": "PKR",
    "state": "in_review",
    "reason": "amount_over_review_threshold",
    "verdict": "high",
    "flagged": True,
    "findings": [
        {
            "rule": "amount_over_review_threshold",
            "level": "high",
            "sentence": "The amount of 150,000.00 PKR is at or above 100,000.00 PKR, from where a person decides.",
            "facts": {"amount": "150000.00", "threshold": "100000.00"},
        }
    ],
    "destination": {"type": "BANK", "bankCode": "HBL", "last4": "0001", "accountTitle": "Test User"},
    "gateway": None,
    "gatewayReference": None,
    "attempts": 0,
    "dueAt": None,
    "waitsForRun": False,
    "requestedBy": f"key:{ID}",
    "createdAt": AT,
    "updatedAt": AT,
    "processedAt": None,
}

DETAIL: Final[dict[str, Any]] = PAYOUT | {
    "termsVersion": 1,
    "approval": {"needed": 1, "given": 0, "standing": "waiting"},
    "earnings": [],
    "timeline": [
        {
            "timestamp": AT,
            "kind": "move",
            "text": "review: in_review (amount_over_review_threshold), by system:terms",
            "facts": {"seq": 2, "verb": "review", "from": "requested", "to": "in_review"},
        }
    ],
}

SWITCH: Final[dict[str, Any]] = {
    "scope": "program",
    "subject": "merchants",
    "reason": "The bank asked us to wait",
    "setBy": f"person:{ID}",
    "setAt": AT,
    "waiting": {"payouts": 12, "amounts": {"PKR": "48000.00"}},
}


GATEWAY: Final[dict[str, Any]] = {
    "name": "our-bank",
    "circuit": {
        "stage": "open",
        "since": "2025-12-12T11:13:51.708Z",
        "reason": "timed_out",
        "failedProbes": 1,
        "nextProbeAt": "2025-12-12T11:14:21.708Z",
    },
    "low": [],
    "breaks": 0,
}


def envelope(data: Any, message: str) -> dict[str, Any]:
    """An answer in its envelope."""
    return {"data": data, "message": message, "timestamp": AT}
