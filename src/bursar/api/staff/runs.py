"""Runs as staff see and steer them: what one would do, how far one is, and stopping it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import UNSET

from bursar import holders, identity, payouts, schedules
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.paging import Page, PageQuery, mark, page
from bursar.api.staff import examples, examples_runs, wire_runs
from bursar.api.staff.switches import SeeFirst
from bursar.api.staff.wire import Envelope, StaffPayoutView, envelope
from bursar.api.staff.wire_runs import FailureView, LeavingView, PlanView, RunView
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.house import House

MANAGE: Final = identity.Permission.MANAGE_RUNS


@get(
    "/",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="List runs",
        query=wire_runs.RunsQuery,
        answers=Envelope[list[RunView]],
        shows=examples.envelope([examples_runs.RUN], "Runs found"),
    ),
)
async def list_runs(request: PersonRequest, state: State) -> Envelope[list[RunView]]:
    """List the latest runs, newest first, each with what has become of its payouts."""
    house: House = state.house
    asked = reading.query(request, wire_runs.RunsQuery)
    async with house.database.transaction(readonly=True) as tx:
        views = await _views(tx, await schedules.recent(tx, asked.program or None, limit=asked.limit))
    return envelope(views, "Runs found", at=house.clock.now())


@get(
    "/preview",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="Foretell a run",
        query=wire_runs.PreviewQuery,
        answers=Envelope[PlanView],
        shows=examples.envelope(examples_runs.PLAN, "What a run would come to"),
        refuses=(404, 409),
    ),
)
async def preview_run(request: PersonRequest, state: State) -> Envelope[PlanView]:
    """Say who would be paid if a run began now, who would not, and why. Nothing is stored and no money moves.

    `holders` lists those with enough, page by page; the figures are about all of them.
    """
    house: House = state.house
    asked = reading.query(request, wire_runs.PreviewQuery)
    async with house.database.transaction(readonly=True) as tx:
        plan = await schedules.plan(tx, asked.program, desk=house.desk)
        lines, after = await schedules.plan_page(
            tx, asked.program, desk=house.desk, after=asked.before, limit=asked.limit
        )
    view = PlanView.of(plan, lines, mark(after) if after else None)
    return envelope(view, "What a run would come to", at=house.clock.now())


@post(
    "/",
    status_code=202,
    needs=MANAGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Begin a run",
        takes=wire_runs.BeginBody,
        examples={"As the terms say": {"program": "writers"}, "Otherwise": {"program": "writers", "batchSize": 50}},
        answers=Envelope[RunView],
        shows=examples.envelope(examples_runs.RUN, "The run has begun"),
        refuses=(404, 409),
    ),
)
async def begin_run(request: PersonRequest, state: State) -> Envelope[RunView]:
    """Begin a run now. Workers carry it out; look at it to see how far it is."""
    house: House = state.house
    body = await reading.json(request, wire_runs.BeginBody)
    overrides = schedules.Overrides(
        batch_size=None if body.batch_size is UNSET else body.batch_size,
        tries_max=None if body.tries_max is UNSET else body.tries_max,
    )
    async with house.database.transaction() as tx:
        run = await schedules.begin_now(
            tx, body.program, actor=request.user.actor, overrides=overrides, correlation_id=log.correlation_id()
        )
        [view] = await _views(tx, [run])
    await _ring(house, run.id)
    return envelope(view, "The run has begun", at=house.clock.now())


@get(
    "/{run_id:str}",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="Show a run",
        answers=Envelope[RunView],
        shows=examples.envelope(examples_runs.RUN, "Run found"),
        refuses=(404,),
    ),
)
async def show_run(run_id: FromPath[str], state: State) -> Envelope[RunView]:
    """Show how far a run is, and what has become of its payouts. While it is under way, ask again."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        [view] = await _views(tx, [await schedules.get(tx, _identified(run_id))])
    return envelope(view, "Run found", at=house.clock.now())


@get(
    "/{run_id:str}/payouts",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="List a run's payouts",
        query=wire_runs.RunPayoutsQuery,
        answers=Page[StaffPayoutView],
        shows={"data": [examples.PAYOUT], "nextCursor": None, "hasMore": False},
        refuses=(404,),
    ),
)
async def list_run_payouts(run_id: FromPath[str], request: PersonRequest, state: State) -> Page[StaffPayoutView]:
    """List the payouts of a run, newest first."""
    house: House = state.house
    asked = reading.query(request, wire_runs.RunPayoutsQuery)
    async with house.database.transaction(readonly=True) as tx:
        run = await schedules.get(tx, _identified(run_id))
        found = await payouts.page_of_run(tx, run.id, states=asked.status, before=asked.before, limit=asked.limit + 1)
        owners = await holders.find(tx, {payout.holder_id for payout in found})
    return page(found, limit=asked.limit, show=lambda one: StaffPayoutView.of(one, owners[one.holder_id]))


@get(
    "/{run_id:str}/failures",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="List a run's failures",
        query=PageQuery,
        answers=Envelope[list[FailureView]],
        shows=examples.envelope([examples_runs.FAILURE], "Failures found"),
        refuses=(404,),
    ),
)
async def list_run_failures(run_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[list[FailureView]]:
    """List the payouts of a run that failed or came back, and why; the latest asked for first."""
    house: House = state.house
    asked = reading.query(request, PageQuery)
    async with house.database.transaction(readonly=True) as tx:
        run = await schedules.get(tx, _identified(run_id))
        found = await schedules.failures(tx, run.id, limit=asked.limit, before=asked.before)
    return envelope([FailureView.of(one) for one in found], "Failures found", at=house.clock.now())


@post(
    "/{run_id:str}/stop",
    status_code=200,
    needs=MANAGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Stop a run",
        takes=wire_runs.StopBody,
        examples={"For a reason": {"reason": "Wrong month"}},
        answers=Envelope[RunView],
        shows=examples.envelope(examples_runs.RUN | {"standing": "stopped"}, "The run is stopped"),
        refuses=(404, 409),
    ),
)
async def stop_run(run_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[RunView]:
    """Stop a run at once: nothing more of it leaves. What has left is kept and followed."""
    house: House = state.house
    body = await reading.json(request, wire_runs.StopBody)
    async with house.database.transaction() as tx:
        run = await schedules.stop(tx, _identified(run_id), actor=request.user.actor, why=body.reason)
    return await _told(house, run.id, "The run is stopped")


@post(
    "/{run_id:str}/resume",
    status_code=200,
    needs=MANAGE,
    doc=Doc(
        summary="Let a stopped run go on",
        query=wire_runs.ConfirmQuery,
        answers=Envelope[RunView],
        shows=examples.envelope(examples_runs.RUN | {"standing": "handed_over"}, "The run goes on"),
        refuses=(404, 409),
    ),
)
async def resume_run(run_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[RunView]:
    """Let a stopped run go on. Without `confirm=true` it stays stopped, and you are told what will leave."""
    house: House = state.house
    async with house.database.transaction() as tx:
        run = await schedules.resume(tx, _identified(run_id), actor=request.user.actor)
        await _insist_on_consent(tx, request, run.id)
    await _ring(house, run.id)
    return await _told(house, run.id, "The run goes on")


@post(
    "/{run_id:str}/cancel",
    status_code=200,
    needs=MANAGE,
    doc=Doc(
        summary="Cancel what has not left of a run",
        query=wire_runs.ConfirmQuery,
        answers=Envelope[RunView],
        shows=examples.envelope(examples_runs.RUN | {"standing": "cancelled"}, "The rest of the run is cancelled"),
        refuses=(404, 409),
    ),
)
async def cancel_run(run_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[RunView]:
    """Stop a run and cancel what has not left; the money is available to its holders again.

    Without `confirm=true` nothing happens, and you are told what would be cancelled.
    """
    house: House = state.house
    async with house.database.transaction() as tx:
        run = await schedules.cancel(tx, _identified(run_id), actor=request.user.actor)
        await _insist_on_consent(tx, request, run.id)
    await _ring(house, run.id)
    return await _told(house, run.id, "The rest of the run is cancelled")


async def _insist_on_consent(tx: Transaction, request: PersonRequest, run_id: UUID) -> None:
    """Take all of it back unless whoever asks has seen what it is about.

    Raises:
        SeeFirst: with what would leave, or be cancelled.
    """
    if not reading.query(request, wire_runs.ConfirmQuery).confirm:
        count, sums = await schedules.leaving(tx, run_id)
        leaving = LeavingView(count, wire_runs.amounts(sums))
        raise SeeFirst(payouts=leaving.payouts, amounts=leaving.amounts)


async def _told(house: House, run_id: UUID, message: str) -> Envelope[RunView]:
    """A run as it stands, apart from what was done: counting must not be able to undo it."""
    async with house.database.transaction(readonly=True) as tx:
        [view] = await _views(tx, [await schedules.get(tx, run_id)])
    return envelope(view, message, at=house.clock.now())


async def _views(tx: Transaction, runs: Sequence[schedules.Run]) -> list[RunView]:
    found = await schedules.results(tx, [run.id for run in runs])
    return [RunView.of(run, found[run.id]) for run in runs]


async def _ring(house: House, run_id: UUID) -> None:
    await house.carrier.ring(schedules.PROCESS, schedules.Process(run_id))


def _identified(text: str) -> UUID:
    """A run's id as it was sent.

    Raises:
        NoSuchRun: it is no id at all.
    """
    return reading.identified(text, schedules.NoSuchRun, of="run")


router = Router(
    path="/api/admin/runs",
    route_handlers=[
        list_runs,
        preview_run,
        begin_run,
        show_run,
        list_run_payouts,
        list_run_failures,
        stop_run,
        resume_run,
        cancel_run,
    ],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: runs"],
)
