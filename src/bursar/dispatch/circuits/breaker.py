"""Counting what gateways answer, and breaking the circuit of one that does not."""

from collections.abc import Sequence

from bursar.dispatch.circuits import store
from bursar.dispatch.circuits.model import FAILURES_MAX
from bursar.foundation import log
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Outcome, Word

_log = log.get(__name__)


class Circuits:
    """Counts what gateways answer; opens a gateway's circuit after too many failures in a row.

    Counts are kept per process, on purpose: a shared counter would be one row that every answer writes. Opening and
    closing are shared, through the database.
    """

    def __init__(self, database: Database) -> None:
        """Keep circuits in this database."""
        self._database = database
        self._failures: dict[str, int] = {}

    async def heard(self, gateway: str, outcomes: Sequence[Outcome]) -> None:
        """Count what one call was answered; any definite word in it shows that the gateway is there."""
        if any(outcome.word is not Word.UNKNOWN for outcome in outcomes):
            if self._failures.pop(gateway, 0) >= FAILURES_MAX:
                await self.close(gateway)
            return
        self._failures[gateway] = failures = self._failures.get(gateway, 0) + 1
        if failures % FAILURES_MAX == 0:  # Again and again: another process may have closed it in between.
            await self._open(gateway, failures=failures, reason=_reason(outcomes))

    async def probed(self, gateway: str, outcomes: Sequence[Outcome], *, answered: bool) -> None:
        """End a probe: close the circuit when the gateway has ``answered``, whatever it said; else open it again."""
        if answered:
            await self.close(gateway)
            return
        _log.info("circuit.probe_failed", gateway=gateway, reason_code=_reason(outcomes))
        async with self._database.transaction() as tx:
            await store.fail_probe(tx, gateway, reason=_reason(outcomes))

    async def close(self, gateway: str) -> None:
        """Let this gateway be used again."""
        self._failures.pop(gateway, None)

        async def work(tx: Transaction) -> bool:
            return await store.close(tx, gateway)

        if await self._database.retrying(work):
            _log.info("circuit.closed", gateway=gateway)

    async def _open(self, gateway: str, *, failures: int, reason: str | None) -> None:
        async def work(tx: Transaction) -> bool:
            return await store.open_(tx, gateway, failures=failures, reason=reason)

        if await self._database.retrying(work):
            _log.warning("circuit.opened", gateway=gateway, count=failures, reason_code=reason)


def _reason(outcomes: Sequence[Outcome]) -> str | None:
    """What the gateway said last, in a word."""
    return next((outcome.reason for outcome in reversed(outcomes) if outcome.reason), None)
