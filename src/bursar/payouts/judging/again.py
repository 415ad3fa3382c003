"""Terms that change after an approval void it: what was approved under older ones is judged again before it leaves.

Amount and destination of a payout never change; a row in which they did is caught by its digest when it is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bursar import programs, risk
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.holders import Destination
from bursar.payouts.advance import advance
from bursar.payouts.judging import store
from bursar.payouts.judging.facts import Seen
from bursar.payouts.judging.judge import insist_on_kind, judge
from bursar.payouts.judging.people import ask_people
from bursar.payouts.model import Payout, PayoutState, Step, digest
from bursar.payouts.waiting import open_destination

ACTOR: Final = "system:terms"
TERMS_CHANGED: Final = "terms_changed"
MATERIAL: Final = frozenset({"currency", "limits", "review", "risk", "route", "destinations"})
"""The fields and groups of terms that an approval rests on. How fast payouts leave, say, is none of them."""


@dataclass(frozen=True, slots=True)
class _Stale:
    """A payout that was approved under older terms, where its money is to go, and which fields differ by now."""

    payout: Payout
    destination: Destination
    changed: tuple[str, ...]


async def judge_again(
    tx: Transaction,
    taken: Mapping[UUID, Payout],
    *,
    terms: programs.Terms,
    keyring: Keyring,
    book: programs.Book,
    at: datetime,
) -> Mapping[UUID, Payout]:
    """Of these locked payouts of one program, those that may go on under its current ``terms``, as judged by them.

    What people approved under terms that differ in what matters goes back to them. What only the terms approved goes
    to people if it needs them now. A payout that has been handed to a gateway already goes on as it began. Costs
    nothing while terms stay the same, and else a constant number of statements.
    """
    stale = await _stale(tx, taken.values(), terms=terms, keyring=keyring, book=book)
    if not stale:
        return taken
    verdicts = await judge(tx, [one.payout for one in stale], {terms.program: terms}, seen=Seen.AGAIN)
    judged = [_judged(one, verdict, terms) for one, verdict in zip(stale, verdicts, strict=True)]
    await store.write_judgements(tx, judged)
    void = [payout for payout in judged if payout.reviewed]
    if void:
        before = {one.payout.id: one.payout for one in stale}
        await ask_people(tx, void, before, terms)
        steps = [_back(payout, before[payout.id]) for payout in void]
        await advance(tx, steps, book=book, locked={payout.id: payout for payout in void}, at=at)
    now = {**taken, **{payout.id: payout for payout in judged}}
    gone = {payout.id for payout in void}
    return {payout_id: payout for payout_id, payout in now.items() if payout_id not in gone}


async def _stale(
    tx: Transaction, taken: Iterable[Payout], *, terms: programs.Terms, keyring: Keyring, book: programs.Book
) -> list[_Stale]:
    """Those approved under terms that differ; one whose destination does not open is left for others to find."""
    older = [p for p in taken if p.state is PayoutState.APPROVED and p.terms_version < terms.version]
    versions = await book.at_versions(tx, {(p.program, p.terms_version) for p in older})
    changes = {version: _changes(old, terms) for (_, version), old in versions.items()}
    return [
        _Stale(payout, destination, changes[payout.terms_version])
        for payout in older
        if changes[payout.terms_version] and (destination := _opened(payout, keyring)) is not None
    ]


def _changes(old: programs.Terms, new: programs.Terms) -> tuple[str, ...]:
    return tuple(c.field for c in programs.diff(old, new) if c.field.partition(".")[0] in MATERIAL)


def _opened(payout: Payout, keyring: Keyring) -> Destination | None:
    try:
        return open_destination(payout, keyring)
    except (CannotOpen, Refusal):
        return None


def _judged(stale: _Stale, verdict: risk.Verdict, terms: programs.Terms) -> Payout:
    """The payout under the current terms; still approved in name, until it is sent to people where it needs them."""
    payout = stale.payout
    findings = [*_of_the_change(stale, terms), *verdict.findings]
    level = max(finding.level for finding in findings)
    needs_people = payout.reviewed or level >= risk.Level[terms.review.at_level.name]
    return msgspec.structs.replace(
        payout,
        terms_version=terms.version,
        digest=digest(payout.amount, stale.destination, program=terms.program, terms_version=terms.version),
        findings=[finding.to_json() for finding in findings],
        verdict=level.word,
        reviewed=needs_people,
        reason=_reason(payout, findings, level) if needs_people else payout.reason,
    )


def _of_the_change(stale: _Stale, terms: programs.Terms) -> Iterable[risk.Finding]:
    """What the change itself has to say: that there was one, and that the terms no longer allow such a payout."""
    payout, fields = stale.payout, ", ".join(stale.changed)
    by = "people" if payout.reviewed else "the terms"
    yield risk.Finding(
        TERMS_CHANGED,
        risk.Level.HIGH if payout.reviewed else risk.Level.PASS,
        f"Approved by {by} under version {payout.terms_version}; version {terms.version} differs in {fields}.",
        {"approved_under": payout.terms_version, "judged_under": terms.version, "changed": list(stale.changed)},
    )
    try:
        insist_on_kind(payout.amount, stale.destination, terms)
    except Refusal as refusal:
        facts = {name: value for name, value in refusal.facts.items() if name in {"field", "rule"}}
        sentence = f"The terms do not allow such a payout any more: {refusal.message}"
        yield risk.Finding("no_longer_allowed", risk.Level.HIGH, sentence, facts)


def _reason(payout: Payout, findings: Sequence[risk.Finding], level: risk.Level) -> str:
    """Why people look: because the approval they gave is void, or else the first of the strongest findings."""
    return TERMS_CHANGED if payout.reviewed else next(f.rule for f in findings if f.level is level)


def _back(payout: Payout, before: Payout) -> Step:
    facts = {"approved_under": before.terms_version, "judged_under": payout.terms_version}
    return Step(payout_id=payout.id, verb="review", actor=ACTOR, reason=payout.reason, facts=facts)
