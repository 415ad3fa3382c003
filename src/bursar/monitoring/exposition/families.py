"""From our figures to families of series."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bursar import dispatch, schedules
from bursar.foundation.db import Database, Transaction
from bursar.foundation.pulse import Pulse
from bursar.monitoring import alerts, reconciliation, tallies
from bursar.monitoring.exposition.requests import Requests
from bursar.monitoring.load import SystemLoad, load

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
BOUNDS: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 259_200.0, 604_800.0)
"""Seconds from request to end: of the many bounds of the tallies, those that a dashboard can show."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is looked up at once."""

    at: datetime
    states: Sequence[tallies.StateTally]
    flows: Sequence[tallies.FlowTally]
    durations: Sequence[tallies.DurationTally]
    oldest: Sequence[tallies.OpenTally]
    alerts: Sequence[alerts.Alert]
    gateways: Sequence[dispatch.Condition]
    switches: Sequence[dispatch.Switch]
    stopped: Sequence[schedules.Run]
    items: Sequence[reconciliation.Open]
    in_flight: Mapping[str, int]
    load: SystemLoad


async def expose(
    tx: Transaction, *, gateways: Collection[str], pulse: Pulse, pools: Sequence[Database], requests: Requests | None
) -> bytes:
    """All series, as text; with the HTTP requests of this process where it answers any."""
    figures = await _look(tx, gateways=gateways, pulse=pulse, pools=pools)
    registry = CollectorRegistry()
    registry.register(_Told(figures))
    told = generate_latest(registry)
    return told + generate_latest(requests.registry) if requests else told


async def _look(tx: Transaction, *, gateways: Collection[str], pulse: Pulse, pools: Sequence[Database]) -> Figures:
    flows, durations = await tallies.ever(tx)
    return Figures(
        at=await tx.now(),
        states=await tallies.states(tx),
        flows=flows,
        durations=durations,
        oldest=await tallies.oldest_open(tx),
        alerts=await alerts.active(tx),
        gateways=await dispatch.conditions(tx, gateways),
        switches=await dispatch.switches(tx),
        stopped=await schedules.stopped(tx),
        items=await reconciliation.open_items(tx),
        in_flight=await dispatch.figures(tx),
        load=await load(tx, pulse=pulse, pools=pools),
    )


class _Told(Collector):
    """Figures that were looked up just before, for a registry of their own."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield from _payouts(figures)
        yield _durations(figures)
        yield from _sending(figures)
        yield from _trouble(figures)
        yield from _workers(figures)
        yield from _process(figures)


def _payouts(figures: Figures) -> Iterator[Metric]:
    labels = ("program", "currency", "state")
    yield _gauge("bursar_payouts", "Payouts by where they stand.", labels, {
        (one.program, one.currency, one.state.value): one.count for one in figures.states})  # fmt: skip
    yield _gauge("bursar_payouts_minor_units", "What they add up to, in the currency's minor units.", labels, {
        (one.program, one.currency, one.state.value): one.amount for one in figures.states})  # fmt: skip
    labels = ("program", "currency", "verb")
    yield _counter("bursar_payout_moves", "Moves that payouts have made.", labels, {
        (one.program, one.currency, one.verb): one.count for one in figures.flows})  # fmt: skip
    yield _counter("bursar_payout_moved_minor_units", "What the payouts that moved add up to.", labels, {
        (one.program, one.currency, one.verb): one.amount for one in figures.flows})  # fmt: skip
    yield _gauge("bursar_oldest_open_payout_age_seconds", "Since the oldest payout not at rest was asked for.",
        ("program",), {
            (one.program,): max((figures.at - one.oldest_asked_at).total_seconds(), 0.0) for one in figures.oldest
        })  # fmt: skip


def _durations(figures: Figures) -> Metric:
    family = HistogramMetricFamily(
        "bursar_payout_duration_seconds",
        "From a payout's request to the verb that ended it.",
        labels=("program", "verb"),
    )
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for flow in figures.flows:
        seconds[flow.program, flow.verb] += flow.seconds
    by_series: dict[tuple[str, str], list[tallies.DurationTally]] = defaultdict(list)
    for one in figures.durations:
        by_series[one.program, one.verb].append(one)
    for series, counted in sorted(by_series.items()):
        buckets = list(zip(map(str, BOUNDS), tallies.cumulative(counted, BOUNDS), strict=True))
        total = sum(one.count for one in counted)
        family.add_metric(series, [*buckets, ("+Inf", total)], sum_value=seconds[series])
    return family


def _sending(figures: Figures) -> Iterator[Metric]:
    conditions = figures.gateways
    yield _gauge("bursar_gateway_circuit_open", "1 while a gateway's circuit is not closed.", ("gateway",), {
        (one.gateway,): one.circuit != "closed" for one in conditions})  # fmt: skip
    yield _gauge("bursar_gateway_breaks_open", "Payments that are disputed and wait for people.", ("gateway",), {
        (one.gateway,): one.breaks for one in conditions})  # fmt: skip
    yield _gauge("bursar_gateway_float_low", "1 while our own account holds too little.", ("gateway", "currency"), {
        (one.gateway, low.currency): 1 for one in conditions for low in one.low})  # fmt: skip
    yield _gauge("bursar_attempts_watched", "Attempts that somebody will look at again.", (), {
        (): figures.in_flight["looked_after"]})  # fmt: skip
    yield _gauge("bursar_attempts_overdue", "Those that nobody has looked at for five minutes too long.", (), {
        (): figures.in_flight["overdue"]})  # fmt: skip
    yield _gauge("bursar_sending_stopped", "Kill switches that are set.", ("scope",),
        Counter((switch.scope.value,) for switch in figures.switches))  # fmt: skip
    yield _gauge("bursar_runs_stopped", "Runs of which nothing leaves before a person says so.", ("program",),
        Counter((run.program,) for run in figures.stopped))  # fmt: skip


def _trouble(figures: Figures) -> Iterator[Metric]:
    yield _gauge("bursar_alerts_active", "Alerts that nobody has resolved.", ("program", "type", "severity"),
        Counter((one.program or "", one.type.value, one.severity.value) for one in figures.alerts))  # fmt: skip
    counts: Counter[tuple[str, ...]] = Counter()
    for one in figures.items:
        counts[one.kind.value,] += one.count
    yield _gauge("bursar_reconciliation_items_open", "Differences that reconciliation found.", ("kind",), counts)


def _workers(figures: Figures) -> Iterator[Metric]:
    yield _gauge("bursar_workers", "Workers that are alive.", (), {(): figures.load.alive})
    here = [one for one in figures.load.workers if one.is_alive]
    labels = ("host", "pid")
    told = [((one.host, str(one.pid)), one.load) for one in here if one.load is not None]
    yield _gauge("bursar_worker_loop_lag_seconds", "The worst of a worker's last minute.", labels, {
        who: needs.loop_lag_max for who, needs in told})  # fmt: skip
    yield _gauge("bursar_worker_memory_bytes", "What a worker takes.", labels, {
        who: needs.memory_bytes for who, needs in told})  # fmt: skip
    yield _gauge("bursar_worker_cpu_percent", "Of one core.", labels, {who: needs.cpu_percent for who, needs in told})
    yield _gauge("bursar_worker_connections_used", "Database connections in use.", labels, {
        who: needs.pool_used for who, needs in told})  # fmt: skip
    yield _counter("bursar_worker_jobs", "Jobs that living workers have dealt with.", ("host", "pid", "outcome"), {
        (one.host, str(one.pid), outcome): one.total(outcome) for one in here for outcome in ("done", "failed")
    })  # fmt: skip


def _process(figures: Figures) -> Iterator[Metric]:
    """The process that is asked."""
    who, needs = (str(figures.load.pid),), figures.load.here
    yield _gauge("bursar_info", "Which Bursar this is.", ("version",), {(version("bursar"),): 1})
    yield _gauge(
        "bursar_process_loop_lag_seconds", "The worst of its last minute.", ("pid",), {who: needs.loop_lag_max}
    )
    yield _gauge("bursar_process_memory_bytes", "What it takes.", ("pid",), {who: needs.memory_bytes})
    yield _gauge("bursar_process_cpu_percent", "Of one core.", ("pid",), {who: needs.cpu_percent})
    yield _gauge("bursar_process_connections_used", "Database connections in use.", ("pid",), {who: needs.pool_used})
    yield _gauge("bursar_process_connections_max", "Those it may open.", ("pid",), {who: needs.pool_max})


def _gauge(name: str, says: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for series, value in values.items():
        family.add_metric(series, value)
    return family


def _counter(name: str, says: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for series, value in values.items():
        family.add_metric(series, value)
    return family
