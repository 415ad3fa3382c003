"""Taking back what a run asked for and has not sent."""

from uuid import UUID

from bursar import programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.payouts.advance import advance
from bursar.payouts.model import Step
from bursar.payouts.runs import store


async def cancel_rest(
    tx: Transaction, run_id: UUID, *, actor: str, reason: str, limit: int, book: programs.Book
) -> int:
    """Cancel the next payouts of a run that have not left, oldest first; how many. Their money is released.

    What a gateway has been given stays, and so does what may have been paid although the gateway said otherwise: that
    is for two people. A constant number of statements.
    """
    locked, at = await store.hold_rest(tx, run_id, limit=limit)
    steps = [Step(payout_id=payout_id, verb="cancel", actor=actor, reason=reason) for payout_id in locked]
    if steps:
        for answer in await advance(tx, steps, book=book, locked=locked, at=at):
            assert not isinstance(answer, Refusal), f"only such as can be cancelled are held: {answer}"
    return len(steps)
