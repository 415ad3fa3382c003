"""Stripe as two of the sandbox's simulators: a platform with a book of payouts, and its book of transfers."""

from typing import Final

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.clock import Clock
from bursar_sandbox.control import Control
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.settings import StripeSettings
from bursar_sandbox.stage import Alarm, Stage
from bursar_sandbox.stripe import payouts, statement, transfers
from bursar_sandbox.stripe.control import Hand
from bursar_sandbox.stripe.front import Front, Visit
from bursar_sandbox.stripe.platform import open_platform
from bursar_sandbox.stripe.refusals import Down, Refused, TooMany
from bursar_sandbox.webhooks import WebhookSender

NO_REQUEST: Final = "req_none"
REFUSING: Final = {Fault.DOWN: Down().answer(NO_REQUEST), Fault.RATE_LIMIT: TooMany().answer(NO_REQUEST)}
ACTED_OUT: Final = frozenset({Fault.WRONG_AMOUNT_ANSWER, Fault.ERROR_BEFORE_ACCEPT, Fault.ERROR_AFTER_ACCEPT})
"""Faults that are in what a call gives: a 500 is kept under its idempotency key like any answer."""
STEPS_TO_OUTCOME: Final = 2


class StripeApp:
    """One simulated platform with its switches and webhooks, and the book of what reached banks."""

    name = payouts.GATEWAY

    def __init__(self, settings: StripeSettings, *, clock: Clock) -> None:
        """Put the parts together; nothing runs before `start`."""
        platform = open_platform(settings, clock=clock)
        faults = Faults(seed=settings.seed, latency_ms=settings.latency_ms)
        self._platform = platform
        self._front = Front(platform, settings)
        self._sender = WebhookSender(
            url=None,  # Each webhook says where it goes, and its endpoint signs.
            sign=lambda *_: {},
            clock=clock,
            faults=faults,
            timeout_s=settings.webhook_timeout_s,
            retry_delays_s=settings.webhook_retry_delays_s,
        )
        self._stage = Stage(
            faults,
            self._sender,
            refusing=REFUSING,
            take_news=platform.events.take_news,
            hurry=self._hurry,
            acted_out=ACTED_OUT,
        )
        self._alarm = Alarm(due_in_ms=platform.payouts.life.next_due_in_ms, ring=self._advance)
        self._known_before = 0  # Payouts, when the present call began.
        calls = Hand(platform).calls
        self._control = Control(self.book, faults, self._sender, own=calls)
        self.transfers = SideOfTransfers(self, Control(platform.transfers.book, faults, self._sender, own=calls))

    @property
    def book(self) -> Book:
        """What was really paid out to banks."""
        return self._platform.payouts.book

    @property
    def book_of_transfers(self) -> Book:
        """What was really given to connected accounts."""
        return self._platform.transfers.book

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
            await self.obey(self._control, exchange, path, body)
        elif path == "/statement":
            lines = statement.as_csv(self._platform.balances, exchange.query)
            await exchange.stream(lines, content_type=b"text/csv; charset=utf-8")
        else:
            await self._answer(exchange, path, body)

    async def obey(self, control: Control, exchange: Exchange, path: str, body: bytes) -> None:
        """Do what a tester wants."""
        await control.serve(exchange, path, body)
        self._stage.tell()
        self._alarm.set()

    async def _answer(self, exchange: Exchange, path: str, body: bytes) -> None:
        request_id = self._front.new_id()
        try:
            visit = self._front.admit(exchange, path, body, request_id=request_id)
            with self._front.holding(visit):
                await self._stage.perform(exchange, visit.call, lambda strike: self._act(visit, strike))
        except Refused as refused:
            await exchange.reply(self._front.refuse(refused, request_id))

    def _act(self, visit: Visit, strike: Fault | None) -> Answer:
        self._platform.payouts.life.advance()  # A timer may be late; what is due by now has happened by now.
        self._known_before = len(self._platform.payouts.shelf)
        answer = self._front.answer(visit, strike)
        self._alarm.set()
        return answer

    def _hurry(self) -> None:
        """Let the payouts that the present call has taken on come to their outcome."""
        for payout in self._platform.payouts.shelf.all[self._known_before :]:
            for _ in range(STEPS_TO_OUTCOME):
                self._platform.payouts.life.step(payout)

    def _advance(self) -> None:
        self._platform.payouts.life.advance()
        self._stage.tell()


class SideOfTransfers:
    """The same platform under another prefix, for whoever wants the other book: what connected accounts were given."""

    name = transfers.GATEWAY

    def __init__(self, app: StripeApp, control: Control) -> None:
        """Show the book of this platform."""
        self._app = app
        self._control = control

    @property
    def book(self) -> Book:
        """What was really given to connected accounts."""
        return self._app.book_of_transfers

    async def start(self) -> None:
        """Nothing goes on here that does not go on there."""

    async def stop(self) -> None:
        """As for the start."""

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer a tester's call."""
        await self._app.obey(self._control, exchange, path, body)
