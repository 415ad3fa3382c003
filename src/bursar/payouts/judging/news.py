"""What is found out about a payout after it was judged, such as the name on its account, has it judged once more.

Whether something is new is told by the findings that are stored with the payout, which are what people saw when they
agreed to it, and not by any clock.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bursar import programs, risk
from bursar.foundation.db import Transaction
from bursar.payouts import store as payouts
from bursar.payouts.advance import advance
from bursar.payouts.judging import store
from bursar.payouts.judging.facts import Seen, Spot
from bursar.payouts.judging.judge import judge
from bursar.payouts.judging.people import ask_people
from bursar.payouts.model import Payout, PayoutState, Step

ACTOR: Final = "system:terms"
CHANGING: Final = frozenset({"account_name_differs", "denied"})
"""The rules whose answers change at any time: a bank is asked for a name, and somebody keeps the denied list."""


async def judge_news(
    tx: Transaction, approved: Mapping[UUID, Payout], *, terms: programs.Terms, book: programs.Book, at: datetime
) -> set[UUID]:
    """Judge locked approved payouts of one program by what is known now; those that went back to people for it.

    Whoever approved one did not know what is known now, so even what people approved goes back to them. The others
    stay as they were. A constant number of statements.
    """
    known, _ = await payouts.lock(tx, approved)  # They came without their findings.
    void = await _changed(tx, list(known.values()), terms)
    if not void:
        return set()
    await store.write_judgements(tx, void)
    await ask_people(tx, void, approved, terms)
    steps = [Step(payout_id=payout.id, verb="review", actor=ACTOR, reason=payout.reason) for payout in void]
    await advance(tx, steps, book=book, locked={payout.id: payout for payout in void}, at=at)
    return {payout.id for payout in void}


async def tell_reviewers(tx: Transaction, places: Collection[Spot], *, book: programs.Book) -> int:
    """Judge the payouts to these places that people look at once more; about how many there is something new to see.

    What somebody said about one of those before does not count, because they had not seen it. A place is a holder and
    the destination's blind index.
    """
    locked, _ = await payouts.lock(tx, await store.in_review_at(tx, places))
    by_program: dict[str, dict[UUID, Payout]] = defaultdict(dict)
    for payout in locked.values():
        if payout.state is PayoutState.IN_REVIEW:
            by_program[payout.program][payout.id] = payout
    terms = await book.judge(tx, by_program.keys()) if by_program else {}
    told = 0
    for program, waiting in by_program.items():
        fresh = await _changed(tx, list(waiting.values()), terms[program])
        if fresh:
            await store.write_judgements(tx, fresh)
            await ask_people(tx, fresh, waiting, terms[program])
        told += len(fresh)
    return told


async def _changed(tx: Transaction, before: Sequence[Payout], terms: programs.Terms) -> list[Payout]:
    """Those about which one of the ``CHANGING`` rules has something to say that is not on record; as judged by now."""
    verdicts = await judge(tx, before, {terms.program: terms}, seen=Seen.AGAIN)
    least = risk.Level[terms.review.at_level.name]
    return [
        _judged(payout, verdict)
        for payout, verdict in zip(before, verdicts, strict=True)
        if any(
            finding.rule in CHANGING and finding.level >= least and finding.to_json() not in payout.findings
            for finding in verdict.findings
        )
    ]


def _judged(payout: Payout, verdict: risk.Verdict) -> Payout:
    return msgspec.structs.replace(
        payout,
        findings=[finding.to_json() for finding in verdict.findings],
        verdict=verdict.level.word,
        reviewed=True,
        reason=verdict.reason,
    )
