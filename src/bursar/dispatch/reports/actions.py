"""Taking reports in, and applying them."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from bursar.dispatch import circuits
from bursar.dispatch import store as attempts
from bursar.dispatch.inquire import BELL as INQUIRE_BELL
from bursar.dispatch.model import Told, is_news
from bursar.dispatch.record import Scribe, record
from bursar.dispatch.reports import store
from bursar.dispatch.tools import Tools
from bursar.foundation import ids, log
from bursar.foundation.db import Record, Transaction
from bursar.foundation.loops import repeat
from bursar.foundation.money import Money
from bursar.gateways import Downtime, Echo, Outcome, Report, Word

BELL: Final = "reports"
AT_ONCE: Final = 500
LOOK_EVERY_SECONDS: Final = 1.0
TRIES_MAX: Final = 8
"""How often a report about an attempt that we do not know is tried: with the waits below, for about two hours."""
_FIRST_WAIT_SECONDS: Final = 1.0
_WAIT_FACTOR: Final = 4.0

HINT_SECONDS: Final = 0.2  # Before an attempt is asked about; others of the same bulk are reported meanwhile.
HINT_SPACING_SECONDS: Final = 5.0  # Between two inquiries about one attempt, however often we are told to ask.
BUSY_SECONDS: Final = 0.5

Settled = tuple[str, str, str, float | None]
"""gateway, event, result, seconds until it is tried again"""

Arrived = tuple[str, Sequence[Report | Downtime], bytes]
"""The gateway, what one body of its tells, and that body."""

_log = log.get(__name__)


async def take_in(tx: Transaction, arrived: Sequence[Arrived]) -> list[int]:
    """Store verified reports, whole bodies at a time; how many reports each body held. A duplicate changes nothing.

    What they tell of downtimes is not stored: it takes effect at once.
    """
    rows = []
    downtimes = []
    for gateway, news, body in arrived:
        digest = hashlib.sha256(body).digest()
        reports = [one for one in news if isinstance(one, Report)]
        rows += [(gateway, r.event_id, r.key, r.outcome.word.value, digest, _facts(r.outcome)) for r in reports]
        downtimes += [(gateway, one) for one in news if isinstance(one, Downtime)]
    await store.insert(tx, rows)
    await circuits.told(tx, downtimes)
    return [len(reports) for _, reports, _ in arrived]


async def apply_due(tx: Transaction, *, scribe: Scribe, hints: Collection[str] = ()) -> int:
    """Apply the reports that wait, in the order they came; how many were looked at.

    By rank: one that says less than we know already changes nothing. One about an attempt that is not known yet is
    tried again, and after ``TRIES_MAX`` becomes a break. Reports of the gateways in ``hints`` prove nothing, and move
    nothing: where one says more than is known, its attempt becomes due for an inquiry.
    """
    waiting = await store.take_due(tx, limit=AT_ONCE)
    if not waiting:
        return 0
    known = await attempts.by_keys(tx, {(row["gateway"], row["attempt_key"]) for row in waiting})
    told = [(row, known.get((row["gateway"], row["attempt_key"]))) for row in waiting]
    matched = [(row, attempt_id) for row, attempt_id in told if attempt_id is not None]
    proven = [(row, attempt_id) for row, attempt_id in matched if row["gateway"] not in hints]
    told_now = [Told(attempt_id, _outcome(row), "report", heard_at=row["received_at"]) for row, attempt_id in proven]
    words = await record(tx, told_now, scribe=scribe)
    settled: list[Settled] = [
        (r["gateway"], r["event_id"], word, None) for (r, _), word in zip(proven, words, strict=True)
    ]
    settled += await _ask_about(tx, [(row, attempt_id) for row, attempt_id in matched if row["gateway"] in hints])
    unmatched = [row for row, attempt_id in told if attempt_id is None]
    await store.settle(tx, [*settled, *(_parked(row) for row in unmatched)])
    await _give_up(tx, [row for row in unmatched if row["tries"] + 1 >= TRIES_MAX])
    return len(waiting)


class Reader:
    """Applies reports as they come in, for one worker process."""

    def __init__(self, tools: Tools) -> None:
        """Use these tools."""
        self._tools = tools
        self._scribe = Scribe(tools.book)
        self._hints = {name for name, gateway in tools.gateways.items() if not gateway.capabilities.reports_prove}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        await repeat(self._more, name="reports", stop=stop, pause=self._pause)

    async def pass_once(self) -> int:
        """Apply one batch of reports; how many that were."""

        async def work(tx: Transaction) -> int:
            return await apply_due(tx, scribe=self._scribe, hints=self._hints)

        count = await self._tools.database.retrying(work)
        if count and self._hints:  # Once those that were hinted at are due.
            asyncio.get_running_loop().call_later(HINT_SECONDS, self._tools.listener.ring_here, INQUIRE_BELL)
        return count

    async def _more(self) -> bool:
        return await self.pass_once() >= AT_ONCE

    async def _pause(self) -> object:
        return await self._tools.listener.wait(BELL, at_most=LOOK_EVERY_SECONDS)


async def _ask_about(tx: Transaction, hints: Sequence[tuple[Record, UUID]]) -> list[Settled]:
    """Make the attempts that these reports speak of due for an inquiry, each at most once at a time; what to note.

    While somebody is asking about an attempt, or sending it, its report waits until that is over.
    """
    if not hints:
        return []
    known, _ = await attempts.lock_attempts(tx, {attempt_id for _, attempt_id in hints})
    settled: list[Settled] = []
    asked = set()
    for row, attempt_id in hints:
        if not is_news(known[attempt_id], _outcome(row)):
            settled.append((row["gateway"], row["event_id"], "late", None))
        elif known[attempt_id].is_busy:
            settled.append((row["gateway"], row["event_id"], "waiting", BUSY_SECONDS))
        else:
            settled.append((row["gateway"], row["event_id"], "asked", None))
            asked.add(attempt_id)
    if asked:
        await attempts.ask_soon(tx, asked, delay=HINT_SECONDS, spacing=HINT_SPACING_SECONDS)
    return settled


def _parked(row: Record) -> Settled:
    wait = _FIRST_WAIT_SECONDS * _WAIT_FACTOR ** row["tries"] if row["tries"] + 1 < TRIES_MAX else None
    return row["gateway"], row["event_id"], "unmatched", wait


async def _give_up(tx: Transaction, rows: Sequence[Record]) -> None:
    """A gateway speaks of a payment we know nothing of: people have to look."""
    if not rows:
        return
    now = await tx.now()
    _log.error("reports.unmatched", count=len(rows))
    await attempts.open_breaks(
        tx,
        [
            (ids.new(now), "unmatched_report", None, row["gateway"], None, None, {"attempt_key": row["attempt_key"]})
            for row in rows
        ],
    )


def _facts(outcome: Outcome) -> Mapping[str, Any]:
    """A report as stored: what is needed to apply it later.

    A plain hash of an account number is left out, because account numbers are short enough to be guessed.
    """
    echo = outcome.echo
    return {
        "reference": outcome.reference,
        "reason": outcome.reason,
        "retryable": outcome.retryable,
        "lacks_funds": outcome.lacks_funds,
        "amount": echo.amount.minor if echo and echo.amount else None,
        "currency": echo.amount.currency if echo and echo.amount else None,
        "shown": dict(outcome.shown),
    }


def _outcome(row: Record) -> Outcome:
    facts = row["facts"]
    amount = Money(facts["amount"], facts["currency"]) if facts["amount"] is not None else None
    return Outcome(
        word=Word(row["outcome"]),
        reference=facts["reference"],
        reason=facts["reason"],
        retryable=facts["retryable"],
        lacks_funds=facts.get("lacks_funds", False),  # Reports that were stored before it was known say nothing of it.
        echo=Echo(amount),
        shown=facts["shown"],
    )
