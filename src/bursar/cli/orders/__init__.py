"""``bursar orders``: what sellers sell, from the agreement to the payout, and back again."""

import typer

from bursar.cli.orders import changing, creating, listing

app = typer.Typer(
    name="orders",
    help="What sellers sell: create it, complete it so that they are paid, take it back.",
    no_args_is_help=True,
)

app.command("create", epilog=creating.EXAMPLES)(creating.create)
app.command("import", epilog=creating.IMPORT_EXAMPLES)(creating.import_orders)
app.command("list", epilog=listing.EXAMPLES)(listing.list_orders)
app.command("show")(listing.show_order)
app.command("complete", epilog=changing.EXAMPLES)(changing.complete)
app.command("cancel")(changing.cancel)
app.command("refund")(changing.refund)
