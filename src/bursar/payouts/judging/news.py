"""What is found out about a payout after it was approved, such as the name on its account, has it judged once more."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bursar import programs, risk
from bursar.foundation.db import Transaction
from bursar.payouts.advance import advance
from bursar.payouts.judging import store
from bursar.payouts.judging.facts import Seen
from bursar.payouts.judging.judge import judge
from bursar.payouts.judging.people import ask_people
from bursar.payouts.model import Payout, Step

ACTOR: Final = "system:terms"


async def judge_news(
    tx: Transaction, approved: Mapping[UUID, Payout], *, terms: programs.Terms, book: programs.Book, at: datetime
) -> set[UUID]:
    """Judge locked approved payouts of one program by what is known now; those that went back to people for it.

    Whoever approved one did not know what is known now, so even what people approved goes back to them. The others
    stay as they were. A constant number of statements.
    """
    before = list(approved.values())
    verdicts = await judge(tx, before, {terms.program: terms}, seen=Seen.AGAIN)
    void = [_void(payout, v) for payout, v in zip(before, verdicts, strict=True) if v.needs_review]
    if not void:
        return set()
    await store.write_judgements(tx, void)
    await ask_people(tx, void, approved, terms)
    steps = [Step(payout_id=payout.id, verb="review", actor=ACTOR, reason=payout.reason) for payout in void]
    await advance(tx, steps, book=book, locked={payout.id: payout for payout in void}, at=at)
    return {payout.id for payout in void}


def _void(payout: Payout, verdict: risk.Verdict) -> Payout:
    return msgspec.structs.replace(
        payout,
        findings=[finding.to_json() for finding in verdict.findings],
        verdict=verdict.level.word,
        reviewed=True,
        reason=verdict.reason,
    )
