"""``bursar ledger``: balances, statements, exports, and credits from outside."""

import typer

from bursar.cli.ledger import books, crediting, exporting

app = typer.Typer(
    name="ledger",
    help="The books: what everybody has, how it came about, and all of it for your own accounting.",
    no_args_is_help=True,
)

app.command("balances", epilog=books.BALANCES_EXAMPLES)(books.balances)
app.command("statement", epilog=books.STATEMENT_EXAMPLES)(books.statement)
app.command("export", epilog=exporting.EXAMPLES)(exporting.export)
app.command("credit", epilog=crediting.EXAMPLES)(crediting.credit)
