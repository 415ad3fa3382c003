"""What happened between us and the gateways about one payout, for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bursar.dispatch import store
from bursar.dispatch.reports import store as reports
from bursar.foundation.db import Transaction


@dataclass(frozen=True, slots=True)
class Happening:
    """One line: an attempt was sent, was answered, a report came, or a break was opened."""

    at: datetime
    what: str
    facts: dict[str, Any]


async def happenings(tx: Transaction, payout_id: UUID) -> list[Happening]:
    """Attempts, answers, reports and open breaks of one payout, in the order they happened."""
    lines: list[Happening] = []
    for row in await store.attempts_of(tx, payout_id):
        common = {"attempt": row["generation"], "gateway": row["gateway"]}
        lines.append(Happening(row["sent_at"], "attempt_sent", {**common, "key": row["key"]}))
        if row["answered_at"] is not None:
            answer = {"outcome": row["outcome"], "reason": row["reason"], "answer": row["answer"]}
            lines.append(Happening(row["answered_at"], "attempt_answered", {**common, **answer}))
        lines += [
            Happening(
                report["received_at"], "report", {**common, "outcome": report["outcome"], "result": report["result"]}
            )
            for report in await reports.about(tx, row["gateway"], row["key"])
        ]
    lines += [Happening(row["opened_at"], "break", {"kind": row["kind"]}) for row in await store.breaks(tx, payout_id)]
    return sorted(lines, key=lambda line: line.at)
