"""What the documentation shows of reconciliation."""

from typing import Any, Final

from bursar.api.staff.examples import AT, ID

COMPARISON: Final[dict[str, Any]] = {
    "id": ID,
    "way": "list",
    "gateway": "somebank",
    "since": AT,
    "until": AT,
    "state": "done",
    "failure": None,
    "passed": False,
    "payments": 1204,
    "differing": 1,
    "opened": 1,
    "closed": 0,
    "askedBy": "system:reconciliation",
    "begunAt": AT,
    "endedAt": AT,
}

ITEM: Final[dict[str, Any]] = {
    "id": ID,
    "kind": "paid_after_refused",
    "payoutId": ID,
    "program": "merchants",
    "gateway": "somebank",
    "key": "01a1f8505d427c08a4d6d16c0fa92a68-1",
    "gatewayReference": "PSP1763640000000ABCDEFGHI",
    "amount": "1000.00",
    "currency": "PKR",
    "ageSeconds": 5400,
    "owner": "treasury",
    "suggested": "settle",
    "possible": ["settle", "write_off", "refuse"],
    "seenBy": ["list"],
    "happenedAt": AT,
    "openedAt": AT,
    "closedAt": None,
    "resolution": None,
    "facts": {"said": "paid", "known": "refused", "state": "failed"},
}

CORRECTION: Final[dict[str, Any]] = {
    "id": ID,
    "itemId": ID,
    "action": "settle",
    "state": "waiting",
    "program": "merchants",
    "reason": "It is on the statement of the 19th",
    "proposedBy": ID,
    "proposedAt": AT,
    "decidedBy": None,
    "decidedAt": None,
}

RECOVERY: Final[dict[str, Any]] = {
    "sending": "off",
    "reason": "database_restored",
    "knownUntil": AT,
    "begunAt": AT,
    "begunBy": "system:recovery",
    "notCompared": [],
    "openItems": 2,
}
