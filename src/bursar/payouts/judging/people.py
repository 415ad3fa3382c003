"""Asking people about payouts that had been approved, because more is known by now than was when they were."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bursar import approvals, programs
from bursar.foundation.db import Transaction
from bursar.payouts.model import Payout


async def ask_people(
    tx: Transaction, void: Sequence[Payout], before: Mapping[UUID, Payout], terms: programs.Terms
) -> None:
    """Put these up for approval as they are now: anew where people had been asked, and for the first time elsewhere."""
    needed = terms.review.approvals_needed
    requests = [approvals.Request(p.id, p.digest, needed, p.requester_person) for p in void]
    again = [request for request in requests if before[request.subject_id].reviewed]
    new = [request for request in requests if not before[request.subject_id].reviewed]
    if again:
        await approvals.reopen(tx, again)
    if new:
        await approvals.open(tx, new)
