"""``bursar payouts``: create, list, follow and decide payouts."""

import typer

from bursar.cli.payouts import creating, deciding, listing, resolving, timeline, watching

app = typer.Typer(
    name="payouts",
    help="Payouts: ask for one, see where they stand and why, and decide what waits for people.",
    no_args_is_help=True,
)

app.command("create", epilog=creating.EXAMPLES)(creating.create)
app.command("list", epilog=listing.EXAMPLES)(listing.list_payouts)
app.command("show", epilog=timeline.EXAMPLES)(timeline.show)
app.command("watch", epilog=watching.EXAMPLES)(watching.watch)
app.command("approve", epilog=deciding.EXAMPLES)(deciding.approve)
app.command("reject")(deciding.reject)
app.command("cancel")(deciding.cancel)
app.command("retry")(deciding.retry)
app.command("resolve")(resolving.resolve)
