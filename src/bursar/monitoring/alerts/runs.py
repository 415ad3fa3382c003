"""The e-mail after a run: what it came to."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from bursar import programs, schedules
from bursar.foundation.db import Transaction
from bursar.outbound import notices
from bursar.programs import Terms

TOLD_WITHIN: Final = timedelta(days=2)  # However long no worker was there; what ended earlier is no news.


async def tell(tx: Transaction) -> int:
    """Tell of the runs that have ended what they came to, each once; how many notices are new.

    Told are the addresses in ``runs.emails`` and the staff who may approve payouts; of programs that pay what was asked
    for, many times a day perhaps, only where there are such addresses. A run without a payout is no news.
    """
    at = await tx.now()
    ended = await schedules.ended_since(tx, at - TOLD_WITHIN)
    wanted = {terms.program: terms for terms in await programs.all(tx) if _is_wanted(terms)} if ended else {}
    ended = [run for run in ended if run.program in wanted]
    untold = await notices.untold(tx, notices.Kind.RUN_FINISHED, [run.id for run in ended]) if ended else set()
    if not untold:
        return 0
    results = await schedules.results(tx, untold)
    news = [_news(run, results[run.id], wanted[run.program]) for run in ended if run.id in results]
    return await notices.tell_staff(tx, [one for one in news if one.facts["total"]], at=at)


def _is_wanted(terms: Terms) -> bool:
    return bool(terms.runs.emails) or terms.runs.pays is programs.Pays.BALANCES


def _news(run: schedules.Run, results: schedules.Results, terms: Terms) -> notices.StaffNews:
    assert run.ended_at is not None, "those that have ended were asked for"
    facts: dict[str, Any] = {
        "run": str(run.id),
        "total": results.total,
        "succeeded": results.succeeded,
        "failed": results.failed,
        "amounts": [str(money) for money in results.paid],
        "left_out": dict(run.left_out),
        "duration": _duration(run.begun_at, run.ended_at),
        "errors": _reasons(results),
        "stopped_why": run.stopped_why,
        "at": run.ended_at.isoformat(),
    }
    return notices.StaffNews(notices.Kind.RUN_FINISHED, run.id, 0, terms, facts, frozenset(terms.runs.emails))


def _reasons(results: schedules.Results) -> list[str]:
    """Why payouts failed, and how many of them where all are known; of many, the latest alone are looked at."""
    counts = Counter(failure.reason for failure in results.errors).most_common()
    is_all = results.failed == len(results.errors)
    return [f"{reason}: {count}" if is_all else reason for reason, count in counts]


def _duration(since: datetime, until: datetime) -> str:
    """For people: ``45 s``, ``12 min``, ``3 h 5 min``."""
    seconds = (until - since).total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
