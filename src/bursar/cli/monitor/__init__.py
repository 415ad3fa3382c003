"""``bursar monitor``: all of it at one glance, as it changes."""

import asyncio
from typing import Annotated, Final

import typer

from bursar.cli import frame, process
from bursar.cli.monitor.glance import Glance, look

app = typer.Typer(name="monitor", add_completion=False)

INTERVAL_SECONDS: Final = 2.0


@app.command(
    epilog=frame.examples(
        "bursar monitor", "bursar monitor --program writers --interval 5", "bursar monitor --once --json"
    ),
)
def monitor(
    *,
    program: Annotated[str | None, typer.Option(help="Only this program, with what concerns everything.")] = None,
    interval: Annotated[
        float, typer.Option(min=0.5, max=3600, metavar="SECONDS", help="Between two looks.")
    ] = INTERVAL_SECONDS,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    json: frame.Json = False,
) -> None:
    """Health and why, alerts, runs under way, gateways, what waits and who works; until Ctrl-C.

    Off a terminal, and with --json, it looks once. A look that finds health critical then ends with 1.
    """
    from rich.console import Console

    if once or json or not Console().is_terminal:
        if frame.run(_once(program, json=json)).is_critical:
            raise typer.Exit(1)
    else:
        process.run(lambda stop: _follow(program, stop, seconds=interval))


async def _once(program: str | None, *, json: bool) -> Glance:
    from bursar.cli.monitor import drawing

    async with frame.database() as database:
        glance = await look(database, program)
    if json:
        frame.show_json(glance.plain())
    else:
        frame.draw(drawing.drawn(glance))
    return glance


async def _follow(program: str | None, stop: asyncio.Event, *, seconds: float) -> None:
    from rich.live import Live

    from bursar.cli.monitor import drawing
    from bursar.foundation.loops import rest

    async with frame.database() as database:
        glance = await look(database, program)  # Before the screen is taken: a refusal is then read on the shell's own.
        with Live(drawing.drawn(glance), auto_refresh=False, screen=True) as live:
            while not stop.is_set():
                await rest(stop, seconds)
                live.update(drawing.drawn(await look(database, program)), refresh=True)
