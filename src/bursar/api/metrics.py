"""Figures for Prometheus: open to this machine, or to whoever knows the token."""

import asyncio
from typing import Any, Final

from aiohttp import web
from litestar import Request, Response, Router, get
from litestar.datastructures import State

from bursar import monitoring
from bursar.api import requests
from bursar.api.entry import Needs
from bursar.api.openapi import Doc
from bursar.api.requests import Headers
from bursar.foundation import log
from bursar.foundation.addresses import is_loopback
from bursar.foundation.errors import Refusal, Unauthorised, Unavailable
from bursar.house import House
from bursar.monitoring.exposition import Requests

PATH: Final = "/metrics"
_SHOWN: Final = 'bursar_payouts{program="writers",currency="USD",state="completed"} 150.0\n'

_log = log.get(__name__)


@get(
    PATH,
    needs=Needs.NOTHING,  # The token lets it in, or that it comes from this very machine.
    doc=Doc(summary="Figures for Prometheus", answers_also={"text/plain": _SHOWN}, refuses=(401,)),
)
async def show_metrics(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Give all figures in Prometheus's text format: of the whole installation, and of the process that answers.

    Where `METRICS_TOKEN` is set, it is needed as a bearer token; otherwise only this machine is answered.
    """
    house: House = state.house
    _admit(house, request.scope["headers"], address=requests.address(request.scope))
    return Response(await _figures(house, state.requests), media_type=monitoring.exposition.CONTENT_TYPE)


router = Router(path="/", route_handlers=[show_metrics], tags=["Health"])


async def serve_metrics(house: House, stop: asyncio.Event) -> None:
    """Give the same figures, of a process that serves nothing else, at ``METRICS_PORT`` until told to stop."""

    async def answer(request: web.Request) -> web.Response:
        try:
            _admit(house, request.raw_headers, address=request.remote)
            body = await _figures(house, None)
        except Refusal as refusal:
            return web.Response(status=503 if isinstance(refusal, Unavailable) else 401, text=refusal.message)
        return web.Response(body=body, headers={"content-type": monitoring.exposition.CONTENT_TYPE})

    app = web.Application()
    app.router.add_get(PATH, answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, house.settings.host, house.settings.metrics_port)
        await site.start()
        _log.info("metrics.served", port=runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


async def _figures(house: House, counts: Requests | None) -> bytes:
    async with house.database.transaction(readonly=True) as tx:
        return await monitoring.exposition.expose(
            tx, gateways=house.gateways, pulse=house.pulse, pools=(house.database, house.lanes), requests=counts
        )


def _admit(house: House, headers: Headers, *, address: str | None) -> None:
    """Let a look in, or not.

    Raises:
        Unauthorised: not from this machine, or without the token that is set.
    """
    lowered = [(name.lower(), value) for name, value in headers]
    token = house.settings.metrics_token
    if token is None:
        is_passed_on = requests.header(lowered, b"x-forwarded-for", b"forwarded") is not None
        if is_passed_on or not is_loopback(address or ""):
            raise Unauthorised("Only this machine is answered, unless METRICS_TOKEN is set and sent as a bearer token.")
    elif not requests.bears(lowered, token):
        raise Unauthorised("The token of METRICS_TOKEN is needed as a bearer token.")
