"""Stopping money at once, and letting it go again once somebody has seen what will leave."""

from typing import Final
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.datastructures import State

from bursar import dispatch, holders, identity, payouts, programs
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, envelope
from bursar.api.staff.wire_switches import FigureView, SwitchBody, SwitchQuery, SwitchView
from bursar.foundation import ids
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Conflict, Invalid, Missing
from bursar.house import House

STOP: Final = identity.Permission.STOP_SENDING


class NothingStopped(Missing):
    """No kill switch is set there."""

    code = "not_stopped"


class SeeFirst(Conflict):
    """Look at what will leave, then say `confirm=true`."""

    code = "confirmation_needed"


@get(
    "/",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="List kill switches",
        answers=Envelope[list[SwitchView]],
        shows=examples.envelope([examples.SWITCH], "Kill switches that are set"),
    ),
)
async def list_switches(state: State) -> Envelope[list[SwitchView]]:
    """List the kill switches that are set, each with what would leave if it were lifted."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        views = [await _view(tx, switch) for switch in await dispatch.switches(tx)]
    return envelope(views, "Kill switches that are set", at=house.clock.now())


@post(
    "/",
    status_code=200,
    needs=STOP,
    doc=Doc(
        summary="Stop money",
        takes=SwitchBody,
        examples={
            "Everything": {"scope": "global", "reason": "Something is wrong"},
            "One program": {"scope": "program", "subject": "merchants", "reason": "The bank asked us to wait"},
        },
        answers=Envelope[list[SwitchView]],
        shows=examples.envelope([examples.SWITCH], "Stopped"),
        refuses=(404,),
    ),
)
async def set_switch(request: PersonRequest, state: State) -> Envelope[list[SwitchView]]:
    """Stop money at once. Nothing that has left already is called back, and payouts can still be asked for."""
    house: House = state.house
    body = await reading.json(request, SwitchBody)
    async with house.database.transaction() as tx:
        await _insist_on_subject(tx, house, body)
        await dispatch.stop(
            tx, dispatch.Scope(body.scope), subject=body.subject, reason=body.reason, actor=request.user.actor
        )
    async with house.database.transaction(readonly=True) as tx:  # Counting must not be able to undo the stop.
        views = [await _view(tx, switch) for switch in await dispatch.switches(tx)]
    return envelope(views, "Stopped", at=house.clock.now())


@delete(
    "/",
    status_code=200,
    needs=STOP,
    doc=Doc(
        summary="Let money go again",
        query=SwitchQuery,
        answers=Envelope[FigureView],
        shows=examples.envelope(examples.SWITCH["waiting"], "Money may leave again"),
        refuses=(404, 409),
    ),
)
async def lift_switch(request: PersonRequest, state: State) -> Envelope[FigureView]:
    """Lift a kill switch. Without `confirm=true` it stays, and you are told what will leave."""
    house: House = state.house
    asked = reading.query(request, SwitchQuery)
    async with house.database.transaction() as tx:
        found = [s for s in await dispatch.switches(tx) if (s.scope.value, s.subject) == (asked.scope, asked.subject)]
        if not found:
            raise NothingStopped(scope=asked.scope, subject=asked.subject)
        waiting = (await _view(tx, found[0])).waiting
        if not asked.confirm:
            raise SeeFirst(payouts=waiting.payouts, amounts=waiting.amounts)
        await dispatch.go(tx, dispatch.Scope(asked.scope), subject=asked.subject, actor=request.user.actor)
    house.ringer.ring(dispatch.BELL)
    return envelope(waiting, "Money may leave again", at=house.clock.now())


async def _view(tx: Transaction, switch: dispatch.Switch) -> SwitchView:
    return SwitchView(
        scope=switch.scope,
        subject=switch.subject,
        reason=switch.reason,
        set_by=switch.set_by,
        set_at=timestamp(switch.set_at),
        waiting=await _waiting(tx, switch),
    )


async def _waiting(tx: Transaction, switch: dispatch.Switch) -> FigureView:
    """What waits behind a switch: the payouts that could leave if nothing stopped them."""
    match switch.scope:
        case dispatch.Scope.GLOBAL:
            return FigureView.of([await payouts.count_waiting(tx)])
        case dispatch.Scope.PROGRAM:
            return FigureView.of([await payouts.count_waiting(tx, switch.subject)])
        case dispatch.Scope.HOLDER:
            return FigureView.of([await payouts.count_waiting(tx, holder_id=ids.parse(switch.subject))])
        case dispatch.Scope.GATEWAY:
            routed = [terms.program for terms in await programs.all(tx) if terms.route.gateway == switch.subject]
            return FigureView.of([await payouts.count_waiting(tx, program) for program in routed])
        case dispatch.Scope.RUN:
            return FigureView.of((await payouts.count_by_run(tx, [UUID(switch.subject)])).values())


async def _insist_on_subject(tx: Transaction, house: House, body: SwitchBody) -> None:
    """A switch that names nothing real would stop nothing, and nobody would know.

    Raises:
        NoSuchProgram, NoSuchGateway, NoSuchHolder: there is none of that name.
        Invalid: the global one has no subject.
    """
    match body.scope:
        case "global":
            if body.subject:
                raise Invalid(field="subject", rule="left out; everything is stopped")
        case "program":
            await programs.current(tx, [body.subject])
        case "gateway":
            if body.subject not in house.gateways:
                raise dispatch.NoSuchGateway(gateway=body.subject)
        case "holder":
            holder_id = ids.parse(body.subject)
            if holder_id is None or not await holders.find(tx, [holder_id]):
                raise holders.NoSuchHolder(holder=body.subject[:40])


router = Router(
    path="/api/admin/kill-switches",
    route_handlers=[list_switches, set_switch, lift_switch],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: kill switches"],
)
