"""Where a simulator's calls are answered, as well or as badly as the fault that strikes them allows."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.faults import Call, Fault, Faults
from bursar_sandbox.webhooks import Webhook, WebhookSender

ROUND_S: Final = 0.005  # What falls due this close together is done in one round.


class Stage:
    """Answers calls and sends what they give rise to. One for each simulator."""

    def __init__(
        self,
        faults: Faults,
        sender: WebhookSender,
        *,
        refusing: Mapping[Fault, Answer],
        take_news: Callable[[], list[Webhook]],
        hurry: Callable[[], None] | None = None,
        acted_out: frozenset[Fault] = frozenset({Fault.WRONG_AMOUNT_ANSWER}),
    ) -> None:
        """Nothing has been asked yet.

        `refusing` are the answers of faults that strike before anything is booked; `take_news` gives what there is to
        tell. Where outcomes come some time after the answer, `hurry` lets them come now, so that a webhook can overtake
        the answer. Of the faults in `acted_out`, what a call gives is already the bad answer.
        """
        self._faults = faults
        self._sender = sender
        self._refusing = refusing
        self._take_news = take_news
        self._hurry = hurry
        self._acted_out = acted_out

    async def perform(self, exchange: Exchange, call: Call, act: Callable[[Fault | None], Answer]) -> None:
        """Answer one call: `act` does what was asked, unless a fault keeps it from that."""
        strike = self._faults.strike(call)
        await self._travel()
        if strike is not None and strike in self._refusing:
            await exchange.reply(self._refusing[strike])
        elif strike is Fault.TIMEOUT_BEFORE_ACCEPT:
            await exchange.hang(self._faults.tempo.hang_seconds)
        else:
            await self._deliver(exchange, act(strike), call=call, strike=strike)

    def tell(self) -> None:
        """Send what has happened since the last time, in the background."""
        self._send(self._take_news())

    async def _deliver(self, exchange: Exchange, answer: Answer, *, call: Call, strike: Fault | None) -> None:
        """What was asked is done; answer as well as the fault allows."""
        # Taken before anything waits, so that it is the news of this call alone.
        news = self._take_news()
        if (news or (self._hurry and call is not Call.READ)) and self._faults.fires(Fault.WEBHOOK_BEFORE_ANSWER):
            if self._hurry is not None:
                self._hurry()
                news += self._take_news()
            await asyncio.gather(*map(self._sender.deliver_first, news))
            news = []
        await self._travel()
        if strike is None or strike in self._acted_out:
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
                await exchange.reply(self._refusing[Fault.ERROR_BEFORE_ACCEPT])  # The same words, and yet it is booked.
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

    def _send(self, news: Iterable[Webhook]) -> None:
        for webhook in news:
            self._sender.offer(webhook)


class Alarm:
    """Wakes its owner when the next thing falls due."""

    def __init__(self, *, due_in_ms: Callable[[], int | None], ring: Callable[[], None]) -> None:
        """`due_in_ms` says how long until then, None for never; `ring` does what is due."""
        self._due_in_ms = due_in_ms
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._at_s = 0.0

    def set(self) -> None:
        """Make sure that somebody looks in time; cheap to call after everything that may change the time."""
        due_in_ms = self._due_in_ms()
        if due_in_ms is None:
            return
        loop = asyncio.get_running_loop()
        at_s = loop.time() + max(due_in_ms / 1000, ROUND_S)
        if self._handle is not None:
            if self._at_s <= at_s:
                return
            self._handle.cancel()
        self._at_s = at_s
        self._handle = loop.call_at(at_s, self._wake)

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wake(self) -> None:
        self._handle = None
        self._ring()
        self.set()
