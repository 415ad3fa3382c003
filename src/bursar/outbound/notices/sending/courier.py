"""The courier: claims what is due, sends it without a transaction, and writes down what came of it.

E-mails and push messages go their own ways, so that a mail server that hangs holds up no browser. E-mails share a few
connections, each of which hands in one message after the other and writes each down before the next: whoever dies in
between has sent at most that one in vain, and it bears the same Message-ID when it comes again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from bursar.foundation import log, tracing
from bursar.foundation.clock import Clock
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Listener
from bursar.foundation.faults import fault
from bursar.foundation.gather import Gather
from bursar.foundation.loops import repeat
from bursar.outbound.notices.errors import BadTemplate
from bursar.outbound.notices.letters import Letter, Templates
from bursar.outbound.notices.model import OPTIONAL, Channel, State, Subscription
from bursar.outbound.notices.sending import store
from bursar.outbound.notices.sending.mail import BadAddress, MailServer, NoMailServer, Send
from bursar.outbound.notices.sending.model import Answer, Due, Parcel, Result, result_of, skipped, together
from bursar.outbound.notices.sending.push import PushSender

BELL: Final = "notices"
"""Rung when something new is due."""

LEASE_SECONDS: Final = 180.0  # What a connection cannot begin in time goes back.
CLAIM_MAX: Final = 200
MAIL_SECONDS: Final = 60.0  # One e-mail at its slowest: the answers to three steps.
PUSHES_MAX: Final = 20  # Calls to push services at the same time.
LOOK_SECONDS: Final = 1.0  # Retries fall due without a bell.

_log = log.get(__name__)


class Courier:
    """Sends what is due, from one process; any number of them may run."""

    def __init__(
        self,
        database: Database,
        templates: Templates,
        clock: Clock,
        *,
        mail: MailServer | None,
        push: PushSender | None,
        connections: int = 4,
        lease_seconds: float = LEASE_SECONDS,
        chance: random.Random | None = None,
    ) -> None:
        """Use at most ``connections`` to the mail server; without ``mail`` or ``push``, what needs it is skipped."""
        self._database = database
        self._templates = templates
        self._clock = clock
        self._mail = mail
        self._push = push
        self._connections = connections
        self._lease_seconds = lease_seconds
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._calls = asyncio.Semaphore(PUSHES_MAX)
        self._recorder = Gather(self._record, key=lambda result: result.due.id)
        self._stop = asyncio.Event()

    async def pass_once(self) -> int:
        """Send what is due, over both channels; how many notices that were."""
        return sum(await asyncio.gather(self._mails(), self._pushes()))

    async def run(self, stop: asyncio.Event, bell: Listener) -> None:
        """Send until ``stop``; then let what is under way finish."""
        self._stop = stop
        pause = partial(bell.wait, BELL, at_most=LOOK_SECONDS)
        ways = (self._mails, self._pushes)
        await asyncio.gather(*(repeat(_some(way), name=BELL, stop=stop, pause=pause) for way in ways))

    async def _mails(self) -> int:
        """Send the next e-mails."""
        lease_ends = self._lease_ends()
        async with self._database.transaction() as tx:
            dues = await store.claim(tx, Channel.EMAIL, limit=CLAIM_MAX, lease_seconds=self._lease_seconds)
        if self._mail is None:
            await self._skip(dues, why="no_mail_server")
            return len(dues)
        parcels = together(dues)
        lanes = [parcels[number :: self._connections] for number in range(self._connections)]
        await asyncio.gather(*(self._hand_in(self._mail, lane, lease_ends) for lane in lanes if lane))
        return len(dues)

    async def _pushes(self) -> int:
        """Send the next push messages."""
        async with self._database.transaction() as tx:
            dues = await store.claim(tx, Channel.PUSH, limit=CLAIM_MAX, lease_seconds=self._lease_seconds)
            browsers = await store.browsers(tx, [UUID(due.address.text) for due in dues]) if dues else {}
        if self._push is None:
            await self._skip(dues, why="push_not_configured")
            return len(dues)
        pairs = [(due, browsers.get(UUID(due.address.text))) for due in dues]
        await self._skip([due for due, browser in pairs if browser is None], why="subscription_ended")
        await asyncio.gather(*(self._call(self._push, due, browser) for due, browser in pairs if browser is not None))
        return len(dues)

    async def _hand_in(self, mail: MailServer, lane: Sequence[Parcel], lease_ends: float) -> None:
        """Send one connection's share, one after the other; what the lease does not suffice for goes back."""
        left = list(lane)
        try:
            async with mail.line() as send:
                while left and not self._stop.is_set() and self._now() + MAIL_SECONDS < lease_ends:
                    answer = await _guarded(left[0], self._mail_one(mail, send, left[0]))
                    await self._note(left.pop(0), answer)
                    if answer.is_cut:
                        break
        except NoMailServer as missing:
            _log.warning("mail_server.not_reached", cause=missing.answer.error, status=missing.answer.status)
            await asyncio.gather(*(self._note(parcel, missing.answer) for parcel in left))
            return
        if left:
            async with self._database.transaction() as tx:
                await store.put_back(tx, [due for parcel in left for due in parcel])

    async def _mail_one(self, mail: MailServer, send: Send, parcel: Parcel) -> Answer:
        first = parcel[0]
        wishes = self._templates.wishes if first.kind in OPTIONAL else None
        letter, to = self._letter(parcel), first.address.text
        answer = await send(mail.compose(letter, to=to, name=first.id, at=self._clock.now(), wishes=wishes), to)
        if answer.error is None:
            fault("outbound.after_notice")
        return answer

    async def _call(self, push: PushSender, due: Due, browser: Subscription) -> None:
        async with self._calls:
            answer = await _guarded([due], self._push_one(push, due, browser))
        await self._note([due], answer)

    async def _push_one(self, push: PushSender, due: Due, browser: Subscription) -> Answer:
        url = self._templates.link(due.kind, due.facts)
        return await push.send(browser, self._letter([due]), due=due, url=url)

    def _letter(self, parcel: Parcel) -> Letter:
        """Write a letter, just before it is sent: many at once would keep the loop from everything else."""
        return self._templates.letter(parcel[0].kind, parcel[0].program, [due.facts for due in parcel])

    async def _note(self, dues: Sequence[Due], answer: Answer) -> None:
        results = [result_of(due, answer, chance=self._chance.random()) for due in dues]
        await asyncio.gather(*map(self._recorder.ask, results))

    async def _skip(self, dues: Sequence[Due], *, why: str) -> None:
        if dues:
            await self._record([skipped(due, why=why) for due in dues])

    async def _record(self, results: Sequence[Result]) -> list[bool]:
        """Write a batch of results; whether each came in time."""
        ended = {UUID(result.due.address.text) for result in results if result.ends_subscription}
        async with self._database.transaction() as tx:
            written = await store.record(tx, results)
            if ended:
                await store.end_subscriptions(tx, ended)
        for result in results:
            if result.state is State.FAILED:
                _log.warning("notice.failed", kind=result.due.kind.value, cause=result.error, status=result.status)
        return [result.due.id in written for result in results]

    def _lease_ends(self) -> float:
        return self._now() + self._lease_seconds

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def _guarded(parcel: Parcel, sending: Awaitable[Answer]) -> Answer:
    """What comes of one message; whatever is wrong with it must not reach the others."""
    kind = parcel[0].kind.value
    try:
        with (
            log.correlated(_story(parcel)) as correlation,
            tracing.span("notice send", correlation=correlation, kind=kind),
        ):
            return await sending
    except BadTemplate as broken:
        _log.warning("notice.not_written", kind=kind, cause=broken.message)
        return Answer(None, "bad_template")
    except BadAddress:
        return Answer(None, "bad_address", is_final=True)
    except Exception:  # noqa: BLE001 - as promised above
        _log.exception("notice.not_sent", kind=kind, program=parcel[0].program)
        return Answer(None, "internal_error")


def _story(parcel: Parcel) -> str | None:
    """The correlation id of what one message is about; of several at once, None."""
    return parcel[0].facts.get("correlation") if len(parcel) == 1 else None


def _some(work: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[bool]]:
    """Whether a pass did anything, so that it is worth to look again at once."""

    async def did() -> bool:
        return await work() > 0

    return did
