"""Flutterwave as one of the sandbox's simulators: one merchant's account, in one version of the interface."""

from decimal import Decimal
from typing import Final

from bursar_sandbox.addresses import is_on_this_machine
from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.control import Control
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.flutterwave.control import Hand
from bursar_sandbox.flutterwave.dialect import Dialect, Refused, Route
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import Behaviour, News
from bursar_sandbox.flutterwave.wallets import Wallets
from bursar_sandbox.settings import FlutterwaveSettings
from bursar_sandbox.stage import Alarm, Stage
from bursar_sandbox.webhooks import Webhook, WebhookSender

RETRIES: Final = 3
RETRY_MINUTES: Final = 30
TAKEN: Final = range(200, 201)  # Anything but 200 is a failure, 302 and 202 too.


class FlutterwaveApp:
    """One simulated account with its book, wallets, switches and webhooks."""

    def __init__(self, dialect: Dialect, settings: FlutterwaveSettings, *, clock: Clock) -> None:
        """Put the parts together; nothing runs before `start`."""
        self.name = dialect.name
        self._dialect = dialect
        faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
        behaviour = Behaviour(settings.mode, settings.settle_after_ms, settings.minute_ms, settings.page_size)
        self._processor = Processor(
            clock=clock,
            chance=stream(settings.seed, dialect.name),
            behaviour=behaviour,
            wallets=Wallets(Decimal(settings.opening_balance)),
        )
        retry_s = RETRY_MINUTES * settings.minute_ms / 1000
        self._sender = WebhookSender(
            url=dialect.webhook_url,
            sign=dialect.sign,
            clock=clock,
            faults=faults,
            timeout_s=settings.webhook_timeout_s,
            retry_delays_s=[retry_s] * RETRIES if settings.webhook_retries else [],
            accepted=TAKEN,
        )
        self._desk = dialect.open_desk(self._processor, faults)
        self._control = Control(self.book, faults, self._sender, own=Hand(self._processor).calls)
        self._stage = Stage(
            faults, self._sender, refusing=dialect.refusing, take_news=self._take_news, hurry=self._hurry
        )
        self._alarm = Alarm(due_in_ms=self._processor.next_due_in_ms, ring=self._advance)
        self._known_before = 0  # Transfers, when the present call began.

    @property
    def book(self) -> Book:
        """What was really paid."""
        return self._processor.book

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
            await self._control.serve(exchange, path, body)
            self._stage.tell()
            self._alarm.set()
            return
        try:
            route = self._desk.route(exchange, path, body)
        except Refused as refused:
            await exchange.reply(refused.answer)
            return
        await self._stage.perform(exchange, route.call, lambda strike: self._act(route, strike))

    def _act(self, route: Route, strike: Fault | None) -> Answer:
        """The answer, or the refusal: a fault strikes either."""
        self._processor.advance()  # A timer may be late; what is due by now has happened by now.
        self._known_before = len(self._processor.archive)
        try:
            answer = route.act(strike)
        except Refused as refused:
            answer = refused.answer
        self._alarm.set()
        return answer

    def _hurry(self) -> None:
        """Let everything that the present call has taken on reach its end."""
        for record in self._processor.archive.since(self._known_before):
            self._processor.hurry(record)

    def _advance(self) -> None:
        self._processor.advance()
        self._stage.tell()

    def _take_news(self) -> list[Webhook]:
        return [webhook for news in self._processor.take_news() if (webhook := self._webhook(news)) is not None]

    def _webhook(self, news: News) -> Webhook | None:
        callback = news.record.ask.callback_url
        url = callback if callback and is_on_this_machine(callback) else self._dialect.webhook_url
        body = self._dialect.report(news) if url else None
        return None if body is None else Webhook(news.event_id, news.record.reference, body, url)
