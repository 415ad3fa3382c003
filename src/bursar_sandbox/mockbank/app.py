"""The mock bank as one of the sandbox's simulators: its calls, its faults, and its life."""

from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.control import Control
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.control import Hand
from bursar_sandbox.mockbank.desk import Desk, Request, Route
from bursar_sandbox.mockbank.signature import signer
from bursar_sandbox.refusals import Problem, ProblemAnswer, Refused
from bursar_sandbox.settings import SandboxSettings
from bursar_sandbox.stage import Alarm, Stage
from bursar_sandbox.webhooks import Webhook, WebhookSender

_encode: Final = msgspec.json.Encoder().encode


def _fault_answer(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, _encode(ProblemAnswer(Problem(code, message))), headers)


REFUSING: Final = {
    Fault.DOWN: _fault_answer(503, "unavailable", "The bank is closed for now."),
    Fault.RATE_LIMIT: _fault_answer(429, "rate_limited", "Too many calls.", (b"retry-after", b"1")),
    Fault.ERROR_BEFORE_ACCEPT: _fault_answer(500, "internal_error", "Something broke."),
}
"""Faults that answer before anything is booked."""


class MockBankApp:
    """One mock bank with its book, switches and webhooks."""

    name: Final = "mockbank"

    def __init__(self, settings: SandboxSettings, *, clock: Clock) -> None:
        """Put the parts together; nothing runs before `start`."""
        faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
        self._bank = Bank(
            clock=clock,
            chance=stream(settings.seed, "references"),
            settle_after_ms=settings.settle_after_ms,
            tells=settings.webhook_url is not None,
            tells_at_once=settings.webhook_on_sync,
        )
        self._sender = WebhookSender(
            url=settings.webhook_url,
            sign=signer(settings.webhook_secret),
            clock=clock,
            faults=faults,
            timeout_s=settings.webhook_timeout_s,
            retry_delays_s=settings.webhook_retry_delays_s,
        )
        self._desk = Desk(self._bank, faults, api_key=settings.api_key)
        self._control = Control(self._bank.book, faults, self._sender, own=Hand(self._bank).calls)
        self._stage = Stage(faults, self._sender, refusing=REFUSING, take_news=self._take_news)
        self._alarm = Alarm(due_in_ms=self._bank.next_due_in_ms, ring=self._settle)

    @property
    def book(self) -> Book:
        """What was really paid."""
        return self._bank.book

    async def start(self) -> None:
        """Begin to send webhooks."""
        await self._sender.start()

    async def stop(self) -> None:
        """Settle and send nothing any more."""
        self._alarm.stop()
        await self._sender.stop()

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer one call."""
        if not path.startswith("/v1/"):
            await self._control.serve(exchange, path, body)
            self._stage.tell()
            return
        self._desk.check(exchange.header(b"authorization"))
        route = self._desk.route(exchange.method, path)
        key = exchange.header(b"idempotency-key")

        def act(strike: Fault | None) -> Answer:
            answer = _handled(route, Request(body, exchange.query, key, route.reference, strike))
            self._alarm.set()
            return answer

        await self._stage.perform(exchange, route.call, act)

    def _settle(self) -> None:
        self._bank.settle_due()
        self._stage.tell()

    def _take_news(self) -> list[Webhook]:
        return [Webhook(event.event_id, event.reference, _encode(event)) for event in self._bank.take_news()]


def _handled(route: Route, request: Request) -> Answer:
    """The answer, or the refusal: a fault strikes either."""
    try:
        return route.handle(request)
    except Refused as refused:
        return refused.answer
