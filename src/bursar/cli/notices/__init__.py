"""``bursar notices``: what people were told, and what they would be told."""

import typer

from bursar.cli.notices import checking, looking

app = typer.Typer(
    name="notices",
    help="E-mails and push messages to people: what was sent, what was not and why, and what they look like.",
    no_args_is_help=True,
)

app.command("list", epilog=looking.EXAMPLES)(looking.list_notices)
app.command("show")(looking.show)
app.command("retry", epilog=looking.RETRY_EXAMPLES)(looking.retry)
app.command("preview", epilog=checking.PREVIEW_EXAMPLES)(checking.preview)
app.command("check", epilog=checking.CHECK_EXAMPLES)(checking.check)
app.command("keys")(checking.keys)
