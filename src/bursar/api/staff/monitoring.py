"""Watching over automated payouts: one address to look at all of it, and to do what the writers document lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from litestar import Response, Router, get, post
from litestar.datastructures import State
from msgspec import UNSET

from bursar import holders, identity, monitoring, programs, schedules
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples_monitoring as examples
from bursar.api.staff import wire_monitoring_actions as wire
from bursar.api.staff.monitoring_actions import do
from bursar.api.staff.wire_monitoring import (
    AlertView,
    HealthView,
    HistoryView,
    MetricsView,
    MonitoringAnswer,
    MonitoringQuery,
    MonitoringView,
    ProcessingView,
    ReasonView,
    SchedulerView,
    SystemLoadView,
)
from bursar.api.writers import triggering
from bursar.api.writers.configs import AutomatedPayoutConfig, PayoutAlertConfig, PayoutScheduleConfig
from bursar.api.writers.wire import OfProgramQuery, RunTotals
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.house import House
from bursar.payouts import PayoutState

P: Final = identity.Permission


@get(
    "/",
    needs=P.VIEW,
    doc=Doc(
        summary="Watch over automated payouts",
        query=MonitoringQuery,
        answers=MonitoringAnswer,
        shows=examples.MONITORING,
        refuses=(404,),
    ),
)
async def show_monitoring(request: PersonRequest, state: State) -> MonitoringAnswer:
    """Show the scheduler, what is being processed, how well it goes, and the latest runs of one program."""
    house: House = state.house
    asked = reading.query(request, MonitoringQuery)
    async with house.database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, _program(house, asked))
        return MonitoringAnswer(success=True, data=await _view(tx, house, terms, asked))


@post(
    "/",
    status_code=200,
    needs=P.VIEW,
    doc=Doc(
        summary="Act on automated payouts",
        query=OfProgramQuery,
        takes=wire.Action,
        examples=examples.ACTIONS,
        answers=wire.Answer,
        shows=examples.TRIGGERED,
        answers_by_status={202: (wire.Answer, examples.TRIGGERED | {"status": "running"})},
        refuses=(403, 404, 409),
    ),
)
async def act_on_monitoring(request: PersonRequest, state: State) -> Response[wire.Answer]:
    """Do what `action` says: trigger payouts, change schedule or alerts, acknowledge or resolve an alert, calculate.

    Everybody who may look may calculate metrics; the other actions are for managers. Each is noted with who asked.
    """
    house: House = state.house
    program = _program(house, reading.query(request, OfProgramQuery))
    action: wire.Action = await reading.json(request, wire.Action)  # type: ignore[arg-type] # a union has no type
    answer = await do(house, program, action, person=request.user)
    if isinstance(answer, wire.PayoutsTriggered) and answer.status == "running":
        headers = triggering.look_again(f"/api/admin/runs/{answer.data.run_id}")
        return Response(answer, status_code=202, headers=headers)
    return Response(answer)


def _program(house: House, asked: OfProgramQuery) -> str:
    return asked.program or house.settings.cron_program


async def _view(tx: Transaction, house: House, terms: programs.Terms, asked: MonitoringQuery) -> MonitoringView:
    runs = await schedules.recent(tx, terms.program, limit=asked.history_limit)
    load = await monitoring.load(tx, pulse=house.pulse, pools=(house.database, house.lanes), program=terms.program)
    at = await tx.now()
    return MonitoringView(
        timestamp=timestamp(at),
        program=terms.program,
        scheduler=_scheduler(terms, runs, at),
        processing=_processing(terms, load),
        health=await _health(tx, terms, load, asked),
        history=await _history(tx, terms, runs, at) if asked.include_history else UNSET,
    )


def _scheduler(terms: programs.Terms, runs: Sequence[schedules.Run], at: datetime) -> SchedulerView:
    under_way = {schedules.Standing.BEGUN, schedules.Standing.HANDED_OVER}
    return SchedulerView(
        is_running=any(run.standing in under_way for run in runs),
        next_scheduled_time=triggering.next_time(terms, at),
        config=PayoutScheduleConfig.of(terms),
    )


def _processing(terms: programs.Terms, load: monitoring.SystemLoad) -> ProcessingView:
    return ProcessingView(
        is_processing=load.under_way > 0,
        total_in_queue=load.queued,
        total_completed=load.standing.get(PayoutState.COMPLETED, 0),
        total_failed=load.standing.get(PayoutState.FAILED, 0),
        config=AutomatedPayoutConfig.of(terms),
    )


async def _health(
    tx: Transaction, terms: programs.Terms, load: monitoring.SystemLoad, asked: MonitoringQuery
) -> HealthView:
    found = await monitoring.health(tx, terms.program, load=load)
    return HealthView(
        status=found.status,
        reasons=[ReasonView.of(reason) for reason in found.reasons],
        metrics=MetricsView.of(found.metrics, currency=terms.currency) if asked.include_metrics else UNSET,
        active_alerts=[AlertView.of(alert) for alert in found.active_alerts] if asked.include_alerts else UNSET,
        system_load=SystemLoadView.of(load),
        config=PayoutAlertConfig.of(terms),
    )


async def _history(
    tx: Transaction, terms: programs.Terms, runs: Sequence[schedules.Run], at: datetime
) -> list[HistoryView]:
    results = await schedules.results(tx, [run.id for run in runs])
    failures = [failure for found in results.values() for failure in found.errors]
    owners = await holders.find(tx, {failure.holder_id for failure in failures})
    history = []
    for run in runs:
        found = results[run.id]
        until = triggering.until(run, found, at=at)
        totals = RunTotals.of(run, found, currency=terms.currency, owners=owners, until=until)
        history.append(HistoryView.of_run(totals, run, status=triggering.status_of(run, found)))
    return history


router = Router(
    path="/api/admin/payout-monitoring",
    route_handlers=[show_monitoring, act_on_monitoring],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: monitoring"],
)
