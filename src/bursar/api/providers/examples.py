"""What the documentation shows of the providers' API."""

from typing import Any, Final

from bursar.api.earnings import STANDS_FOR

ID: Final = "01a1f850-5d42-7c08-a4d6-d16c0fa92a68"
AT: Final = "2025-12-12T11:13:51.708Z"
SOON: Final = "2025-12-13T11:13:51.708Z"

METHOD: Final[dict[str, Any]] = {
    "type": "BANK", "bankCode": "044", "accountNumber": "0690000031", "accountTitle": "Ada Obi",
}  # fmt: skip
METHODS: Final[dict[str, Any]] = {
    "A bank account": METHOD,
    "An account at the payment provider": {"type": "GATEWAY_ACCOUNT", "account": "acct_1Nv0FGQ9RKHgCVdK"},
    "A UPI address": {"type": "UPI", "address": "anna@okaxis"},
}
_MASKED: Final = METHOD | {"accountNumber": "****0031"}

REQUEST: Final[dict[str, Any]] = {
    "To the default destination": {"amount": 25000},
    "To a bank account": {"amount": 25000, "currency": "NGN", "method": METHOD, "reference": "November"},
    "Amount as a text": {"amount": "25000.00", "method": METHOD},
}

REQUESTED: Final[dict[str, Any]] = {
    "id": ID,
    "status": "REQUESTED",
    "flagged": False,
    "reference": "November",
    "amount": "25000.00",
    "currency": "NGN",
    "method": _MASKED,
    "reason": None,
    "retryAt": None,
    "createdAt": AT,
    "updatedAt": AT,
    "processedAt": None,
}

PAYOUT: Final[dict[str, Any]] = REQUESTED | {"status": "APPROVED"}

_ASKED: Final = {
    "timestamp": AT, "status": "REQUESTED", "text": "You asked for this payout; its amount is reserved.",
}  # fmt: skip

DETAIL: Final[dict[str, Any]] = PAYOUT | {
    "waiting": {
        "reason": "cool_off",
        "text": "The bank account is new. For your protection it is paid to only after a while.",
        "until": SOON,
    },
    "canCancel": True,
    "history": [_ASKED, {"timestamp": AT, "status": "APPROVED", "text": "Approved."}],
    "earnings": [STANDS_FOR],
}

CANCELLED: Final[dict[str, Any]] = DETAIL | {
    "status": "CANCELLED",
    "reason": "Wrong account",
    "processedAt": AT,
    "waiting": None,
    "canCancel": False,
    "earnings": [STANDS_FOR | {"status": "RELEASED"}],
    "history": [
        _ASKED,
        {
            "timestamp": AT,
            "status": "CANCELLED",
            "text": "Cancelled; its amount is available to you again. Wrong account",
        },
    ],
}

BALANCE: Final[dict[str, Any]] = {
    "currency": "NGN",
    "availableBalance": "75000.00",
    "reservedBalance": "25000.00",
    "totalBalance": "100000.00",
    "pending": [{"status": "APPROVED", "payouts": 1, "amount": "25000.00"}],
}

DESTINATION: Final[dict[str, Any]] = {
    "id": ID,
    "method": _MASKED,
    "default": True,
    "addedAt": AT,
    "usableAt": AT,
    "check": "confirmed",
    "nameScore": 1.0,
    "checkedAt": AT,
}

ME: Final[dict[str, Any]] = {
    "id": ID,
    "email": "ada@example.com",
    "name": "Ada Obi",
    "actsFor": [
        {
            "id": ID, "program": "providers", "reference": "ada", "name": "Ada Obi Plumbing", "kind": "provider",
            "verified": True,
        }
    ],
}  # fmt: skip


def page(item: dict[str, Any]) -> dict[str, Any]:
    """A page that holds one item."""
    return {"data": [item], "nextCursor": None, "hasMore": False}
