"""``bursar kill-switch``: stop money from leaving, and let it go again."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import dispatch, holders, payouts, programs
from bursar.cli import frame
from bursar.dispatch import Scope
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Conflict
from bursar.foundation.money import Money, total

app = typer.Typer(
    name="kill-switch",
    help="Stop money from leaving: everywhere, in a program, through a gateway, or for one holder.",
    no_args_is_help=True,
)

EVERYWHERE: Final = ""  # The subject of the one global switch.

Program = Annotated[str | None, typer.Option(help="Only in this program.")]
GatewayName = Annotated[str | None, typer.Option("--gateway", help="Only through this gateway.")]
HolderRef = Annotated[
    str | None, typer.Option("--holder", metavar="REF", help="Only for this holder; needs --program.")
]


class NotStopped(Conflict):
    """No such kill switch is set."""

    code = "kill_switch_not_set"


class NotConfirmed(Conflict):
    """Nobody has agreed to let this money go; add --yes where nobody can be asked."""

    code = "not_confirmed"


@app.command(
    epilog=frame.examples(
        "bursar kill-switch on --reason 'suspicious bursts'",
        "bursar kill-switch on --program merchants --holder acme --reason 'account taken over'",
    )
)
def on(
    *,
    reason: Annotated[str, typer.Option(help="Why; shown beside everything that waits for it.")],
    program: Program = None,
    gateway: GatewayName = None,
    holder: HolderRef = None,
    json: frame.Json = False,
) -> None:
    """Stop money at once: nothing new is claimed. What has been handed to a gateway is not called back."""
    frame.run(_on(_Wanted.of(program, gateway, holder), reason, json=json))


@app.command(epilog=frame.examples("bursar kill-switch off", "bursar kill-switch off --program merchants --yes --json"))
def off(
    *,
    program: Program = None,
    gateway: GatewayName = None,
    holder: HolderRef = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: frame.Json = False,
) -> None:
    """Let money go again, after showing how much of it will leave."""
    frame.run(_off(_Wanted.of(program, gateway, holder), yes=yes, json=json))


@app.command("list")
def list_switches(*, json: frame.Json = False) -> None:
    """Which kill switches are set."""
    frame.run(_list(json=json))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to stop or go, as the command line says it."""

    scope: Scope
    program: str | None
    gateway: str | None
    holder: str | None

    @classmethod
    def of(cls, program: str | None, gateway: str | None, holder: str | None) -> "_Wanted":
        """Make sure that it means one thing."""
        if gateway is not None and (program is not None or holder is not None):
            raise typer.BadParameter("--gateway goes with neither --program nor --holder")
        if holder is not None and program is None:
            raise typer.BadParameter("a reference means something in its program only; add --program")
        if gateway is not None:
            return cls(Scope.GATEWAY, None, gateway, None)
        if holder is not None:
            return cls(Scope.HOLDER, program, None, holder)
        return cls(Scope.GLOBAL if program is None else Scope.PROGRAM, program, None, None)

    async def subject(self, tx: Transaction) -> str:
        """What the switch is set on, once it is sure to exist.

        Raises:
            NoSuchProgram, NoSuchGateway, NoSuchHolder: it does not.
        """
        match self.scope:
            case Scope.GLOBAL:
                return EVERYWHERE
            case Scope.GATEWAY:
                assert self.gateway is not None
                if self.gateway not in {terms.route.gateway for terms in await programs.all(tx)}:
                    raise dispatch.NoSuchGateway(f"No program pays through a gateway called {self.gateway}.")
                return self.gateway
            case _:
                assert self.program is not None
                await programs.current(tx, [self.program])
                if self.holder is None:
                    return self.program
                return str((await holders.by_reference(tx, self.program, self.holder)).id)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is free to leave but for the switch."""

    count: int
    amounts: Sequence[Money]

    def __str__(self) -> str:
        """In a few words."""
        return f"{self.count} payouts of {frame.said(self.amounts)}" if self.count else "nothing"


async def _on(wanted: _Wanted, reason: str, *, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            subject = await wanted.subject(tx)
            await dispatch.stop(tx, wanted.scope, subject=subject, reason=reason, actor=frame.actor())
        async with database.transaction(readonly=True) as tx:  # Apart: nothing may take back that money has stopped.
            waiting = await _waiting(tx, wanted, subject)
    if json:
        frame.show_json({"scope": wanted.scope, "subject": subject, "stopped": True, "waiting": waiting})
    else:
        frame.say(f"Stopped. Free to leave but for this: {waiting}.")


async def _off(wanted: _Wanted, *, yes: bool, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            subject = await wanted.subject(tx)
            waiting = await _waiting(tx, wanted, subject)
        frame.note(f"This will leave: {waiting}.")
        if not yes and not _agreed():
            raise NotConfirmed
        async with database.transaction() as tx:
            if not await dispatch.go(tx, wanted.scope, subject=subject, actor=frame.actor()):
                raise NotStopped
            left = await dispatch.switches(tx)
        await frame.ring(database, dispatch.BELL)
    if json:
        frame.show_json({"scope": wanted.scope, "subject": subject, "stopped": False, "waiting": waiting})
    else:
        frame.say("Released." if not left else f"Released; {len(left)} other switches are still set.")


async def _list(*, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        rows = [asdict(switch) for switch in await dispatch.switches(tx)]
        ids = {row["subject"] for row in rows if row["scope"] is Scope.HOLDER}
        named = {str(holder.id): holder for holder in (await holders.find(tx, {UUID(i) for i in ids})).values()}
    for row in rows:
        holder = named.get(row["subject"])
        row["name"] = f"{holder.program}/{holder.reference}" if holder else row["subject"] or "everything"
    headings = {"scope": "Scope", "name": "What", "reason": "Why", "set_by": "By", "set_at": "Since"}
    frame.show(rows, headings, json=json, empty="No kill switch is set.")


async def _waiting(tx: Transaction, wanted: _Wanted, subject: str) -> _Waiting:
    """How many payouts this switch keeps from leaving, and what they add up to."""
    match wanted.scope:
        case Scope.GLOBAL:
            counts = [await payouts.count_waiting(tx)]
        case Scope.PROGRAM:
            counts = [await payouts.count_waiting(tx, subject)]
        case Scope.HOLDER:
            counts = [await payouts.count_waiting(tx, holder_id=UUID(subject))]
        case Scope.GATEWAY:
            through = [t.program for t in await programs.all(tx) if t.route.gateway == subject]
            counts = [await payouts.count_waiting(tx, program) for program in through]
        case Scope.RUN:
            raise AssertionError("a run is stopped, and let go again, by `bursar runs`")
    free = [figures for found in counts for figures in found.values()]
    sums = [amount for _, amounts in free for amount in amounts]
    currencies = sorted({amount.currency for amount in sums})
    return _Waiting(
        count=sum(count for count, _ in free),
        amounts=[total([a for a in sums if a.currency == currency], currency) for currency in currencies],
    )


def _agreed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Let them go?", err=True)
