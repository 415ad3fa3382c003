"""``bursar bench``: how fast payouts are taken in, sent and settled on this machine.

The benchmark is no part of the package: it lies in ``bench/`` at the top of a checkout.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import bursar
from bursar.cli import frame
from bursar.foundation.errors import Missing

app = typer.Typer(add_completion=False)


class NoCheckout(Missing):
    """The benchmark comes with Bursar's source; run this command from a checkout of the repository."""

    code = "no_checkout"


@app.command(epilog=frame.examples("bursar bench --quick", "bursar bench --only create.http --json figures.json"))
def bench(
    *,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this figure, or those that begin so: create.http, claim.1m."),
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures here.", dir_okay=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller sizes: less than 50 seconds for one figure.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="How often each figure is measured.")] = None,
) -> None:
    """Measure each figure beside its reference, in turns, on a durable PostgreSQL that is thrown away afterwards.

    bench/README.md says what the figures mean. Give it the machine alone: other work shows in them.
    """
    frame.refusing(lambda: _bench(only=only, json=json, quick=quick, rounds=rounds))


def _bench(*, only: str | None, json: Path | None, quick: bool, rounds: int | None) -> NoReturn:
    """Become the benchmark, so that a signal reaches it and its exit code is ours."""
    chosen = {"--only": only, "--json": json and json.absolute(), "--rounds": rounds}
    given = [text for name, value in chosen.items() if value is not None for text in (name, str(value))]
    os.chdir(_checkout())
    os.execv(sys.executable, [sys.executable, "-m", "bench", *given, *(["--quick"] if quick else [])])  # noqa: S606 - no shell is wanted


def _checkout() -> Path:
    """The top of the checkout that this code runs from.

    Raises:
        NoCheckout: it was installed without one.
    """
    top = Path(bursar.__file__).parents[2]
    if not (top / "bench" / "__main__.py").is_file():
        raise NoCheckout
    return top
