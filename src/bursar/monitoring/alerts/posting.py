"""The poster: hands what is told of alerts to the addresses in the terms, signed, with no transaction open."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Final
from uuid import UUID

from bursar.foundation import log
from bursar.foundation.clock import Clock
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Listener
from bursar.foundation.egress import Egress
from bursar.foundation.http import CallFailed
from bursar.foundation.loops import repeat
from bursar.monitoring.alerts import store
from bursar.monitoring.alerts.model import DuePost, PostResult, PostState
from bursar.outbound import webhooks

BELL: Final = "alert_posts"
"""Rung when something new is due."""

RETRY_SECONDS: Final = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 21_600.0)
"""The wait after each failed try but the last: about nine hours in all. By then somebody has read the e-mail."""
JITTER: Final = 0.1  # The share of a wait that chance may add, so that retries do not come in waves.
DEADLINE_SECONDS: Final = 15.0
CLAIM_MAX: Final = 20  # All of them at once, so that the slowest receiver costs the others one deadline.
LEASE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 2.0  # Retries fall due without a bell.

_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": f"Bursar/{version('bursar')}"}

_log = log.get(__name__)


class Poster:
    """Posts what is due, from one process; any number may run.

    What is posted is signed as Standard Webhooks has it, with the installation's secret. Where there is none, nothing
    is posted, and that stands on record.
    """

    def __init__(
        self,
        database: Database,
        egress: Egress,
        clock: Clock,
        *,
        secret: str | None,
        chance: random.Random | None = None,
    ) -> None:
        """Sign with this ``secret``: ALERT_WEBHOOK_SECRET, or else WEBHOOK_SECRET."""
        self._database = database
        self._egress = egress
        self._clock = clock
        self._signer = webhooks.Signer.of([], installation=secret) if secret else None
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing

    async def run(self, stop: asyncio.Event, bell: Listener) -> None:
        """Post until told to stop; then let what is under way finish."""

        async def work() -> bool:
            return await self.pass_once() > 0

        await repeat(work, name=BELL, stop=stop, pause=partial(bell.wait, BELL, at_most=LOOK_SECONDS))

    async def pass_once(self) -> int:
        """Post what is due and write down what came of it; how many posts that were."""
        async with self._database.transaction() as tx:
            dues = await store.claim_posts(tx, limit=CLAIM_MAX, lease_seconds=LEASE_SECONDS)
        if not dues:
            return 0
        results = await asyncio.gather(*map(self._post, dues))
        async with self._database.transaction() as tx:
            await store.record_posts(tx, results)
        self._log(results)
        return len(dues)

    async def _post(self, due: DuePost) -> PostResult:
        if self._signer is None:
            return PostResult(due, None, "no_secret", None)
        headers = _HEADERS | self._signer.headers(name_of(due.id), due.body, at=self._clock.now())
        status, error = None, None
        try:
            status = await self._egress.post(due.url, headers=headers, body=due.body, deadline=DEADLINE_SECONDS)
            error = None if status // 100 == 2 else "refused"  # A redirect is one: nobody is followed.
        except CallFailed as failed:
            error = failed.cause
        return PostResult(due, status, error, self._wait(due) if error else None)

    def _wait(self, due: DuePost) -> float | None:
        """Seconds to the next try; None when this was the last."""
        if due.tries >= len(RETRY_SECONDS):
            return None
        return RETRY_SECONDS[due.tries] * (1 + JITTER * self._chance.random())

    def _log(self, results: Sequence[PostResult]) -> None:
        for result in results:
            if result.state is PostState.EXHAUSTED:
                _log.warning("alert.not_posted", subject=f"alert:{result.due.alert_id}", cause=result.error)


def name_of(post_id: UUID) -> str:
    """A post's ``webhook-id``: the same over all its tries."""
    return f"msg_{post_id.hex}"
