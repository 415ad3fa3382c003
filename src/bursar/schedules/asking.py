"""Asking for payouts, stretch by stretch: for balances, or for holders whose own schedule has come round.

Each stretch is one transaction: the payouts, their money and how far the run has come are written together. So whoever
goes on after a crash begins where the last commit ended, and nobody is asked for twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bursar import holders, payouts, programs
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.faults import fault
from bursar.foundation.money import total
from bursar.holders import Destination
from bursar.payouts import Ask, Desk, Payout
from bursar.schedules import own, store
from bursar.schedules.model import Run
from bursar.schedules.walk import Candidate, LeftOut, walk


async def ask_for_more(tx: Transaction, run: Run, *, terms: programs.Terms, desk: Desk, at_most: int) -> Run:
    """Ask for the payouts of the next ``at_most`` holders of a locked run; the run as it stands then.

    A constant number of statements. Balances are locked from the look at them on, so each payout is all that is there.
    """
    at = await tx.now()
    stretch = await walk(tx, terms, after=run.cursor, limit=at_most, at=at, hold=True)
    answers = await _ask_each(tx, run, stretch.candidates, desk=desk, at=at)
    made = [one for one in answers.values() if isinstance(one, Payout)]
    reasons = {holder_id: one for holder_id, one in answers.items() if isinstance(one, str)}
    if stretch.wishes:
        await holders.note_rounds(tx, own.rounds(terms, stretch.wishes, reasons, at=at), at=at)
    fault("runs.before_asked")
    return await store.note_asked(
        tx,
        run.id,
        more=len(made),
        amount=total((one.amount for one in made), terms.currency),
        left_out=Counter(run.left_out) + Counter(reasons.values()),
        cursor=stretch.last or run.cursor,
        is_all=stretch.last is None,
    )


async def open_all(
    tx: Transaction, candidates: Sequence[Candidate], *, keyring: Keyring
) -> list[tuple[Candidate, Destination]]:
    """Those who can be paid, each with where to."""
    payable = [one for one in candidates if one.reason is None]
    stored = [one.payee.destination for one in payable if one.payee.destination is not None]
    opened = await holders.open_destinations(tx, stored, keyring=keyring)
    return [(one, whole) for one, whole in zip(payable, opened, strict=True) if whole is not None]


async def _ask_each(
    tx: Transaction, run: Run, candidates: Sequence[Candidate], *, desk: Desk, at: datetime
) -> Mapping[UUID, Payout | str]:
    """A payout for each of these holders, or the reason why there is none."""
    wanted = await open_all(tx, candidates, keyring=desk.keyring)
    asks = [_ask(run, candidate, destination) for candidate, destination in wanted]
    made = await payouts.request(tx, asks, desk=desk, at=at) if asks else []
    answers: dict[UUID, Payout | str] = {one.payee.id: one.reason or LeftOut.UNREADABLE for one in candidates}
    for (candidate, _), answer in zip(wanted, made, strict=True):
        answers[candidate.payee.id] = answer.code if isinstance(answer, Refusal) else answer
    return answers


def _ask(run: Run, candidate: Candidate, destination: Destination) -> Ask:
    """What a run asks for. Where it takes so many and no more, a payout by an own schedule waits for its turn."""
    is_the_runs = run.pays is programs.Pays.BALANCES  # Else it is whichever run's that hands it over.
    return Ask(
        holder_id=candidate.payee.id,
        program=run.program,
        reference=run.reference,
        amount=candidate.amount,
        destination=destination,
        requester=f"system:run:{run.id}",
        requester_person=run.person,
        correlation_id=run.correlation_id,
        run_id=run.id if is_the_runs else None,
        tries_max=run.tries_max if is_the_runs else None,
        is_stored=True,
        kind=payouts.kind_for(candidate.payee.kind),
    )
