"""Asking for the payouts of a run over balances, stretch by stretch.

Each stretch is one transaction: the payouts, their money and how far the run has come are written together. So whoever
goes on after a crash begins where the last commit ended, and nobody is asked for twice.
"""

from collections import Counter
from collections.abc import Sequence

from bursar import holders, payouts
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.faults import fault
from bursar.foundation.money import total
from bursar.holders import Destination
from bursar.payouts import Ask, Desk
from bursar.schedules import store
from bursar.schedules.model import Run
from bursar.schedules.walk import Candidate, LeftOut, walk


async def ask_for_more(tx: Transaction, run: Run, *, desk: Desk, at_most: int) -> Run:
    """Ask for the payouts of the next ``at_most`` holders of a locked run; the run as it stands then.

    A constant number of statements. Balances are locked from the look at them on, so each payout is all that is there.
    """
    at = await tx.now()
    terms = (await desk.book.judge(tx, {run.program}))[run.program]
    stretch = await walk(tx, terms, after=run.cursor, limit=at_most, at=at, hold=True)
    wanted, left_out = await open_all(tx, stretch.candidates, keyring=desk.keyring)
    asks = [_ask(run, candidate, destination) for candidate, destination in wanted]
    answers = await payouts.request(tx, asks, desk=desk, at=at) if asks else []
    made = [one for one in answers if isinstance(one, payouts.Payout)]
    left_out.update(one.code for one in answers if isinstance(one, Refusal))
    fault("runs.before_asked")
    return await store.note_asked(
        tx,
        run.id,
        more=len(made),
        amount=total((one.amount for one in made), terms.currency),
        left_out=Counter(run.left_out) + left_out,
        cursor=stretch.last or run.cursor,
        is_all=stretch.last is None,
    )


async def open_all(
    tx: Transaction, candidates: Sequence[Candidate], *, keyring: Keyring
) -> tuple[list[tuple[Candidate, Destination]], Counter[str]]:
    """Those who can be paid, each with where to; and how many of the others there are, by reason."""
    left_out = Counter(one.reason for one in candidates if one.reason is not None)
    payable = [one for one in candidates if one.reason is None]
    stored = [one.payee.destination for one in payable if one.payee.destination is not None]
    opened = await holders.open_destinations(tx, stored, keyring=keyring)
    wanted = [(one, whole) for one, whole in zip(payable, opened, strict=True) if whole is not None]
    left_out[LeftOut.UNREADABLE] += len(payable) - len(wanted)
    return wanted, left_out


def _ask(run: Run, candidate: Candidate, destination: Destination) -> Ask:
    return Ask(
        holder_id=candidate.payee.id,
        program=run.program,
        reference=run.reference,
        amount=candidate.amount,
        destination=destination,
        requester=f"system:run:{run.id}",
        requester_person=run.person,
        correlation_id=run.correlation_id,
        run_id=run.id,
        tries_max=run.tries_max,
        is_stored=True,
    )
