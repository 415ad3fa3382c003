"""``bursar holders``: make known who owns balances, and find them."""

from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import holders
from bursar.cli import frame
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.holders import Holder, NewHolder

app = typer.Typer(
    name="holders",
    help="Holders: whoever owns a balance in a program.",
    no_args_is_help=True,
)

_HEADINGS: Final = {
    "reference": "Reference",
    "name": "Name",
    "email": "E-mail",
    "kind": "Kind",
    "program": "Program",
    "id": "Id",
}


@app.command()
def add(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="What your platform calls this holder.")],
    *,
    program: Annotated[str, typer.Option(help="The program they belong to.")],
    kind: Annotated[str, typer.Option(help="What the program calls its holders, such as merchant.")],
    name: Annotated[str, typer.Option(help="Their name, as people read it.")],
    email: Annotated[str | None, typer.Option(help="Where to write to them.")] = None,
    json: frame.Json = False,
) -> None:
    """Make a holder known. Doing it again changes the name and e-mail of the one there is."""
    frame.run(_add(program=program, kind=kind, reference=reference, name=name, email=email, json=json))


@app.command("list")
def list_holders(
    *,
    program: Annotated[str | None, typer.Option(help="Only holders of this program.")] = None,
    search: Annotated[str | None, typer.Option(help="Only those with this in reference, name or e-mail.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the holder with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=holders.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Which holders there are, newest first."""
    frame.run(_list(program=program, search=search, after=after, limit=limit, json=json))


@app.command()
def show(
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="An id, or with --program a reference.")],
    *,
    program: Annotated[str | None, typer.Option(help="The program that HOLDER is a reference in.")] = None,
    json: frame.Json = False,
) -> None:
    """Show one holder."""
    frame.run(_show(holder, program, json=json))


async def _add(*, program: str, kind: str, reference: str, name: str, email: str | None, json: bool) -> None:
    newcomer = NewHolder(program, kind, reference, name, email)
    async with frame.database() as database, database.transaction() as tx:
        [holder] = await holders.register(tx, [newcomer], at=SystemClock().now())
    _print(holder, json=json)


async def _list(*, program: str | None, search: str | None, after: UUID | None, limit: int, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        page = await holders.list_page(tx, program=program, search=search, after=after, limit=limit)
    frame.show([asdict(holder) for holder in page], _HEADINGS, json=json, empty="No holders.")


async def _show(given: str, program: str | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if program is not None:
            holder = await holders.by_reference(tx, program, given)
        else:
            holder_id = ids.parse(given)
            found = await holders.find(tx, [holder_id] if holder_id else [])
            if holder_id not in found:
                raise holders.NoSuchHolder("There is no holder with this id; to find one by reference, add --program.")
            holder = found[holder_id]
    _print(holder, json=json)


def _print(holder: Holder, *, json: bool) -> None:
    if json:
        frame.show_json(holder)
    else:
        frame.show([asdict(holder)], _HEADINGS)
