"""The first step of a payout: judged by its program's terms, its money reserved, its life begun."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from bursar import approvals, earnings, holders, programs, risk
from bursar.foundation import ids
from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.payouts import store
from bursar.payouts.daily import over_the_day
from bursar.payouts.judging import Seen, insist_on_terms, judge
from bursar.payouts.model import Ask, Payout, PayoutState, approved_due, digest, kind_for
from bursar.payouts.netting import Till, as_a_trial, in_earnest, net, reservation

SEALED: Final = ("payouts", "destination")
"""The table and column that destinations are sealed for."""

_BY_THE_TERMS: Final = "system:terms"


Seal = Callable[[Destination, UUID], bytes]
"""Puts a payout's destination into its envelope."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools a request needs: the programs' terms and the keys that seal destinations."""

    book: programs.Book
    keyring: Keyring


async def request(
    tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime, newborn: earnings.Newborn | None = None
) -> list[Payout | Refusal]:
    """Accept payouts: judge each by its terms, reserve its money and begin its life.

    Each ask is accepted or refused on its own, in order: a large one that cannot be covered does not
    stand in the way of a small one after it. What a holder owes is kept back and the payout is made for the rest, by
    which its terms judge it (see ``netting``). What this transaction has earned for them may be ``newborn`` still.
    Costs a constant number of statements.

    Raises:
        NoSuchProgram: an ask names a program that was never applied.
    """
    seal = partial(_seal, keyring=desk.keyring)
    answers, terms = await _decide(tx, asks, desk=desk, at=at, till=in_earnest(newborn, at=at), seal=seal)
    made = [payout for payout in answers if isinstance(payout, Payout)]
    if made:
        steps = [event for payout in made for event in _first_steps(payout)]
        await store.insert(tx, [_row(payout) for payout in made], steps)
        await _ask_approvers(tx, made, terms)
        reserved = [reservation(p) for p in made if terms[p.program].credits is programs.Credits.EARNINGS]
        await earnings.follow(tx, reserved, at=at, newborn=newborn)
    return answers


async def check(tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime) -> list[Payout | Refusal]:
    """What ``request`` would answer to these asks, but for the sealed destination; nothing is stored or moved.

    Raises:
        NoSuchProgram: an ask names a program that was never applied.
    """
    answers, _ = await _decide(tx, asks, desk=desk, at=at, till=as_a_trial(), seal=_leave_open)
    return answers


async def _decide(
    tx: Transaction, asks: Sequence[Ask], *, desk: Desk, at: datetime, till: Till, seal: Seal
) -> tuple[list[Payout | Refusal], Mapping[str, programs.Terms]]:
    """Judge each ask by what is owed, by its terms, by what was asked for today, and by the money that is there."""
    terms = await desk.book.judge(tx, {ask.program for ask in asks})
    asks = await _with_kinds(tx, asks, terms)
    names = ids.series(at, len(asks))  # Sorted as asked, so that lists show them in that order.
    netted = await net(tx, asks, terms, till=till)
    drafts = [
        _draft(ask, terms[ask.program], name, kept=netted.kept.get(place), keyring=desk.keyring, seal=seal, at=at)
        if isinstance(ask, Ask)
        else ask
        for place, (ask, name) in enumerate(zip(netted.asks, names, strict=True))
    ]
    born = [payout for payout in drafts if isinstance(payout, Payout)]
    unsure = [one for ask, one in zip(asks, drafts, strict=True) if isinstance(one, Payout) and not ask.is_stored]
    refused: dict[UUID, Refusal] = {**await _not_stored(tx, unsure, terms)}
    refused |= await over_the_day(tx, [payout for payout in born if payout.id not in refused], terms, at=at)
    refused |= netted.spoilt(drafts, refused)
    welcome = [payout for payout in born if payout.id not in refused]
    taken = await till.take(tx, welcome) if welcome else []
    refused |= {p.id: result for p, result in zip(welcome, taken, strict=True) if isinstance(result, Refusal)}
    covered = [payout for payout in welcome if payout.id not in refused]
    # Judged last, behind the locks on the balances: of two batches at once, the later one sees what the other asked.
    verdicts = await judge(tx, covered, terms, seen=Seen.JUST_ASKED)
    judged = {payout.id: _judged(payout, verdict) for payout, verdict in zip(covered, verdicts, strict=True)}
    outcomes = judged | refused
    return [outcomes[draft.id] if isinstance(draft, Payout) else draft for draft in drafts], terms


async def _with_kinds(tx: Transaction, asks: Sequence[Ask], terms: Mapping[str, programs.Terms]) -> Sequence[Ask]:
    """The asks, each with what it pays. Askers with the holder at hand say it; a program's only kind needs no look."""
    unsaid = [ask for ask in asks if ask.kind is None]
    only = {ask.program: kinds[0] for ask in unsaid if len(kinds := terms[ask.program].holder_kinds) == 1}
    looked_up = {ask.holder_id for ask in unsaid if ask.program not in only}
    found = await holders.find(tx, looked_up) if looked_up else {}
    return [
        ask
        if ask.kind is not None
        else msgspec.structs.replace(ask, kind=kind_for(only.get(ask.program) or found[ask.holder_id].kind))
        for ask in asks
    ]


def _draft(
    ask: Ask,
    terms: programs.Terms,
    payout_id: UUID,
    *,
    kept: Money | None,
    keyring: Keyring,
    seal: Seal,
    at: datetime,
) -> Payout | Refusal:
    """A payout that its terms allow, approved by them so far; ``kept`` is what was kept back of it for a debt."""
    try:
        insist_on_terms(ask.amount, ask.destination, terms)
    except Refusal as refusal:
        return refusal
    return Payout(
        id=payout_id,
        program=ask.program,
        terms_version=terms.version,
        holder_id=ask.holder_id,
        reference=ask.reference,
        amount=ask.amount,
        state=PayoutState.APPROVED,
        version=2,
        reservation=1,
        destination=seal(ask.destination, payout_id),
        destination_shown=ask.destination.shown,
        destination_group=ask.destination.group,
        destination_index=keyring.fingerprint(ask.destination.identity),
        digest=digest(ask.amount, ask.destination, program=ask.program, terms_version=terms.version),
        requester=ask.requester,
        requester_person=ask.requester_person,
        findings=(),
        verdict=risk.Level.PASS.word,
        reviewed=False,
        gateway=None,
        gateway_reference=None,
        reason=None,
        due_at=approved_due(terms, at=at),
        tries=0,
        correlation_id=ask.correlation_id,
        created_at=at,
        updated_at=at,
        processed_at=None,
        run_id=ask.run_id,
        tries_max=ask.tries_max,
        kind=ask.kind,
        order_id=ask.order_id,
        netted=kept.minor if kept else 0,
    )


def _seal(destination: Destination, payout_id: UUID, *, keyring: Keyring) -> bytes:
    return keyring.seal(destination.to_bytes(), Place(*SEALED, payout_id))


def _leave_open(_: Destination, __: UUID) -> bytes:
    """For what is not stored."""
    return b""


async def _not_stored(
    tx: Transaction, born: Sequence[Payout], terms: Mapping[str, programs.Terms]
) -> dict[UUID, programs.DestinationNotAllowed]:
    """Those that are to go where their terms pay only to what the holder has stored, and this one has not.

    Whichever door they came through: else one that stores nothing would be a way around the cool-off and the check.
    """
    bound = {p.id: (p.holder_id, p.destination_index) for p in born if terms[p.program].destinations.only_stored}
    if not bound:
        return {}
    found = await holders.at_indexes(tx, set(bound.values()))
    live = {place for place, stored in found.items() if stored.removed_at is None}
    rule = "a destination that the holder has stored"
    return {
        payout_id: programs.DestinationNotAllowed(field="destination", rule=rule)
        for payout_id, place in bound.items()
        if place not in live
    }


def _judged(payout: Payout, verdict: risk.Verdict) -> Payout:
    """One whose verdict asks for people waits for them; all the others are approved by their terms."""
    return msgspec.structs.replace(
        payout,
        state=PayoutState.IN_REVIEW if verdict.needs_review else PayoutState.APPROVED,
        findings=[finding.to_json() for finding in verdict.findings],
        verdict=verdict.level.word,
        reviewed=verdict.needs_review,
        reason=verdict.reason,
    )


def _row(payout: Payout) -> tuple[object, ...]:
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
        payout.destination_index,
        payout.digest,
        payout.requester,
        payout.requester_person,
        msgspec.Raw(msgspec.json.encode(payout.findings)),  # A bare list would be read as one more array dimension.
        payout.verdict,
        payout.reviewed,
        payout.reason,
        payout.correlation_id,
        payout.created_at,
        payout.updated_at,
        payout.due_at,
        payout.run_id,
        payout.tries_max,
        payout.kind,
        payout.order_id,
        payout.netted,
    )


def _first_steps(payout: Payout) -> Iterable[store.Event]:
    """A payout's first two steps: it is requested, and its terms either approve it or ask for a review."""
    verb = "review" if payout.state is PayoutState.IN_REVIEW else "approve"
    common = (payout.id, payout.holder_id)
    facts = {"netted": Money(payout.netted, payout.amount.currency).text} if payout.netted else {}
    asked = (None, PayoutState.REQUESTED.value, None, facts, payout.requester, payout.correlation_id)
    yield (*common, 1, "request", *asked)
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
