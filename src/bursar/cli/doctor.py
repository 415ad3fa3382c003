"""``bursar doctor``: whether every law of the books holds."""

from dataclasses import asdict

import typer

from bursar import dispatch, monitoring, programs
from bursar.cli import frame
from bursar.cli.roof import Roof

app = typer.Typer(add_completion=False)


@app.command(epilog=frame.examples("bursar doctor", "bursar doctor --json"))
def doctor(context: typer.Context, *, json: frame.Json = False) -> None:
    """Check every law of the books, derived again from nothing. Exit code 1 when one is broken.

    That money adds up and stands where each payout's state says, that no payout is forgotten, that histories are whole,
    that nothing left without its approvals, and that no account number stands outside its envelope.
    """
    broken, low, playing = frame.run(_examine(Roof.over(context)))
    rows = [asdict(breach) for breach in broken]
    frame.show(rows, {"law": "Law", "what": "What is wrong", "subject": "With what"}, json=json, empty="All laws hold.")
    for account in low:
        since = frame.said(account.low_since)
        frame.warn(f"{account.gateway} holds too little {account.currency} of ours since {since}; payouts wait for it")
    for terms in playing:
        frame.warn(
            f"{terms.program} pays nobody: its payouts leave through {terms.route.gateway}, which moves no money"
        )
    if broken:
        raise typer.Exit(1)


async def _examine(roof: Roof) -> tuple[list[monitoring.Breach], list[dispatch.Float], list[programs.Terms]]:
    settings = frame.settled(roof)
    async with roof.gateways(settings) as installed, frame.database(settings, patient=True) as database:
        async with database.transaction(readonly=True) as tx:
            broken = await monitoring.check_laws(tx, keyring=roof.keyring(settings))
            low = [account for account in await dispatch.floats.known(tx) if account.low_since is not None]
            return broken, low, dispatch.paying_nobody(await programs.all(tx), installed)
