"""``python -m bench``, at the top of the checkout; what ``bursar bench`` runs."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import typer
import uvloop

from bench import (
    carriers,
    claim,
    create,
    drain,
    ingest,
    latency,
    lifecycle,
    memory,
    monthly,
    orders,
    report,
    request,
    risk,
)
from bench.effort import QUICK, THOROUGH, TINY, Effort
from bench.ground import Ground, conditions, prepared
from bench.rounds import Contest, Figure, in_turns

Set = Callable[[Ground, Effort], AbstractAsyncContextManager[list[Contest]]]
"""Puts up everything that some figures need, and gives what is to be measured."""

SETS: Final[Mapping[str, Set]] = MappingProxyType(
    {
        "create.http": create.http,
        "create.http.risk": risk.http,
        "create.bulk": create.bulk,
        "providers.request": request.request,
        "orders.complete": orders.complete,
        "orders.bulk": orders.bulk,
        "claim": claim.claim,
        "lifecycle": lifecycle.lifecycle,
        "latency": latency.latency,
        "report.ingest": ingest.ingest,
        "drain": drain.drain,
        "runs.monthly": monthly.monthly,
        "carriers": carriers.carriers,
        "memory": memory.memory,
    }
)
ONCE: Final = frozenset({"drain", "runs.monthly", "memory"})  # Minutes of even work, or the same each time.


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants measured: everything, a set (``create.http``) or figures (``create.http.many.128``)."""

    only: str
    effort: Effort

    def sets(self) -> list[str]:
        """The sets that hold what is wanted: all that begin so, or else the one in which such a figure would be."""
        whole = [name for name in SETS if _begins(name, self.only)]
        return whole or sorted((name for name in SETS if _begins(self.only, name)), key=len)[-1:]

    def takes(self, figure: str) -> bool:
        """Whether this figure is wanted."""
        return _begins(figure, self.only)


def main(
    *,
    only: Annotated[str, typer.Option(help="Only this figure, or those that begin so: create.http, claim.1m.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write the figures into this file.", dir_okay=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller sizes: less than 50 seconds for one figure.")] = False,
    tiny: Annotated[bool, typer.Option("--tiny", hidden=True, help="To see that all of it runs.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="How often each figure is measured.")] = None,
) -> None:
    """Measure how fast payouts are created, claimed and settled, each figure beside its reference."""
    effort = TINY if tiny else QUICK if quick else THOROUGH
    wish = Wish(only, replace(effort, rounds=rounds or effort.rounds))
    if not wish.sets():
        raise typer.BadParameter(f"there is no figure {only}; the sets are {', '.join(SETS)}")
    if json is not None and not json.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json.parent}")  # Better now than after an hour.
    figures, found = uvloop.run(_measure(wish))
    if not figures:
        raise typer.BadParameter(f"there is no figure {only}")
    report.show(figures)
    if json is not None:
        report.write(json, figures, found)


async def _measure(wish: Wish) -> tuple[list[Figure], Mapping[str, str]]:
    task = asyncio.current_task()
    assert task is not None, "this is what the loop runs"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # So that everything is put away.
    figures: list[Figure] = []
    async with prepared() as ground:
        found = await conditions(ground)
        _say(", ".join(f"{name} = {value}" for name, value in found.items()))
        for name in wish.sets():
            began = time.monotonic()
            async with SETS[name](ground, wish.effort) as contests:
                wanted = [contest for contest in contests if wish.takes(contest.name)]
                figures += await in_turns(wanted, rounds=1 if name in ONCE else wish.effort.rounds)
            _say(f"{name}: {time.monotonic() - began:.0f} s")
    return figures, found


def _begins(name: str, with_: str) -> bool:
    return not with_ or f"{name}.".startswith(f"{with_}.")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
