"""RazorpayX as one of the sandbox's simulators: one business with its calls, its faults and its webhooks."""

from typing import Final

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.clock import Clock
from bursar_sandbox.control import Control
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.razorpayx.business import open_business
from bursar_sandbox.razorpayx.control import Hand
from bursar_sandbox.razorpayx.desk import Desk, Request, Route
from bursar_sandbox.razorpayx.refusals import KEY_HEADER, Down, Refused, ServerError, TooMany
from bursar_sandbox.settings import RazorpayXSettings
from bursar_sandbox.stage import Alarm, Stage
from bursar_sandbox.webhooks import Webhook, WebhookSender

REFUSING: Final = {
    Fault.DOWN: Down().answer,
    Fault.RATE_LIMIT: TooMany().answer,
    Fault.ERROR_BEFORE_ACCEPT: ServerError().answer,
}
"""Faults that answer before anything is booked."""
ACTED_OUT: Final = frozenset({Fault.WRONG_AMOUNT_ANSWER, Fault.ERROR_AFTER_ACCEPT})
"""Faults of which what a call gives is already the bad answer."""

_KEY: Final = KEY_HEADER.lower().encode()


class RazorpayXApp:
    """One simulated business with its book, switches and webhooks."""

    name: Final = "razorpayx"

    def __init__(self, settings: RazorpayXSettings, *, clock: Clock) -> None:
        """Put the parts together; nothing runs before `start`."""
        faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
        self._business = open_business(settings, clock=clock)
        self._sender = WebhookSender(
            url=settings.webhook_url,
            sign=lambda *_: {},  # Each webhook is signed with the secret of its time.
            clock=clock,
            faults=faults,
            timeout_s=settings.webhook_timeout_s,
            retry_delays_s=settings.webhook_retry_delays_s,
        )
        self._is_heard = settings.webhook_url is not None
        self._desk = Desk(self._business, settings)
        self._control = Control(self.book, faults, self._sender, own=Hand(self._business).calls)
        self._stage = Stage(
            faults,
            self._sender,
            refusing=REFUSING,
            take_news=self._take_news,
            hurry=self._hurry,
            acted_out=ACTED_OUT,
        )
        self._alarm = Alarm(due_in_ms=self._business.next_due_in_ms, ring=self._advance)
        self._known_before = 0  # Payouts, when the present call began.

    @property
    def book(self) -> Book:
        """What was really paid."""
        return self._business.life.book

    async def start(self) -> None:
        """Begin to send webhooks."""
        await self._sender.start()

    async def stop(self) -> None:
        """Process and send nothing any more."""
        self._alarm.stop()
        await self._sender.stop()

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer one call."""
        if path.startswith(("/control", "/book")):
            self._business.advance()
            await self._control.serve(exchange, path, body)
            self._stage.tell()
            self._alarm.set()
            return
        try:
            self._desk.check(exchange.header(b"authorization"))
            route = self._desk.route(exchange.method, path)
        except Refused as refused:
            await exchange.reply(refused.answer)
            return
        key = (exchange.header(_KEY) or b"").decode("latin-1")
        request = Request(body, exchange.query, key)
        await self._stage.perform(exchange, route.call, lambda strike: self._act(route, request, strike))

    def _act(self, route: Route, request: Request, strike: Fault | None) -> Answer:
        self._business.advance()  # A timer may be late; what is due by now has happened by now.
        self._known_before = len(self._business.payouts.all)
        answer = self._desk.answer(route, request, strike)
        self._alarm.set()
        return answer

    def _hurry(self) -> None:
        """Let the payouts that the present call has taken on come to their outcome."""
        for payout in self._business.payouts.all[self._known_before :]:
            self._business.life.hurry(payout)

    def _advance(self) -> None:
        self._business.advance()
        self._stage.tell()

    def _take_news(self) -> list[Webhook]:
        news = self._business.events.take_news()
        return news if self._is_heard else []
