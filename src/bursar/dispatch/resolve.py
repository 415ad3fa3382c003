"""Ending an unknown outcome by two people's word, when no gateway ever told."""

import hashlib
from typing import Final
from uuid import UUID

from bursar import approvals
from bursar.dispatch import store
from bursar.dispatch.errors import NothingInDoubt
from bursar.dispatch.model import Attempt, AttemptState, Told
from bursar.dispatch.record import Scribe, record
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.gateways import Outcome, Word

PEOPLE_NEEDED: Final = 2
SOURCE: Final = "people"


async def resolve(
    tx: Transaction, payout_id: UUID, *, person: UUID, paid: bool, reason: str, scribe: Scribe
) -> approvals.Standing:
    """Cast one person's word on whether an attempt in doubt was paid; with the second, the payout moves accordingly.

    Two people have to say the same. Until then nothing moves, and the money stays reserved.

    Raises:
        NothingInDoubt: no attempt of this payout is parked with an unknown outcome.
        Refusal: this person has voted already, or the other one said the opposite.
    """
    parked = await store.parked_attempt(tx, payout_id)
    if parked is None:
        raise NothingInDoubt(payout=str(payout_id))
    attempt, break_id = parked
    digest = _digest(attempt, paid=paid)
    if break_id not in await approvals.polls(tx, [break_id]):
        await approvals.open(tx, [approvals.Request(break_id, digest, PEOPLE_NEEDED)])
    ballot = approvals.Ballot(break_id, person, digest, in_favour=True, reason=reason)
    standing = (await approvals.vote(tx, [ballot]))[0]
    if isinstance(standing, Refusal):
        raise standing
    if standing is approvals.Standing.APPROVED:
        await _carry_out(tx, attempt, break_id, paid=paid, scribe=scribe)
    return standing


async def _carry_out(tx: Transaction, attempt: Attempt, break_id: UUID, *, paid: bool, scribe: Scribe) -> None:
    outcome = Outcome(Word.PAID) if paid else Outcome(Word.REFUSED, reason="resolved_as_not_paid")
    words = await record(tx, [Told(attempt.id, outcome, SOURCE)], scribe=scribe)
    assert words == ["applied"], "a parked attempt is live, and its row is held"
    await store.close_breaks(tx, [break_id], resolution="paid" if paid else "not_paid")


def _digest(attempt: Attempt, *, paid: bool) -> bytes:
    """What the two agree on: this attempt, and what became of it."""
    assert attempt.outcome is AttemptState.UNKNOWN, "only what is unknown is voted on"
    return hashlib.sha256(f"{attempt.gateway}\x1f{attempt.key}\x1f{paid}".encode()).digest()
