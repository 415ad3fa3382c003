"""``bursar gateways``: who moves the money, what they can do, how things stand with them, and using one again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bursar import dispatch, programs
from bursar.cli import frame
from bursar.cli.roof import Roof
from bursar.dispatch import Condition
from bursar.gateways import SLOTS

if TYPE_CHECKING:
    from bursar.gateways import Capabilities, Gateway

app = typer.Typer(
    name="gateways", help="Gateways: who moves the money, and how things stand with them.", no_args_is_help=True
)

COLUMNS: Final = {
    "gateway": "Gateway", "programs": "For", "currencies": "Currencies", "can": "Can", "circuit": "Circuit",
    "since": "Since", "reason": "Because", "next_probe": "Next look-up", "float": "Our account",
    "breaks": "Open breaks",
}  # fmt: skip


@app.command("list", epilog=frame.examples("bursar gateways list", "bursar gateways list --json"))
def list_gateways(context: typer.Context, *, json: frame.Json = False) -> None:
    """Which gateways are installed, what they can do, and whether payouts leave through them.

    A circuit that is open means that the gateway does not answer, so that it is left alone; half-open, one look-up is
    trying it. What is known of our account there is shown while payouts wait for it to be funded.
    """
    frame.run(_list(Roof.over(context), json=json))


@app.command(epilog=frame.examples("bursar gateways reset NAME"))
def reset(
    context: typer.Context,
    gateway: Annotated[str, typer.Argument(metavar="NAME", help="The gateway's name, as the list has it.")],
    *,
    json: frame.Json = False,
) -> None:
    """Use a gateway again whose circuit is open, without waiting for the next look-up; what waits leaves at once.

    A circuit closes by itself once the gateway answers. If it still does not, it is opened again after ten calls.
    NAME:BANK, as the list has it, is that of one bank behind it.
    """
    frame.run(_reset(Roof.over(context), gateway, json=json))


async def _list(roof: Roof, *, json: bool) -> None:
    settings = frame.settled(roof)
    async with roof.gateways(settings) as installed, frame.database(settings) as database:
        async with database.transaction(readonly=True) as tx:
            conditions = await dispatch.conditions(tx, installed)
            terms = await programs.all(tx)
    rows = [
        _row(installed[dispatch.circuits.parts_of(condition.gateway)[0]], condition, terms) for condition in conditions
    ]
    frame.show(rows, COLUMNS, json=json)
    if not json:
        for why in SLOTS.values():  # The providers that people look for here, and that no gateway can reach.
            frame.say(f"{why}.")


async def _reset(roof: Roof, gateway: str, *, json: bool) -> None:
    settings = frame.settled(roof)
    async with roof.gateways(settings) as installed, frame.database(settings) as database:
        if dispatch.circuits.parts_of(gateway)[0] not in installed:
            raise dispatch.NoSuchGateway(gateway=gateway)
        async with database.transaction() as tx:
            was_open = await dispatch.circuits.reset(tx, gateway, actor=frame.actor())
        await frame.ring(database, dispatch.BELL)
    if json:
        frame.show_json({"gateway": gateway, "reset": was_open})
    else:
        frame.say("It is used again." if was_open else "It was in use.")


def _row(gateway: "Gateway", condition: Condition, terms: Iterable[programs.Terms]) -> Mapping[str, object]:
    return {
        "gateway": condition.gateway,
        "programs": [one.program for one in terms if one.route.gateway == gateway.name],
        "currencies": sorted(gateway.capabilities.currencies),
        "can": _can(gateway.capabilities),
        "circuit": condition.circuit,
        "since": condition.since,
        "reason": condition.reason,
        "failed_probes": condition.probes,
        "next_probe": condition.probe_at,
        "float": [_low(account) for account in condition.low] or ["sufficient"],
        "breaks": condition.breaks,
    }


def _can(able: "Capabilities") -> Sequence[str]:
    """What it can do beyond paying one payout and being asked about it."""
    wanted = {
        f"bulk of {able.bulk_max}": able.bulk_max > 1,
        f"inquiry about {able.inquire_max}": able.inquire_max > 1,
        "cancel": able.cancel,
        "check accounts": able.resolve,
        "tell its balance": able.floats,
        "prove its reports": able.reports_prove,
        "pay nobody": not able.pays,
    }
    return [word for word, is_able in wanted.items() if is_able]


def _low(account: dispatch.Float) -> str:
    held = frame.said(account.held) if account.held is not None else f"too little {account.currency}"
    return f"{held}, low since {frame.said(account.low_since)}"
