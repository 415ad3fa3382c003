"""The mock bank as an ASGI application: its calls, its faults, and its life."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from bursar_sandbox import statement
from bursar_sandbox.asgi import Answer, BodyTooLarge, Exchange, Receive, Scope, Send
from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.control import Control
from bursar_sandbox.mockbank.desk import Desk, Request, Route
from bursar_sandbox.mockbank.model import Problem, ProblemAnswer
from bursar_sandbox.mockbank.refusals import Refused, RequestTooLarge
from bursar_sandbox.mockbank.signature import signer
from bursar_sandbox.settings import SandboxSettings
from bursar_sandbox.webhooks import Webhook, WebhookSender

SETTLE_ROUND_S: Final = 0.005  # Settlements this close together are made in one round.

_encode: Final = msgspec.json.Encoder().encode


def _fault_answer(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, _encode(ProblemAnswer(Problem(code, message))), headers)


BROKEN: Final = _fault_answer(500, "internal_error", "Something broke.")
REFUSING: Final = {
    Fault.DOWN: _fault_answer(503, "unavailable", "The bank is closed for now."),
    Fault.RATE_LIMIT: _fault_answer(429, "rate_limited", "Too many calls.", (b"retry-after", b"1")),
    Fault.ERROR_BEFORE_ACCEPT: BROKEN,
}
"""Faults that answer before anything is booked."""


class MockBankApp:
    """One mock bank with its book, switches and webhooks."""

    def __init__(self, settings: SandboxSettings, *, clock: Clock) -> None:
        """Put the parts together; nothing runs before the lifespan starts."""
        self._export_path = settings.export_path
        self._faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
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
            faults=self._faults,
            timeout_s=settings.webhook_timeout_s,
            retry_delays_s=settings.webhook_retry_delays_s,
        )
        self._desk = Desk(self._bank, self._faults, api_key=settings.api_key)
        self._control = Control(self._bank, self._faults, self._sender)
        self._settling: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert scope["type"] == "http", "the server was told not to offer anything else"
        exchange = Exchange(scope, receive, send)
        try:
            await self._serve(exchange)
        except Refused as refused:
            await exchange.reply(refused.answer)
        except BodyTooLarge:
            await exchange.reply(RequestTooLarge().answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._sender.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._settling is not None:
            self._settling.cancel()
        await self._sender.stop()
        if self._export_path is not None:
            statement.export(self._bank.book, self._export_path)
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, exchange: Exchange) -> None:
        body = await exchange.body()
        if exchange.path.startswith("/v1/"):
            self._desk.check(exchange.header(b"authorization"))
            await self._serve_client(exchange, body)
        else:
            await self._control.serve(exchange, body)
            self._send(self._take_news())

    async def _serve_client(self, exchange: Exchange, body: bytes) -> None:
        """One call of a client, with whatever fault strikes it."""
        route = self._desk.route(exchange.method, exchange.path)
        strike = self._faults.strike(route.call)
        await self._travel()
        if strike in REFUSING:
            await exchange.reply(REFUSING[strike])
        elif strike is Fault.TIMEOUT_BEFORE_ACCEPT:
            await exchange.hang(self._faults.tempo.hang_seconds)
        else:
            await self._carry_out(exchange, route, body=body, strike=strike)

    async def _carry_out(self, exchange: Exchange, route: Route, *, body: bytes, strike: Fault | None) -> None:
        """Do what was asked, then answer as well as the fault allows."""
        key = exchange.header(b"idempotency-key")
        answer = _handled(route, Request(body, exchange.query, key, route.reference, strike))
        # Taken before anything waits, so that it is the news of this call alone.
        news = self._take_news()
        self._settle_later()
        if news and self._faults.fires(Fault.WEBHOOK_BEFORE_ANSWER):
            await asyncio.gather(*map(self._sender.deliver_first, news))
            news = []
        await self._travel()
        if strike is None or strike is Fault.WRONG_AMOUNT_ANSWER:  # The answer has that already.
            await exchange.reply(answer)
            self._send(news)
        else:
            self._send(news)
            await self._answer_badly(exchange, answer, strike)

    async def _answer_badly(self, exchange: Exchange, answer: Answer, strike: Fault) -> None:
        match strike:
            case Fault.TIMEOUT_AFTER_ACCEPT:
                await exchange.hang(self._faults.tempo.hang_seconds)
            case Fault.ERROR_AFTER_ACCEPT:
                await exchange.reply(BROKEN)
            case Fault.DROP_AFTER_ACCEPT | Fault.PARTIAL_BATCH:
                await exchange.cut()
            case Fault.MALFORMED_ANSWER:
                await exchange.reply(answer._replace(body=answer.body[: len(answer.body) // 2]))
            case Fault.EMPTY_ANSWER:
                await exchange.reply(answer._replace(body=b""))
            case Fault.TRICKLE:
                await exchange.trickle(answer, pause_s=self._faults.tempo.trickle_ms / 1000)
            case _:
                raise AssertionError(f"{strike} is dealt with before anything is booked")

    async def _travel(self) -> None:
        """Half of a call's latency: the request on its way in, or the answer on its way out."""
        half_s = self._faults.latency_s() / 2
        if half_s > 0:
            await asyncio.sleep(half_s)

    def _settle_later(self) -> None:
        """Make sure that somebody looks when the next settlement is due."""
        due_in_ms = self._bank.next_due_in_ms()
        if self._settling is None and due_in_ms is not None:
            delay_s = max(due_in_ms / 1000, SETTLE_ROUND_S)
            self._settling = asyncio.get_running_loop().call_later(delay_s, self._settle)

    def _settle(self) -> None:
        self._settling = None
        self._bank.settle_due()
        self._send(self._take_news())
        self._settle_later()

    def _take_news(self) -> list[Webhook]:
        return [Webhook(event.event_id, event.reference, _encode(event)) for event in self._bank.take_news()]

    def _send(self, news: Iterable[Webhook]) -> None:
        for webhook in news:
            self._sender.offer(webhook)


def _handled(route: Route, request: Request) -> Answer:
    """The answer, or the refusal: a fault strikes either."""
    try:
        return route.handle(request)
    except Refused as refused:
        return refused.answer
