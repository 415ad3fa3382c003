"""The first step of a payout: judged by its program's terms, its money reserved, its life begun."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from bursar import approvals, ledger, programs, risk
from bursar.foundation import ids
from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.payouts import store
from bursar.payouts.daily import over_the_day
from bursar.payouts.errors import NotAllowed
from bursar.payouts.model import Ask, Payout, PayoutState, digest

SEALED: Final = ("payouts", "destination")
"""The table and column that destinations are sealed for."""

_BY_THE_TERMS: Final = "system:terms"


Reserve = Callable[[Transaction, Sequence[ledger.Movement]], Awaitable[Sequence[object]]]
"""``ledger.apply``, or ``ledger.foresee`` where nothing is to happen: a refusal for each movement, or anything else."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools a request needs: the programs' terms and the keys that seal destinations."""

    book: programs.Book
    keyring: Keyring


async def request(tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime) -> list[Payout | Refusal]:
    """Accept payouts: judge each by its terms, reserve its money and begin its life.

    Each ask is accepted or refused on its own, in order: a large one that cannot be covered does not
    stand in the way of a small one after it. Costs a constant number of statements.

    Raises:
        NoSuchProgram: an ask names a program that was never applied.
    """
    answers, terms = await _decide(tx, asks, desk=desk, at=at, reserve=partial(ledger.apply, at=at))
    kept = [(payout, ask) for payout, ask in zip(answers, asks, strict=True) if isinstance(payout, Payout)]
    if kept:
        await store.insert(
            tx,
            [_row(payout, desk.keyring.fingerprint(ask.destination.identity)) for payout, ask in kept],
            [event for payout, _ in kept for event in _first_steps(payout)],
        )
        await _ask_approvers(tx, (payout for payout, _ in kept), terms)
    return answers


async def check(tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime) -> list[Payout | Refusal]:
    """What ``request`` would answer to these asks; nothing is stored and no money is moved.

    Raises:
        NoSuchProgram: an ask names a program that was never applied.
    """
    answers, _ = await _decide(tx, asks, desk=desk, at=at, reserve=ledger.foresee)
    return answers


async def _decide(
    tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime, reserve: Reserve
) -> tuple[list[Payout | Refusal], Mapping[str, programs.Terms]]:
    """Judge each ask by its terms, by what was asked for today, and by the money that is there."""
    terms = await desk.book.judge(tx, {ask.program for ask in asks})
    names = ids.series(at, len(asks))  # Sorted as asked, so that lists show them in that order.
    judged = [_judge(ask, terms[ask.program], name, desk=desk, at=at) for ask, name in zip(asks, names, strict=True)]
    born = [payout for payout in judged if isinstance(payout, Payout)]
    refused: dict[UUID, Refusal] = {**await over_the_day(tx, born, terms, at=at)}
    welcome = [payout for payout in born if payout.id not in refused]
    reserved = await reserve(tx, [_reservation(payout) for payout in welcome]) if welcome else []
    refused |= {p.id: result for p, result in zip(welcome, reserved, strict=True) if isinstance(result, Refusal)}
    answers = [refused.get(payout.id, payout) if isinstance(payout, Payout) else payout for payout in judged]
    return answers, terms


def _judge(ask: Ask, terms: programs.Terms, payout_id: UUID, *, desk: Desk, at: datetime) -> Payout | Refusal:
    """Apply the terms; a payout that passes is approved by them, one with findings waits for people."""
    try:
        _insist_on_terms(ask, terms)
    except Refusal as refusal:
        return refusal
    verdict = risk.screen(risk.Facts(amount=ask.amount, review_at=terms.review.amount_at))
    return Payout(
        id=payout_id,
        program=ask.program,
        terms_version=terms.version,
        holder_id=ask.holder_id,
        reference=ask.reference,
        amount=ask.amount,
        state=PayoutState.IN_REVIEW if verdict.needs_review else PayoutState.APPROVED,
        version=2,
        reservation=1,
        destination=desk.keyring.seal(ask.destination.to_bytes(), Place(*SEALED, payout_id)),
        destination_shown=ask.destination.shown,
        destination_group=ask.destination.bank_code,
        digest=digest(ask.amount, ask.destination, program=ask.program, terms_version=terms.version),
        requester=ask.requester,
        requester_person=ask.requester_person,
        findings=[finding.to_json() for finding in verdict.findings],
        gateway=None,
        gateway_reference=None,
        reason=verdict.findings[0].rule if verdict.findings else None,
        due_at=at,
        tries=0,
        correlation_id=ask.correlation_id,
        created_at=at,
        updated_at=at,
        processed_at=None,
    )


def _insist_on_terms(ask: Ask, terms: programs.Terms) -> None:
    """Currency, amount and destination as the program's terms want them.

    Raises:
        NotAllowed: naming the field and the rule.
    """
    if ask.amount.currency != terms.currency:
        raise NotAllowed(field="currency", rule=f"{terms.currency} in this program", given=ask.amount.currency)
    limits = terms.limits
    if limits.minimum is not None and not ask.amount.covers(limits.minimum):
        raise NotAllowed(field="amount", rule=f"at least {limits.minimum}", given=ask.amount.text)
    if limits.maximum is not None and not limits.maximum.covers(ask.amount):
        raise NotAllowed(field="amount", rule=f"at most {limits.maximum}", given=ask.amount.text)
    terms.destinations.insist(ask.destination)


def _reservation(payout: Payout) -> ledger.Movement:
    return ledger.Movement(
        kind=ledger.TransferKind.RESERVE,
        holder_id=payout.holder_id,
        amount=payout.amount,
        program=payout.program,
        payout_id=payout.id,
        reservation=payout.reservation,
    )


def _row(payout: Payout, destination_index: bytes) -> tuple[object, ...]:
    """One row of payouts, in the order of ``store.insert``."""
    return (
        payout.id,
        payout.program,
        payout.terms_version,
        payout.holder_id,
        payout.reference,
        payout.amount.minor,
        payout.amount.currency,
        payout.state.value,
        payout.version,
        payout.destination,
        payout.destination_shown,
        payout.destination_group,
        destination_index,
        payout.digest,
        payout.requester,
        payout.requester_person,
        msgspec.Raw(msgspec.json.encode(payout.findings)),  # A bare list would be read as one more array dimension.
        payout.reason,
        payout.correlation_id,
        payout.created_at,
        payout.updated_at,
        payout.due_at,
    )


def _first_steps(payout: Payout) -> Iterable[store.Event]:
    """A payout's first two steps: it is requested, and its terms either approve it or ask for a review."""
    verb = "review" if payout.state is PayoutState.IN_REVIEW else "approve"
    common = (payout.id, payout.holder_id)
    yield (*common, 1, "request", None, PayoutState.REQUESTED.value, None, {}, payout.requester, payout.correlation_id)
    yield (
        *common,
        2,
        verb,
        PayoutState.REQUESTED.value,
        payout.state.value,
        payout.reason,
        {},
        _BY_THE_TERMS,
        payout.correlation_id,
    )


async def _ask_approvers(tx: Transaction, payouts: Iterable[Payout], terms: Mapping[str, programs.Terms]) -> None:
    """Open an approval for each payout that waits for people, bound to its digest."""
    requests = [
        approvals.Request(
            subject_id=payout.id,
            digest=payout.digest,
            needed=terms[payout.program].review.approvals_needed,
            requester=payout.requester_person,
        )
        for payout in payouts
        if payout.state is PayoutState.IN_REVIEW
    ]
    if requests:
        await approvals.open(tx, requests)
