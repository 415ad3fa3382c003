"""How things stand with the gateways, and using one again that was given up."""

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import dispatch
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, envelope
from bursar.api.staff.wire_gateways import GatewayView
from bursar.house import House
from bursar.identity import Permission


@get(
    "/",
    needs=Permission.VIEW,
    doc=Doc(
        summary="List gateways",
        answers=Envelope[list[GatewayView]],
        shows=examples.envelope([examples.GATEWAY], "Gateways that are installed"),
    ),
)
async def list_gateways(state: State) -> Envelope[list[GatewayView]]:
    """List the gateways that are installed: whether they are used, and what keeps payouts from leaving through them."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await dispatch.conditions(tx, house.gateways)
    return envelope([GatewayView.of(one) for one in found], "Gateways that are installed", at=house.clock.now())


@post(
    "/{gateway:str}/reset",
    status_code=200,
    needs=Permission.STOP_SENDING,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Use a gateway again",
        answers=Envelope[GatewayView],
        shows=examples.envelope(examples.GATEWAY, "The gateway is used again"),
        refuses=(404,),
    ),
)
async def reset_gateway(gateway: FromPath[str], request: PersonRequest, state: State) -> Envelope[GatewayView]:
    """Close a gateway's circuit without waiting for the next look-up; what waits for it leaves at once.

    A circuit closes by itself once the gateway answers. If it still does not, this opens it again after ten calls.
    `name:BANK`, as the list has it, is that of one bank behind it.
    """
    house: House = state.house
    if dispatch.circuits.parts_of(gateway)[0] not in house.gateways:
        raise dispatch.NoSuchGateway(gateway=gateway[:40])
    async with house.database.transaction() as tx:
        was_open = await dispatch.circuits.reset(tx, gateway, actor=request.user.actor)
        condition, *_ = await dispatch.conditions(tx, [gateway])
    if was_open:
        house.ringer.ring(dispatch.BELL)
    told = "The gateway is used again" if was_open else "The gateway was in use"
    return envelope(GatewayView.of(condition), told, at=house.clock.now())


router = Router(path="/api/admin/gateways", route_handlers=[list_gateways, reset_gateway], tags=["Staff: gateways"])
