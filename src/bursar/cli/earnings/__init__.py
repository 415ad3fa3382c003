"""``bursar earnings``: what holders have earned, from a file into the books, and from there to their payouts."""

import typer

from bursar.cli.earnings import importing, listing

app = typer.Typer(
    name="earnings",
    help="What holders have earned: import it, list it, follow it to its payouts.",
    no_args_is_help=True,
)

app.command("import", epilog=importing.EXAMPLES)(importing.import_earnings)
app.command("list", epilog=listing.EXAMPLES)(listing.list_earnings)
app.command("show")(listing.show_earning)
