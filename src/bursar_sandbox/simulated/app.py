"""The simulated gateway as one of the sandbox's simulators: its calls, its faults, and its second of delay."""

import asyncio
from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.clock import Clock
from bursar_sandbox.control import Control
from bursar_sandbox.faults import Call, Fault, Faults
from bursar_sandbox.refusals import Problem, ProblemAnswer, Refused
from bursar_sandbox.settings import SimulatedSettings
from bursar_sandbox.simulated.control import Hand
from bursar_sandbox.simulated.desk import PAYMENTS, Desk, Request, Route
from bursar_sandbox.simulated.payments import Behaviour, Payments
from bursar_sandbox.stage import Stage
from bursar_sandbox.webhooks import WebhookSender


def _fault_answer(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, msgspec.json.encode(ProblemAnswer(Problem(code, message))), headers)


REFUSING: Final = {
    Fault.DOWN: _fault_answer(503, "unavailable", "Closed for now."),
    Fault.RATE_LIMIT: _fault_answer(429, "rate_limited", "Too many calls.", (b"retry-after", b"1")),
    Fault.ERROR_BEFORE_ACCEPT: _fault_answer(500, "internal_error", "Something broke."),
}
"""Faults that answer before anything is booked."""


class SimulatedApp:
    """One simulated gateway with its book and switches. It tells nobody anything by itself."""

    name: Final = "simulated"

    def __init__(self, settings: SimulatedSettings, *, clock: Clock) -> None:
        """Put the parts together."""
        faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
        self._payments = Payments(
            Behaviour(settings.success_rate, settings.delay_seconds, settings.seed),
            clock=clock,
        )
        silent = WebhookSender(
            url=None, sign=lambda *_: {}, clock=clock, faults=faults, timeout_s=0, retry_delays_s=()
        )  # The stage and the control want one; nothing is ever offered to it.
        self._desk = Desk(self._payments, api_key=settings.api_key)
        self._control = Control(self.book, faults, silent, own=Hand(self._payments).calls)
        self._stage = Stage(faults, silent, refusing=REFUSING, take_news=list)

    @property
    def book(self) -> Book:
        """What was really paid."""
        return self._payments.book

    async def start(self) -> None:
        """Nothing goes on in the background."""

    async def stop(self) -> None:
        """As for the start."""

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer one call; a payment takes its delay before it is decided."""
        if not path.startswith(PAYMENTS):
            await self._control.serve(exchange, path, body)
            return
        self._desk.check(exchange.header(b"authorization"))
        route = self._desk.route(exchange.method, path)
        if route.call is Call.TRANSFER:
            await asyncio.sleep(self._payments.behaviour.delay_seconds)
        await self._stage.perform(
            exchange, route.call, lambda strike: _handled(route, Request(body, exchange.query, strike))
        )


def _handled(route: Route, request: Request) -> Answer:
    """The answer, or the refusal: a fault strikes either."""
    try:
        return route.handle(request)
    except Refused as refused:
        return refused.answer
