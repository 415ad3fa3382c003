"""What the documentation shows: the merchants document's own bodies, and answers to them."""

from typing import Any, Final

ID: Final = "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b"
LATER: Final = "01a1f850-5d42-7c08-a4d6-d16c0fa92a68"
AT: Final = "2025-12-12T11:13:51.708Z"
MARK: Final = "AaH4UF1CfAik1tFsD6kqaA"

_ASKED: Final = {
    "merchantReference": "test-success",
    "amount": 1000,
    "currency": "PKR",
    "destType": "BANK",
    "bankCode": "HBL",
    "accountNumber": "1234500001",
    "accountTitle": "Test User",
}

CREATE: Final[dict[str, Any]] = {
    "Success": _ASKED,
    "Retry, then success": _ASKED | {"merchantReference": "test-retry", "accountNumber": "9876500002"},
    "Failure": _ASKED | {"merchantReference": "test-failure", "accountNumber": "5555500003"},
    "Stays pending": _ASKED | {"merchantReference": "test-pending", "accountNumber": "1234500004"},
    "On hold": _ASKED | {"merchantReference": "test-hold", "accountNumber": "1234500005"},
    "Review": _ASKED | {"merchantReference": "test-review", "amount": 150000},
    "Amount as a text": _ASKED | {"amount": "1000.00"},
}
"""The document's curl scenarios."""

CREATED: Final[dict[str, Any]] = {
    "id": ID,
    "status": "PENDING",
    "merchantReference": "test-success",
    "amount": "1000.00",
    "currency": "PKR",
    "destType": "BANK",
    "bankCode": "HBL",
    "accountLast4": "0001",
    "accountTitle": "Test User",
    "pspReference": None,
    "reason": None,
    "attempts": 0,
    "createdAt": AT,
    "updatedAt": AT,
    "processedAt": None,
}

PAYOUT: Final[dict[str, Any]] = CREATED | {
    "status": "SUCCESS",
    "pspReference": "PSP1765538031708HMB10PVVF",
    "attempts": 1,
    "processedAt": AT,
}

EVENT: Final[dict[str, Any]] = {
    "event": "payout.updated",
    "eventId": f"evt_{ID.replace('-', '')}_4",
    "payoutId": ID,
    "status": "SUCCESS",
    "pspReference": "PSP1765538031708HMB10PVVF",
    "timestamp": AT,
    "merchantReference": "test-success",
    "amount": "1000.00",
    "currency": "PKR",
    "sequence": 4,
    "reason": None,
}

BALANCE: Final[dict[str, Any]] = {
    "data": [{"currency": "PKR", "balance": "1000000.00", "lockedAmount": "1000.00", "available": "999000.00"}]
}

LINE: Final[dict[str, Any]] = {
    "id": LATER,
    "timestamp": AT,
    "kind": "reserve",
    "amount": "1000.00",
    "currency": "PKR",
    "payoutId": ID,
    "reference": None,
    "balance": "1000000.00",
    "lockedAmount": "1000.00",
    "available": "999000.00",
}

BULK_CSV: Final = (
    "merchantReference,amount,currency,destType,bankCode,accountNumber,accountTitle\r\n"
    "test-success,1000,PKR,BANK,HBL,1234500001,Test User\r\n"
    "test-retry,2500.50,PKR,BANK,HBL,9876500002,Test User\r\n"
)

BULK: Final[dict[str, Any]] = {
    "uploadId": LATER,
    "dryRun": False,
    "rows": 2,
    "accepted": 1,
    "refused": 1,
    "results": [
        {"row": 1, "id": ID, "status": "PENDING"},
        {
            "row": 2,
            "error": {
                "code": "invalid_amount",
                "message": "The amount is not an exact positive decimal of its currency: "
                "amount must be at most 2 decimals in PKR.",
                "field": "amount",
                "rule": "at most 2 decimals in PKR",
                "given": "2500.505",
            },
        },
    ],
}

ENDPOINT: Final[dict[str, Any]] = {
    "id": LATER,
    "url": "https://example.com/webhooks",
    "description": "Production",
    "events": ["payout.updated"],
    "enabled": True,
    "disabledReason": None,
    "failingSince": None,
    "oldSecretUntil": None,
    "createdAt": AT,
}

SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - the Standard Webhooks specification's own sample

DELIVERY: Final[dict[str, Any]] = {
    "id": LATER,
    "endpointId": LATER,
    "eventId": EVENT["eventId"],
    "event": "payout.updated",
    "payoutId": ID,
    "state": "delivered",
    "tries": 1,
    "triesMax": 8,
    "nextTryAt": None,
    "lastStatus": 200,
    "lastError": None,
    "createdAt": AT,
    "finishedAt": AT,
}

TRY: Final[dict[str, Any]] = {"number": 1, "timestamp": AT, "status": 200, "error": None, "durationMs": 84}


def page(*items: dict[str, Any], mark: str = MARK) -> dict[str, Any]:
    """A page of these, after which there are more."""
    return {"data": list(items), "nextCursor": mark, "hasMore": True}
