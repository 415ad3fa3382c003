"""The command line: one file per noun, loaded when that noun is used, so that every command starts quickly.

``__main__`` calls ``run`` and hands down what stands above: the two processes and the parts they are made of.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from bursar.cli import frame
from bursar.cli.roof import Roof, Sandbox, Web, Worker

__all__ = ["Roof", "Sandbox", "Web", "Worker", "command", "run"]


@dataclass(frozen=True, slots=True)
class _Noun:
    """A word that may follow ``bursar``: where its commands are, and the line that help shows."""

    module: str
    line: str
    panel: str


_RUN, _MONEY, _WHO, _CARE = "Run", "Money", "Who, and by which rules", "Look after it"

_NOUNS: Final = {
    "up": _Noun("up", "Everything at once, with a PostgreSQL of its own and a sandbox bank.", _RUN),
    "demo": _Noun("demo", "The same with sample data: watch 200 payouts on their way.", _RUN),
    "web": _Noun("web", "The API, in one process or several.", _RUN),
    "worker": _Noun("worker", "What happens by itself: sending, asking, telling.", _RUN),
    "payouts": _Noun("payouts", "Create, list, follow and decide payouts.", _MONEY),
    "ledger": _Noun("ledger", "Balances, statements, exports, and credits from outside.", _MONEY),
    "runs": _Noun("runs", "The passes over programs that pay out at set times; begin one now.", _MONEY),
    "schedule": _Noun("schedule", "When programs pay in runs, and what comes of that in a year.", _MONEY),
    "earnings": _Noun("earnings", "What holders have earned: import it, list it, follow it to its payouts.", _MONEY),
    "orders": _Noun("orders", "What sellers sell: create it, complete it so that they are paid, take it back.", _MONEY),
    "debts": _Noun("debts", "What holders owe: list it, settle it with what they have, forgive it.", _MONEY),
    "statements": _Noun("statements", "What a holder had, got and was paid in a year or a month.", _MONEY),
    "gateways": _Noun("gateways", "Who moves the money, and how things stand with them.", _MONEY),
    "reconcile": _Noun("reconcile", "Compare what we believe was paid with what was; correct it.", _MONEY),
    "recovery": _Noun("recovery", "After a restore: nothing is sent until the books are known to be whole.", _MONEY),
    "kill-switch": _Noun("kill_switch", "Stop money from leaving, and let it go again.", _MONEY),
    "risk": _Noun("risk", "Why payouts were held, what other terms would make of them, and who is denied.", _MONEY),
    "programs": _Noun("programs", "Payout programs: their terms, as files and as versions in the database.", _WHO),
    "holders": _Noun("holders", "Whoever owns a balance in a program.", _WHO),
    "destinations": _Noun("destinations", "Where holders are paid to: enter it for them, or remove it.", _WHO),
    "keys": _Noun("keys", "API keys: what a holder's own systems call with.", _WHO),
    "people": _Noun("people", "Who may sign in, and what their roles are.", _WHO),
    "monitor": _Noun("monitor", "All of it at one glance, as it changes.", _CARE),
    "analytics": _Noun("analytics", "How payouts went, by day, kind, status and gateway.", _CARE),
    "trace": _Noun("trace", "Whichever id you have in hand, the whole story that it belongs to.", _CARE),
    "alerts": _Noun("alerts", "What is wrong, who takes care of it, and who was told.", _CARE),
    "notices": _Noun("notices", "E-mails and push messages to people: what was sent, and what they look like.", _CARE),
    "db": _Noun("db", "Bring the database up to date, or see how far it is.", _CARE),
    "doctor": _Noun("doctor", "Check that every law of the books holds.", _CARE),
    "audit": _Noun("audit", "Prove that history was not altered.", _CARE),
    "bench": _Noun("bench", "Measure this installation beside its references.", _CARE),
}


class _Nouns(TyperGroup):
    """Shows all nouns, and loads the one that is used."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and args[0] in _NOUNS:
            self.commands[args[0]] = _load(args[0])
        return super().resolve_command(ctx, args)


def run(roof: Roof) -> None:
    """The ``bursar`` command, with what stands above it."""
    command()(obj=roof)


def command() -> typer.Typer:
    """The command with all its nouns, of which none is loaded yet."""
    app = typer.Typer(
        name="bursar",
        cls=_Nouns,
        callback=_bursar,
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # They may hold account numbers.
        epilog=frame.examples(
            "bursar demo", "bursar up", "bursar payouts list --state in_review", "bursar doctor --json"
        ),
    )
    for name, noun in _NOUNS.items():
        app.add_typer(typer.Typer(help=noun.line), name=name, rich_help_panel=noun.panel)
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bursar {version('bursar')}")
        raise typer.Exit


def _bursar(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Get money out to the people a business owes: on time, once, for the right amount, with proof."""


def _load(noun: str) -> Any:
    found = typer.main.get_command(import_module(f"bursar.cli.{_NOUNS[noun].module}").app)
    found.name = noun
    found.params = [p for p in found.params if p.name not in {"install_completion", "show_completion"}]  # The whole's.
    return found
