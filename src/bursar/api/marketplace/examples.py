"""What the documentation shows of the marketplace's API."""

from typing import Any, Final

ID: Final = "01a1f850-5d42-7c08-a4d6-d16c0fa92a68"
AT: Final = "2026-01-05T10:00:00.000Z"
LATER: Final = "2026-01-05T11:00:00.000Z"

REQUESTED: Final[dict[str, Any]] = {
    "payout_id": ID,
    "user_id": "scout-1",
    "payout_type": "scout_bounty",
    "status": "pending",
    "amount_paise": 1000,
    "netted_paise": 0,
    "currency": "INR",
    "scout_id": "scout-1",
    "order_id": None,
    "payment_reference": None,
    "failure_reason": None,
    "created_at": AT,
    "updated_at": AT,
    "completed_at": None,
}

COMPLETED: Final[dict[str, Any]] = REQUESTED | {
    "status": "completed",
    "payment_reference": "PAY-1234567890-abc12345",
    "updated_at": LATER,
    "completed_at": LATER,
}

MY_PAYOUTS: Final[dict[str, Any]] = {
    "payouts": [COMPLETED],
    "total": 5,
    "total_paid_paise": 5000,
    "pending_paise": 1000,
    "processing_paise": 0,
    "next_cursor": None,
    "has_more": False,
}

DETAIL: Final[dict[str, Any]] = REQUESTED | {
    "waiting": {"reason": "next_run", "text": "It leaves with the next payment run.", "until": LATER},
    "history": [
        {"timestamp": AT, "status": "pending", "text": "You asked for this payout; its amount is reserved."},
        {"timestamp": AT, "status": "pending", "text": "Approved."},
    ],
    "earnings": [{"reference": "bounty:order-17", "description": "", "amount_paise": 1000, "status": "RESERVED"}],
}

EARNER: Final[dict[str, Any]] = {
    "id": ID,
    "user_id": "scout-1",
    "program": "marketplace",
    "name": "Asha Rao",
    "currency": "INR",
    "earnings_paise": 2500,
    "available_paise": 1500,
    "reserved_paise": 1000,
    "paid_paise": 4000,
    "debt_paise": 0,
}

BOUNTY: Final[dict[str, Any]] = {"reference": "referral-7", "amount_paise": 2500, "description": "Found a new seller"}

CREDITED: Final[dict[str, Any]] = {
    "id": ID,
    "scout_id": "scout-1",
    "reference": "referral-7",
    "amount_paise": 2500,
    "description": "Found a new seller",
    "earned_at": AT,
    "replayed": False,
}

REFUSED: Final[dict[str, Any]] = {
    "code": "earning_reference_reused",
    "message": f"The reference 'referral-7' stands for the earning {ID} with other content.",
    "field": "reference",
    "rule": "one that was not used for anything else",
    "reference": "referral-7",
    "earning": ID,
}

RECRUITER: Final[dict[str, Any]] = {"seller_id": "seller-1", "scout_id": "scout-1", "since": AT, "bounties": 0}

ORDER_WANTED: Final[dict[str, Any]] = {
    "order_id": "order-17",
    "seller_id": "seller-1",
    "item": "A bicycle",
    "price_paise": 50000,
    "buyer": "buyer-3",
}

ORDER: Final[dict[str, Any]] = {
    "id": ID,
    "order_id": "order-17",
    "program": "marketplace",
    "seller_id": "seller-1",
    "buyer": "buyer-3",
    "item": "A bicycle",
    "price_paise": 50000,
    "fee_paise": 5000,
    "bounty_paise": 0,
    "currency": "INR",
    "status": "open",
    "reason": None,
    "payout_id": None,
    "payout_refused": None,
    "recovered_paise": 0,
    "taken_back_paise": 0,
    "owed_paise": 0,
    "created_at": AT,
    "completed_at": None,
    "ended_at": None,
}

SOLD: Final[dict[str, Any]] = ORDER | {
    "status": "completed", "bounty_paise": 2500, "payout_id": ID, "completed_at": LATER,
}  # fmt: skip

COMPLETION: Final[dict[str, Any]] = SOLD | {
    "payout": REQUESTED
    | {
        "user_id": "seller-1",
        "payout_type": "seller_payout",
        "amount_paise": 50000,
        "scout_id": None,
        "order_id": "order-17",
    }
}

REFUNDED: Final[dict[str, Any]] = SOLD | {
    "status": "refunded", "reason": "Sent back", "taken_back_paise": 50000, "ended_at": LATER,
}  # fmt: skip

CANCELLED: Final[dict[str, Any]] = ORDER | {"status": "cancelled", "reason": "Sold out", "ended_at": LATER}

ORDERS_PAGE: Final[dict[str, Any]] = {"orders": [ORDER], "next_cursor": None, "has_more": False}

NO_SUCH_ORDER: Final[dict[str, Any]] = {
    "code": "order_not_found", "message": "There is no such order.", "order": "order-18",
}  # fmt: skip
