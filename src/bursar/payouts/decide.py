"""What people decide about payouts: approve, reject, cancel, try again."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from bursar import approvals, earnings, identity, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.payouts import store
from bursar.payouts.advance import advance
from bursar.payouts.errors import HolderOwes, NoSuchPayout, OwnInterest, PayoutBarred, WrongState
from bursar.payouts.model import MOVES, Payout, PayoutState, Step, can


async def approve(
    tx: Transaction, payout_ids: Sequence[UUID], *, person: UUID, book: programs.Book, reason: str = ""
) -> list[Payout | Refusal]:
    """Cast this person's word for these payouts; those that now have enough approvals are free to leave.

    A payout that needs more words comes back as it is, still in review. Refused one by one: not in review, asked for
    by this person or anybody else for a holder for whom they act, already voted on by them, or changed since.
    """
    return await _vote(tx, payout_ids, person=person, in_favour=True, reason=reason, book=book)


async def reject(
    tx: Transaction, payout_ids: Sequence[UUID], *, person: UUID, book: programs.Book, reason: str
) -> list[Payout | Refusal]:
    """Turn these payouts down; one veto is enough, and their money is released."""
    return await _vote(tx, payout_ids, person=person, in_favour=False, reason=reason, book=book)


async def cancel(
    tx: Transaction, payout_ids: Sequence[UUID], *, actor: str, book: programs.Book, reason: str = ""
) -> list[Payout | Refusal]:
    """Withdraw these payouts while nothing has been sent; their money is released."""
    return await _steps(tx, payout_ids, verb="cancel", actor=actor, book=book, reason=reason)


async def retry(
    tx: Transaction, payout_ids: Sequence[UUID], *, actor: str, book: programs.Book, reason: str = ""
) -> list[Payout | Refusal]:
    """Send failed payouts again; their money is reserved anew, which may be refused.

    Those are refused whose holders owe something by now: a payout stays what was approved, so nothing of it is netted.
    Their holders may ask anew, or the debts be settled first. One that was barred is refused for good.
    """
    locked, _ = await store.lock(tx, payout_ids)
    failed = [payout for payout in locked.values() if can(payout.state, "retry")]
    barred = {payout.id: PayoutBarred(payout=str(payout.id)) for payout in failed if payout.barred}
    owing = await _owing(tx, [payout for payout in failed if payout.id not in barred], book=book)
    free = [payout_id for payout_id in payout_ids if payout_id not in barred.keys() | owing.keys()]
    retried = await _steps(tx, free, verb="retry", actor=actor, book=book, reason=reason)
    answers: dict[UUID, Payout | Refusal] = {**barred, **owing, **dict(zip(free, retried, strict=True))}
    return [answers[payout_id] for payout_id in payout_ids]


async def bar(tx: Transaction, payout_ids: Collection[UUID]) -> None:
    """Keep payouts from being tried again once they have failed: what they pay for was undone. The caller holds them.

    What is on its way stays on its way, and what gateways say of it counts.
    """
    await store.bar(tx, payout_ids)


async def _steps(
    tx: Transaction, payout_ids: Sequence[UUID], *, verb: str, actor: str, book: programs.Book, reason: str
) -> list[Payout | Refusal]:
    once = list(dict.fromkeys(payout_ids))  # Whoever names a payout twice means it once.
    steps = [Step(payout_id=payout_id, verb=verb, actor=actor, reason=reason or None) for payout_id in once]
    moved = dict(zip(once, await advance(tx, steps, book=book), strict=True))
    return [moved[payout_id] for payout_id in payout_ids]


async def _owing(tx: Transaction, failed: Sequence[Payout], *, book: programs.Book) -> dict[UUID, HolderOwes]:
    """Those of these payouts whose holders owe something; none in programs without earnings, and nobody is asked."""
    terms = await book.judge(tx, {payout.program for payout in failed})
    purses = {
        payout.id: (payout.holder_id, payout.amount.currency)
        for payout in failed
        if terms[payout.program].credits is programs.Credits.EARNINGS
    }
    owed = await earnings.owed(tx, set(purses.values())) if purses else {}
    return {
        payout.id: HolderOwes(owed=owed[purses[payout.id]], asked=payout.amount)
        for payout in failed
        if purses.get(payout.id) in owed
    }


async def _vote(
    tx: Transaction, payout_ids: Sequence[UUID], *, person: UUID, in_favour: bool, reason: str, book: programs.Book
) -> list[Payout | Refusal]:
    locked, at = await store.lock(tx, payout_ids)
    answers: dict[UUID, Payout | Refusal] = {
        payout_id: _insist_in_review(locked.get(payout_id), payout_id, in_favour) for payout_id in payout_ids
    }
    own = await _own(tx, [payout for payout in answers.values() if isinstance(payout, Payout)], person)
    answers |= {payout_id: OwnInterest(payout=str(payout_id)) for payout_id in own}
    waiting = [payout for payout in answers.values() if isinstance(payout, Payout)]
    ballots = [
        approvals.Ballot(subject_id=p.id, person_id=person, digest=p.digest, in_favour=in_favour, reason=reason)
        for p in waiting
    ]
    standings = dict(zip([p.id for p in waiting], await approvals.vote(tx, ballots), strict=True)) if waiting else {}
    steps = []
    for payout_id, standing in standings.items():
        match standing:
            case Refusal():
                answers[payout_id] = standing
            case approvals.Standing.APPROVED | approvals.Standing.REJECTED:
                verb = "approve" if standing is approvals.Standing.APPROVED else "reject"
                steps.append(Step(payout_id=payout_id, verb=verb, actor=f"person:{person}", reason=reason or None))
    if steps:
        moved = await advance(tx, steps, book=book, locked=locked, at=at)
        answers |= dict(zip((step.payout_id for step in steps), moved, strict=True))
    return [answers[payout_id] for payout_id in payout_ids]


async def _own(tx: Transaction, about: Iterable[Payout], person: UUID) -> list[UUID]:
    """Those that pay holders for whom this person acts, though others asked, or a system in nobody's name."""
    holder_of = {payout.id: payout.holder_id for payout in about if payout.requester_person != person}
    acting = await identity.people_of(tx, set(holder_of.values())) if holder_of else {}
    own = {holder_id for holder_id, people in acting.items() if any(one.id == person for one in people)}
    return [payout_id for payout_id, holder_id in holder_of.items() if holder_id in own]


def _insist_in_review(payout: Payout | None, payout_id: UUID, in_favour: bool) -> Payout | Refusal:
    verb = "approve" if in_favour else "reject"
    if payout is None:
        return NoSuchPayout(payout=str(payout_id))
    if payout.state is not PayoutState.IN_REVIEW:
        return WrongState(verb=verb, state=payout.state, allowed_from=sorted(MOVES[verb].sources))
    return payout
