"""Stopping money, and letting it go again: kill switches by people, circuits (see ``circuits``) by themselves.

Both are read inside the transaction that claims, so that setting one works within one claim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bursar.dispatch import store
from bursar.dispatch.circuits import parts_of
from bursar.dispatch.recovery import BLOCKER as RECOVERY
from bursar.foundation import journal
from bursar.foundation.db import Transaction


class Scope(StrEnum):
    """How much a kill switch stops."""

    GLOBAL = "global"
    PROGRAM = "program"
    GATEWAY = "gateway"
    HOLDER = "holder"
    RUN = "run"


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
    runs: frozenset[UUID] = frozenset()
    banks: frozenset[tuple[str, str]] = frozenset()  # Gateways, and how the codes of banks begin that they cannot pay.

    def blocker(self, *, program: str, gateway: str) -> str | None:
        """Why nothing of this program may leave through this gateway; None when it may."""
        if self.everything is not None:
            return self.everything
        if gateway in self.broken:
            return "circuit_open"
        return self.programs.get(program) or self.gateways.get(gateway)

    def banks_down(self, gateway: str) -> tuple[str, ...]:
        """How the codes of those banks begin that this gateway cannot pay to at the moment."""
        return tuple(sorted(bank for down, bank in self.banks if down == gateway))

    def stops(self, *, program: str, gateway: str, holder: UUID, run: UUID | None = None) -> bool:
        """Whether this one payout may not leave."""
        return holder in self.holders or run in self.runs or self.blocker(program=program, gateway=gateway) is not None


async def standing(tx: Transaction) -> Standing:
    """What may not leave, as this transaction sees it."""
    rows = await store.standing(tx)
    of = {what: [row for row in rows if row["what"] == what] for what in ("switch", "circuit", "float", "recovery")}
    by_scope = {
        scope: {row["subject"]: row["reason"] for row in of["switch"] if row["scope"] == scope} for scope in Scope
    }
    circuits = [(*parts_of(row["subject"]), bool(row["probe"])) for row in of["circuit"]]
    return Standing(
        everything=RECOVERY if of["recovery"] else by_scope[Scope.GLOBAL].get(""),
        programs=by_scope[Scope.PROGRAM],
        gateways=by_scope[Scope.GATEWAY],
        holders=frozenset(UUID(holder) for holder in by_scope[Scope.HOLDER]),
        runs=frozenset(UUID(run) for run in by_scope[Scope.RUN]),
        broken={gateway: is_due for gateway, bank, is_due in circuits if bank is None},
        low=frozenset((row["subject"], row["scope"]) for row in of["float"]),
        banks=frozenset((gateway, bank) for gateway, bank, is_over in circuits if bank is not None and not is_over),
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
