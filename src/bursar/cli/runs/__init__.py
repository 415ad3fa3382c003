"""``bursar runs``: the passes over programs that pay out at set times, as they go, and what became of them."""

import typer

from bursar.cli.runs import listing, starting, stopping

app = typer.Typer(name="runs", help="Runs: the passes over programs that pay out at set times.", no_args_is_help=True)

app.command("list", epilog=listing.EXAMPLES)(listing.list_runs)
app.command("show", epilog=listing.SHOW_EXAMPLES)(listing.show)
app.command("failures", epilog=listing.FAILURES_EXAMPLES)(listing.failures)
app.command("start", epilog=starting.EXAMPLES)(starting.start)
app.command("stop", epilog=stopping.EXAMPLES)(stopping.stop)
app.command("resume")(stopping.resume)
app.command("cancel")(stopping.cancel)
