"""Record: what was learned about attempts becomes what is true of their payouts, in one short transaction."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bursar import holders, payouts, programs
from bursar.dispatch import floats, store
from bursar.dispatch.floats import LOW_FLOAT
from bursar.dispatch.model import LIVE, PARKED, Attempt, AttemptState, Plan, Told, contradiction, plan
from bursar.dispatch.telling import is_an_end, log_end, tell
from bursar.foundation import ids, log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.faults import fault
from bursar.gateways import Word

PARKED_SECONDS: Final = (
    365 * 86_400.0
)  # A payout whose earlier attempt may have paid waits for people, not for a clock.

_Terms = Mapping[tuple[str, int], programs.Terms]

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Scribe:
    """What recording needs: the programs' terms, and chance for spreading retries."""

    book: programs.Book
    chance: Callable[[], float] = field(default=random.random)


@dataclass(frozen=True, slots=True)
class _Entry:
    told: Told
    attempt: Attempt
    plan: Plan


async def record(tx: Transaction, told: Sequence[Told], *, scribe: Scribe) -> list[str]:
    """Write down outcomes for a batch of attempts, and move their payouts and money accordingly.

    One word comes back for each: ``applied``, ``late`` (a duplicate, or somebody else holds the lease by now),
    ``contradicting`` (a break was opened; nothing moved) or ``unmatched``. Costs a constant number of statements.
    """
    attempts, now = await store.lock_attempts(tx, {one.attempt_id for one in told})
    if now is None:
        return ["unmatched"] * len(told)
    terms = await scribe.book.at_versions(tx, {(a.program, a.terms_version) for a in attempts.values()})
    entries: list[_Entry] = []
    troubles: list[tuple[str, Attempt]] = []
    words, seen = [], []
    for one in told:
        attempt = attempts.get(one.attempt_id)
        word, entry = _judge(one, attempt, terms, chance=scribe.chance(), now=now)
        words.append(word)
        if isinstance(entry, _Entry):
            entries.append(entry)
            attempts[one.attempt_id] = _after(entry)
        elif attempt is not None:
            troubles += [(entry, attempt)] if entry is not None else []
            seen += [_seen(one, attempt, terms)] if _was_closed(one, attempt) else []
    await _apply(tx, entries, troubles, scribe=scribe, terms=terms, now=now)
    if seen:
        await store.look_again(tx, seen)
    for entry in entries:
        tell(entry.told, entry.attempt, entry.plan, at=now)
    await _log_ends(tx, entries, terms)
    fault("dispatch.before_record_commit")
    return words


def _judge(
    told: Told,
    attempt: Attempt | None,
    terms: _Terms,
    *,
    chance: float,
    now: datetime,
) -> tuple[str, "_Entry | str | None"]:
    """One outcome: the word for its teller, and an entry to carry out or the name of a break to open."""
    if attempt is None:
        return "unmatched", None
    if told.lease_no is not None and told.lease_no != attempt.lease_no:
        return "late", None  # Fenced: whoever took over knows more.
    if told.outcome.echo and told.outcome.echo.amount not in {None, attempt.amount}:
        return "contradicting", "amount_mismatch"
    if attempt.outcome in LIVE:
        decided: Plan | str | None = plan(
            attempt, told.outcome, terms=terms[attempt.program, attempt.terms_version], chance=chance, now=now
        )
    else:
        decided = contradiction(attempt, told.outcome)
    match decided:
        case None:
            return "late", None
        case str():
            return "contradicting", decided
        case Plan():
            return "applied", _Entry(told, attempt, decided)


def _after(entry: _Entry) -> Attempt:
    """The attempt as it stands once its entry is carried out, for later words about it in the same batch."""
    return msgspec.structs.replace(entry.attempt, outcome=entry.plan.state)


def _was_closed(told: Told, attempt: Attempt) -> bool:
    """Whether somebody asked about an attempt that was closed already, because a report had said otherwise."""
    return attempt.outcome not in LIVE and attempt.look_at is not None and told.lease_no == attempt.lease_no


def _seen(told: Told, attempt: Attempt, terms: _Terms) -> tuple[UUID, float | None]:
    """When a closed attempt is asked about again: never, unless the gateway did not answer."""
    is_answered = told.outcome.word is not Word.UNKNOWN
    wait = terms[attempt.program, attempt.terms_version].unknown.delay(attempt.inquiries)
    return attempt.id, None if is_answered else wait


async def _apply(
    tx: Transaction,
    entries: Sequence[_Entry],
    troubles: Sequence[tuple[str, Attempt]],
    *,
    scribe: Scribe,
    terms: _Terms,
    now: datetime,
) -> None:
    steps = [step for entry in entries for step in _steps(entry, now)]
    if steps:
        locked, at = await payouts.hold(tx, {step.payout_id for step in steps})
        for result in await payouts.advance(tx, steps, book=scribe.book, locked=locked, at=at):
            assert not isinstance(result, Refusal), f"a live attempt's payout follows it: {result}"
    if entries:
        await store.close(tx, [_row(entry) for entry in {entry.attempt.id: entry for entry in entries}.values()])
    await _note_low_floats(tx, entries, terms)
    parked = [(entry.plan.trouble, entry.attempt) for entry in entries if entry.plan.trouble]
    await _open_breaks(tx, [*troubles, *parked], now=now)
    known_now = [entry.attempt.payout_id for entry in entries if _was_parked(entry.attempt) and not entry.plan.trouble]
    if known_now:
        await store.end_doubts(tx, known_now)
    suspicious = [attempt.payout_id for kind, attempt in troubles if kind == "paid_after_refused"]
    if suspicious:  # Another attempt would pay twice.
        await payouts.wait_longer(tx, suspicious, reason="paid_after_refused", seconds=PARKED_SECONDS)


async def _log_ends(tx: Transaction, entries: Sequence[_Entry], terms: _Terms) -> None:
    """Log which payouts have ended, in programs that pay in runs; where thousands leave all day, nobody reads that."""
    ended = [entry for entry in entries if is_an_end(entry.plan) and _is_in_runs(terms, entry.attempt)]
    if ended:
        owners = await holders.find(tx, {entry.attempt.holder_id for entry in ended})
        for entry in ended:
            log_end(entry.told, entry.attempt, entry.plan, owners[entry.attempt.holder_id])


def _is_in_runs(terms: _Terms, attempt: Attempt) -> bool:
    return terms[attempt.program, attempt.terms_version].dispatch.mode is programs.Mode.SCHEDULE


def _was_parked(attempt: Attempt) -> bool:
    """Whether an attempt waited for people, because nobody else could say what became of it."""
    return attempt.outcome is AttemptState.UNKNOWN and attempt.reason == PARKED


async def _note_low_floats(tx: Transaction, entries: Sequence[_Entry], terms: _Terms) -> None:
    """Let nothing more be claimed for an account of ours that a gateway found too little on."""
    waits = {
        (entry.attempt.gateway, entry.attempt.amount.currency): terms[
            entry.attempt.program, entry.attempt.terms_version
        ].route.float_seconds
        for entry in entries
        if entry.plan.blocker == LOW_FLOAT
    }
    if waits:
        for gateway, _ in waits:
            _log.warning("float.low", gateway=gateway)
        await floats.mark_low(tx, [(*place, seconds) for place, seconds in waits.items()])


def _steps(entry: _Entry, now: datetime) -> list[payouts.Step]:
    outcome = entry.told.outcome
    due_at = now + timedelta(seconds=entry.plan.retry_in) if entry.plan.retry_in is not None else None
    return [
        payouts.Step(
            payout_id=entry.attempt.payout_id,
            verb=verb,
            actor=f"gateway:{entry.attempt.gateway}",
            reason=entry.plan.blocker or outcome.reason,
            facts={"attempt": entry.attempt.generation, "source": entry.told.source},
            gateway_reference=outcome.reference,
            due_at=due_at,
        )
        for verb in entry.plan.verbs
    ]


def _row(entry: _Entry) -> tuple[object, ...]:
    outcome = entry.told.outcome
    return (
        entry.attempt.id,
        entry.plan.state.value,
        entry.plan.trouble or outcome.reason,
        outcome.reference,
        outcome.shown,
        entry.plan.look_in,
        entry.plan.blocker == LOW_FLOAT,
    )


async def _open_breaks(tx: Transaction, troubles: Sequence[tuple[str, Attempt]], *, now: datetime) -> None:
    if not troubles:
        return
    for kind, attempt in troubles:
        _log.error("break.opened", kind=kind, payout_id=str(attempt.payout_id), gateway=attempt.gateway)
    await store.open_breaks(
        tx,
        [
            (ids.new(now), kind, a.payout_id, a.gateway, a.amount.minor, a.amount.currency,
             {"attempt": a.generation, "gateway_reference": a.gateway_reference})
            for kind, a in troubles
        ],
    )  # fmt: skip
