"""Following an id to everything that it belongs to."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar import orders, payouts, schedules
from bursar.foundation import ids
from bursar.foundation.db import Record, Transaction
from bursar.monitoring import alerts, reconciliation
from bursar.monitoring.stories import store
from bursar.monitoring.stories.errors import NothingFound
from bursar.monitoring.stories.model import LENGTH_MAX, PAYOUTS_MAX, Line, Match, Story, readings
from bursar.monitoring.timeline import of_order, timeline

_TOLD: Final = {"alert", "audit note", "order"}
"""What has lines of its own, whether or not it belongs to a payout."""


async def trace(tx: Transaction, given: str) -> Story:
    """Everything that an id leads to, whichever kind of id it is.

    It may be ours (payout, run, batch, attempt, message, delivery, notice, earning, order, alert, break, reconciliation
    item), a correlation id or request id, a gateway's own reference or event, what its asker calls it, or an
    idempotency key.

    Raises:
        NothingFound: nothing goes by it.
    """
    text = given.strip()
    if not 0 < len(text) <= LENGTH_MAX or "\0" in text:
        raise NothingFound(given=text[:40])
    matches = await store.by_text(tx, text, limit=PAYOUTS_MAX + 1)
    if named := readings(text):
        matches = [*await store.by_id(tx, named, limit=PAYOUTS_MAX + 1), *matches]
    if not matches:
        raise NothingFound(given=text[:40])
    payout_ids = sorted({match.payout_id for match in matches if match.payout_id}, reverse=True)
    told = await payouts.get_many(tx, payout_ids[:PAYOUTS_MAX])
    about = [told[payout_id] for payout_id in sorted(told)]
    runs = [await schedules.get(tx, run_id) for run_id in _run_ids(matches, about)]
    results = await schedules.results(tx, [run.id for run in runs]) if runs else {}
    correlations = _correlations(text, matches, about, runs)
    lines = [
        *await _of_payouts(tx, about),
        *[line for run in runs for line in _of_run(run, results.get(run.id))],
        *[line for match in matches if match.what == "alert" for line in _of_alert(await _alert(tx, match))],
        *await _of_orders(tx, matches),
        *_of_strays(matches),
        *_of_notes(await store.notes(tx, correlations=correlations, subjects={text, *map(str, told)})),
    ]
    return Story(
        asked=text,
        matches=tuple(dict.fromkeys(matches)),
        payouts=tuple(about),
        has_more=len(payout_ids) > PAYOUTS_MAX,
        correlation_ids=correlations,
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )


def _run_ids(matches: Iterable[Match], about: Iterable[payouts.Payout]) -> list[UUID]:
    named = (*(match.run_id for match in matches), *(payout.run_id for payout in about))
    return list(dict.fromkeys(run_id for run_id in named if run_id is not None))


def _correlations(
    text: str, matches: Iterable[Match], about: Iterable[payouts.Payout], runs: Iterable[schedules.Run]
) -> tuple[str, ...]:
    """Under which ids log lines and traces are found: what was asked for first, if it is one."""
    asked = [text] if any(match.what in {"correlation", "request", "audit note"} for match in matches) else []
    found = [*asked, *(payout.correlation_id for payout in about), *(run.correlation_id for run in runs)]
    return tuple(dict.fromkeys(one for one in found if one is not None))


async def _of_payouts(tx: Transaction, about: Sequence[payouts.Payout]) -> list[Line]:
    lines = []
    for payout in about:
        entries = await timeline(tx, payout)
        lines += [Line(entry.at, entry.kind, entry.text, entry.facts, payout.id) for entry in entries]
        query = reconciliation.Query(is_open=None, payout_id=payout.id)
        lines += [line for item in await reconciliation.items(tx, query) for line in _of_item(item)]
    return lines


def _of_item(item: reconciliation.Item) -> Iterator[Line]:
    facts = {"item": item.id, "kind": item.kind, "resolution": item.resolution}
    yield Line(item.opened_at, "reconciliation", f"{item.kind}: found", facts, item.payout_id)
    if item.closed_at is not None:
        yield Line(item.closed_at, "reconciliation", f"{item.kind}: closed ({item.resolution})", facts, item.payout_id)


def _of_run(run: schedules.Run, results: schedules.Results | None) -> list[Line]:
    """What a run did, and what has become of its payouts so far."""
    facts = {"run": run.id, "program": run.program, "occurrence": run.occurrence}
    occasion = f"for {run.occurrence}" if run.time_zone else "by hand"
    steps: tuple[tuple[datetime | None, str, dict[str, Any]], ...] = (
        (run.begun_at, f"begun {occasion}, by {run.begun_by}", {}),
        (run.asked_at, f"asked for {run.asked} payouts", {"asked": run.asked, "left_out": run.left_out}),
        (run.handed_over_at, f"handed over {run.count} payouts{_kept(run)}", {"count": run.count}),
        (run.stopped_at, f"stopped by {run.stopped_by}: {run.stopped_why}", {}),
        (run.resumed_at, "let go on", {}),
        (run.cancelled_at, f"cancelled by {run.cancelled_by}", {}),
        (run.finished_at, "nothing more due to leave", {}),
        (run.ended_at, _ended(results), {}),
    )
    return [Line(at, "run", f"run {text}", facts | more) for at, text, more in steps if at is not None]


def _kept(run: schedules.Run) -> str:
    return f", left {run.kept_waiting} for the next run" if run.kept_waiting else ""


def _ended(results: schedules.Results | None) -> str:
    if results is None:
        return "ended"
    return f"ended: {results.succeeded} succeeded, {results.failed} failed, {results.called_off} called off"


def _of_strays(matches: Iterable[Match]) -> Iterator[Line]:
    """What belongs to nothing that has a story of its own, such as a report about a payment that we do not know."""
    for match in matches:
        if match.payout_id is None and match.run_id is None and match.what not in _TOLD:
            yield Line(match.at, match.what, f"{match.what} {match.id}, which belongs to no payout", {"id": match.id})


async def _of_orders(tx: Transaction, matches: Iterable[Match]) -> list[Line]:
    """What happened to orders that no payout tells of."""
    unpaid = {ids.parse(match.id) for match in matches if match.what == "order" and match.payout_id is None}
    found = await orders.get_many(tx, [one for one in unpaid if one is not None]) if unpaid else {}
    told = [entry for order in found.values() for entry in of_order(order)]
    return [Line(entry.at, entry.kind, entry.text, entry.facts) for entry in told]


async def _alert(tx: Transaction, match: Match) -> alerts.Alert:
    alert_id = ids.parse(match.id)
    assert alert_id is not None, "alerts are found by their ids"
    return await alerts.get(tx, alert_id)


def _of_alert(alert: alerts.Alert) -> Iterator[Line]:
    facts = {"alert": alert.id, "type": alert.type, "severity": alert.severity, "subject": alert.subject}
    steps = (
        (alert.opened_at, f"{alert.severity}: {alert.message}"),
        (alert.acknowledged_at, f"acknowledged by {alert.acknowledged_by}"),
        (alert.resolved_at, f"resolved by {alert.resolved_by}"),
        (alert.over_at, "over"),
    )
    yield from (Line(at, "alert", text, facts) for at, text in steps if at is not None)


def _of_notes(noted: Iterable[Record]) -> Iterator[Line]:
    for row in noted:
        facts = {"actor": row["actor"], "subject": row["subject"], **row["facts"]}
        yield Line(row["at"], "note", f"{row['action']}: {row['subject']}, by {row['actor']}", facts)
