"""A notice as it might be, for looking at templates: no holder, no payout, no account."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bursar.foundation.money import Money
from bursar.outbound.notices.model import Kind
from bursar.programs import Terms


def sample(kind: Kind, terms: Terms, *, at: datetime) -> Mapping[str, Any]:
    """The facts of a notice of this kind in a program."""
    facts: dict[str, Any] = {
        "name": "Amina Bello",
        "program": terms.title,
        "time_zone": terms.dispatch.time_zone or "UTC",
        "last4": "4321",
        "at": at.isoformat(),
    }
    match kind:
        case Kind.DESTINATION_CHANGED:
            return facts | {"usable_at": (at + timedelta(hours=24)).isoformat()}
        case Kind.DESTINATION_DENIED:
            return facts
        case Kind.ALERT_OPENED | Kind.ALERT_RESOLVED:
            return facts | _alert(at)
        case Kind.RUN_FINISHED:
            return facts | _run(terms)
        case _:
            return facts | {
                "payout": "0193f0c1-7a5e-7b11-9c58-1f0c2a6d5e01",
                "reference": "order-1042",
                "amount": str(Money.parse("45000", terms.currency)),
                "reason": "the invoice is missing" if kind is Kind.REJECTED else "account_closed",
                "money": "paid" if kind is Kind.COMPLETED else "available",
                "hours": terms.review.expires_after_hours,
                "findings": ["It is more than five times what was paid before."],
            }


def _alert(at: datetime) -> dict[str, Any]:
    return {
        "told": "alert.opened",
        "alert": "0193f0c1-7a5e-7b11-9c58-1f0c2a6d5e03",
        "type": "failure_rate",
        "severity": "critical",
        "message": "24 % of the payouts that ended within 24 hours failed (6 of 25); the limit is 10 %.",
        "opened_at": (at - timedelta(minutes=12)).isoformat(),
        "resolved_by": "anna@example.com",
        "note": "The bank was away for ten minutes.",
    }


def _run(terms: Terms) -> dict[str, Any]:
    return {
        "run": "0193f0c1-7a5e-7b11-9c58-1f0c2a6d5e02",
        "total": 25,
        "succeeded": 23,
        "failed": 2,
        "amounts": [str(Money.parse("2500", terms.currency))],
        "left_out": {"below_minimum": 112},
        "duration": "45 s",
        "errors": ["account_closed: 2"],
        "stopped_why": None,
    }
