"""A glance as it is drawn on a terminal."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bursar.cli import frame
from bursar.cli.monitor.glance import Glance
from bursar.monitoring import Metrics, Status
from bursar.payouts import PayoutState
from bursar.schedules import Results, Run

STYLES: Final = {Status.HEALTHY: "green", Status.WARNING: "yellow", Status.CRITICAL: "red"}
BAR_WIDTH: Final = 40
WIDTH_MAX: Final = 120
REASONS_MAX: Final = 8  # Of what is wrong, the worst; ``bursar alerts list`` has the rest.
_WAITS: Final = {"run": "for its program's next run", "due": "and should be leaving", "later": "for a time of its own"}


def drawn(glance: Glance) -> RenderableType:
    """The whole view, no wider than one reads with ease."""
    return Constrain(Group(*_parts(glance)), WIDTH_MAX)


def _parts(glance: Glance) -> Iterator[RenderableType]:
    yield _health(glance)
    yield _figures(glance.health.metrics)
    if glance.runs:
        yield _titled("Runs under way", Group(*(_run(run, results) for run, results in glance.runs)))
    if glance.next_runs:
        soon = sorted(glance.next_runs.items(), key=lambda one: one[1])
        yield _titled("Next runs", _table([{"program": name, "at": at} for name, at in soon]))
    yield _titled("Gateways", _table(_gateways(glance)))
    if glance.stopped:
        rows = [{"scope": s.scope, "subject": s.subject, "reason": s.reason, "since": s.set_at} for s in glance.stopped]
        yield _titled("Stopped by a kill switch", _table(rows), style="red")
    yield _titled("Waiting", _table(_waiting(glance)))
    yield _titled("Workers", _table(_workers(glance)))
    if glance.differences:
        rows = [{"kind": d.kind, "count": d.count, "amount": d.amount, "since": d.oldest} for d in glance.differences]
        yield _titled("Open differences", _table(rows), style="yellow")


def _health(glance: Glance) -> Panel:
    health = glance.health
    lines = [f"{reason.severity}: {reason.message}" for reason in health.reasons[:REASONS_MAX]]
    if len(health.reasons) > REASONS_MAX:
        lines.append(f"… and {len(health.reasons) - REASONS_MAX} more")
    about = glance.program or "all programs"
    return _titled(
        f"{health.status.upper()} · {about} · {frame.said(health.at)}",
        Text("\n".join(lines) or "Nothing is wrong."),
        style=STYLES[health.status],
    )


def _figures(metrics: Metrics) -> Panel:
    hours = (metrics.until - metrics.since).total_seconds() / 3600
    grid = Table.grid(padding=(0, 3))
    grid.add_row("succeeded", "failed", "retried", "p50 / p95 / p99", style="dim")
    grid.add_row(
        f"{metrics.succeeded:,} ({_percent(metrics.success_rate)})",
        f"{metrics.failed:,} ({_percent(metrics.failure_rate)})",
        _percent(metrics.retry_rate),
        " / ".join(_seconds(one) for one in (metrics.p50_seconds, metrics.p95_seconds, metrics.p99_seconds)),
    )
    paid = Text(f"paid {frame.said(metrics.paid)}")
    states = [f"{metrics.count(state):,} {state.replace('_', ' ')}" for state in PayoutState if metrics.count(state)]
    oldest = f"oldest {_seconds(metrics.oldest_open_seconds)}" if metrics.pending else ""
    standing = Text(" · ".join(part for part in (f"{metrics.pending:,} pending", oldest, *states) if part))
    return _titled(f"Payouts, last {hours:g} hours", Group(grid, paid, standing))


def _run(run: Run, results: Results | None) -> RenderableType:
    done = results.total - results.waiting if results else 0
    total = results.total if results else 0
    grid = Table.grid(padding=(0, 2))
    failed = f"{results.failed:,} failed" if results and results.failed else ""
    grid.add_row(
        Text(run.program),
        Text(run.standing, style="red" if run.stopped_at else ""),
        ProgressBar(total=max(total, 1), completed=done, width=BAR_WIDTH),
        f"{done:,} of {total:,}",
        frame.said(results.amounts) if results else "",
        Text(failed, style="red"),
        f"{run.kept_waiting:,} wait for the next run" if run.kept_waiting else "",
    )
    return grid


def _gateways(glance: Glance) -> list[dict[str, object]]:
    return [
        {
            "gateway": one.gateway,
            "circuit": one.circuit,
            "our account": [f"low in {low.currency}" for low in one.low] or "sufficient",
            "disputed": one.breaks,
        }
        for one in glance.gateways
    ]


def _waiting(glance: Glance) -> list[dict[str, object]]:
    return [
        {"payouts": one.count, "waiting": _WAITS[one.what], "oldest": _seconds(one.oldest_seconds)}
        for one in glance.waiting
    ]


def _workers(glance: Glance) -> list[dict[str, object]]:
    return [
        {
            "host": one.host,
            "process": str(one.pid),
            "done": one.total("done"),
            "failed": one.total("failed"),
            "loop lag": "" if one.load is None else f"{one.load.loop_lag_max * 1000:.0f} ms",
            "cpu": "" if one.load is None else f"{one.load.cpu_percent:.0f} %",
            "memory": "" if one.load is None else f"{one.load.memory_bytes / 2**20:.0f} MiB",
            "connections": "" if one.load is None else f"{one.load.pool_used} of {one.load.pool_max}",
        }
        for one in glance.workers
    ]


def _table(rows: list[dict[str, object]]) -> RenderableType:
    return frame.table(rows, {field: field for field in rows[0]}) if rows else Text("None.", style="dim")


def _titled(title: str, body: RenderableType, *, style: str = "none") -> Panel:
    return Panel(body, title=Text(title), title_align="left", border_style=style)


def _percent(rate: float | None) -> str:
    return "—" if rate is None else f"{rate:g} %"


def _seconds(seconds: float | None) -> str:
    """A span of time as one reads it at a glance."""
    if seconds is None:
        return "—"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
