"""Stopping money, and letting it go again: kill switches by people, circuits by themselves.

Both are read inside the transaction that claims, so that setting one works within one claim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.dispatch import store
from bursar.foundation import journal, log
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Outcome, Word

FAILURES_MAX: Final = 10  # Calls in a row; a single lost answer says nothing, however many payouts it was about.
PROBE_SECONDS: Final = 15.0  # Between two probes of a gateway whose circuit is open.

_log = log.get(__name__)


class Scope(StrEnum):
    """How much a kill switch stops."""

    GLOBAL = "global"
    PROGRAM = "program"
    GATEWAY = "gateway"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Switch:
    """A kill switch that is set: what it stops, why, and who set it when."""

    scope: Scope
    subject: str
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What may not leave at this moment."""

    everything: str | None
    programs: Mapping[str, str]
    gateways: Mapping[str, str]
    holders: frozenset[UUID]
    broken: Mapping[str, bool]  # Gateways whose circuit is not closed, and whether a probe is due.
    low: frozenset[tuple[str, str]] = frozenset()  # Gateways and currencies in which our account there lacks funds.

    def blocker(self, *, program: str, gateway: str) -> str | None:
        """Why nothing of this program may leave through this gateway; None when it may."""
        if self.everything is not None:
            return self.everything
        if gateway in self.broken:
            return "circuit_open"
        return self.programs.get(program) or self.gateways.get(gateway)

    def stops(self, *, program: str, gateway: str, holder: UUID) -> bool:
        """Whether this one payout may not leave."""
        return holder in self.holders or self.blocker(program=program, gateway=gateway) is not None


async def standing(tx: Transaction) -> Standing:
    """What may not leave, as this transaction sees it."""
    rows = await store.standing(tx)
    of = {what: [row for row in rows if row["what"] == what] for what in ("switch", "circuit", "float")}
    by_scope = {
        scope: {row["subject"]: row["reason"] for row in of["switch"] if row["scope"] == scope} for scope in Scope
    }
    return Standing(
        everything=by_scope[Scope.GLOBAL].get(""),
        programs=by_scope[Scope.PROGRAM],
        gateways=by_scope[Scope.GATEWAY],
        holders=frozenset(UUID(holder) for holder in by_scope[Scope.HOLDER]),
        broken={row["subject"]: bool(row["probe"]) for row in of["circuit"]},
        low=frozenset((row["subject"], row["scope"]) for row in of["float"]),
    )


async def stop(tx: Transaction, scope: Scope, *, subject: str, reason: str, actor: str) -> None:
    """Stop money at once. One person may; nothing that has left already is called back."""
    await journal.note(tx, "sending.stopped", actor=actor, subject=f"{scope}:{subject}", reason=reason)
    await store.set_switch(tx, scope=scope, subject=subject, reason=reason, actor=actor)


async def go(tx: Transaction, scope: Scope, *, subject: str, actor: str) -> bool:
    """Let money go again; whether it had been stopped."""
    await journal.note(tx, "sending.allowed", actor=actor, subject=f"{scope}:{subject}")
    return await store.lift_switch(tx, scope=scope, subject=subject)


async def switches(tx: Transaction) -> list[Switch]:
    """The kill switches that are set, oldest first."""
    rows = await store.switches(tx)
    return [Switch(Scope(r["scope"]), r["subject"], r["reason"], r["set_by"], r["set_at"]) for r in rows]


class Circuits:
    """Counts what gateways answer; opens a gateway's circuit after too many failures in a row.

    Counts are kept per process, on purpose: a shared counter would be one row that every answer writes. Opening and
    closing are shared, through the database.
    """

    def __init__(self, database: Database) -> None:
        """Keep circuits in this database."""
        self._database = database
        self._failures: dict[str, int] = {}

    async def heard(self, gateway: str, outcomes: list[Outcome]) -> None:
        """Count what one call was answered; any definite word in it shows that the gateway is there."""
        if any(outcome.word is not Word.UNKNOWN for outcome in outcomes):
            if self._failures.pop(gateway, 0) >= FAILURES_MAX:
                await self.close(gateway)
            return
        self._failures[gateway] = failures = self._failures.get(gateway, 0) + 1
        if failures % FAILURES_MAX == 0:  # Again and again: another process may have closed it in between.
            _log.warning("circuit.opened", gateway=gateway, count=failures)
            await self._set(gateway, state="open", probe_in=PROBE_SECONDS)

    async def close(self, gateway: str) -> None:
        """Let this gateway be used again."""
        _log.info("circuit.closed", gateway=gateway)
        self._failures.pop(gateway, None)
        await self._set(gateway, state="closed", probe_in=None)

    async def _set(self, gateway: str, *, state: str, probe_in: float | None) -> None:
        async with self._database.transaction() as tx:
            await store.set_circuit(
                tx, gateway, state=state, probe_in=probe_in, failures=self._failures.get(gateway, 0)
            )
