"""Where a merchant's webhooks go: its endpoints, their secrets, what was delivered, and sending it again."""

from typing import Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import identity
from bursar.api import reading
from bursar.api.entry import KeyRequest
from bursar.api.merchants import examples
from bursar.api.merchants.wire_webhooks import (
    EndpointBody,
    EndpointChangeBody,
    Endpoints,
    EndpointView,
    NewEndpointView,
    Secret,
)
from bursar.api.openapi import Doc
from bursar.house import House
from bursar.outbound import webhooks

T = TypeVar("T")

READ: Final = identity.Scope.WEBHOOKS_READ
WRITE: Final = identity.Scope.WEBHOOKS_WRITE


@post(
    "/",
    needs=WRITE,
    doc=Doc(
        summary="Add a webhook endpoint",
        takes=EndpointBody,
        examples={"All events": {"url": "https://example.com/webhooks", "description": "Production"}},
        answers=NewEndpointView,
        shows=examples.ENDPOINT | {"secret": examples.SECRET},
        refuses=(409,),
    ),
)
async def add_endpoint(request: KeyRequest, state: State) -> NewEndpointView:
    """Add an address that your events are sent to, signed by the Standard Webhooks specification.

    Anything but a 2xx within 30 seconds is tried again, for about a day.
    """
    house: House = state.house
    body = await reading.json(request, EndpointBody)
    target = await state.egress.vet(body.url)
    wish = webhooks.EndpointWish(request.user.holder, target, body.description, tuple(body.events))
    async with house.database.transaction() as tx:
        endpoint, secret = await webhooks.add_endpoint(tx, wish, keyring=house.keyring, at=house.clock.now())
    return NewEndpointView(**msgspec.structs.asdict(EndpointView.of(endpoint)), secret=secret)


@get(
    "/",
    needs=READ,
    doc=Doc(summary="List webhook endpoints", answers=Endpoints, shows={"data": [examples.ENDPOINT]}),
)
async def list_endpoints(request: KeyRequest, state: State) -> Endpoints:
    """List your endpoints."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await webhooks.endpoints(tx, holder_id=request.user.holder)
    return Endpoints([EndpointView.of(endpoint) for endpoint in found])


@get(
    "/{endpoint_id:str}",
    needs=READ,
    doc=Doc(summary="Show a webhook endpoint", answers=EndpointView, shows=examples.ENDPOINT, refuses=(404,)),
)
async def show_endpoint(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> EndpointView:
    """Show one of your endpoints."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return EndpointView.of(await webhooks.endpoint(tx, identified(endpoint_id), holder_id=request.user.holder))


@patch(
    "/{endpoint_id:str}",
    needs=WRITE,
    doc=Doc(
        summary="Change a webhook endpoint",
        takes=EndpointChangeBody,
        examples={"Disable": {"enabled": False}, "Move": {"url": "https://example.com/hooks"}},
        answers=EndpointView,
        shows=examples.ENDPOINT,
        refuses=(404,),
    ),
)
async def change_endpoint(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> EndpointView:
    """Change an endpoint's address, description or events; disable it, or enable it again."""
    house: House = state.house
    body = await reading.json(request, EndpointChangeBody)
    change = webhooks.EndpointChange(
        target=await state.egress.vet(body.url) if body.url else None,
        description=_given(body.description),
        events=tuple(body.events) if body.events else None,
        enabled=_given(body.enabled),
    )
    async with house.database.transaction() as tx:
        changed = await webhooks.change_endpoint(tx, identified(endpoint_id), change, holder_id=request.user.holder)
    return EndpointView.of(changed)


@delete(
    "/{endpoint_id:str}",
    needs=WRITE,
    doc=Doc(summary="Remove a webhook endpoint", refuses=(404,)),
)
async def remove_endpoint(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> None:
    """Remove an endpoint: nothing is sent to it any more."""
    house: House = state.house
    async with house.database.transaction() as tx:
        await webhooks.remove_endpoint(tx, identified(endpoint_id), holder_id=request.user.holder)


@post(
    "/{endpoint_id:str}/rotate-secret",
    status_code=200,
    needs=WRITE,
    doc=Doc(
        summary="Rotate a webhook secret",
        answers=Secret,
        shows={"secret": examples.SECRET, "oldSecretHours": webhooks.OLD_SECRET_HOURS},
        refuses=(404,),
    ),
)
async def rotate_secret(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> Secret:
    """Give an endpoint a new secret. For a day messages carry both signatures, so that nothing is lost meanwhile."""
    house: House = state.house
    async with house.database.transaction() as tx:
        secret = await webhooks.rotate_secret(
            tx, identified(endpoint_id), holder_id=request.user.holder, keyring=house.keyring
        )
    return Secret(secret, webhooks.OLD_SECRET_HOURS)


def identified(text: str) -> UUID:
    """An endpoint's id as it was sent.

    Raises:
        NoSuchEndpoint: it is no id at all.
    """
    return reading.identified(text, webhooks.NoSuchEndpoint, of="endpoint")


def _given(value: T | msgspec.UnsetType) -> T | None:
    return None if value is msgspec.UNSET else value


router = Router(
    path="/api/v1/webhook-endpoints",
    route_handlers=[
        add_endpoint,
        list_endpoints,
        show_endpoint,
        change_endpoint,
        remove_endpoint,
        rotate_secret,
    ],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Webhooks"],
)
