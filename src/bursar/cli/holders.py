"""``bursar holders``: make known who owns balances, vouch for them, and find them and where they want to be paid."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import holders
from bursar.cli import frame, recruits, wishes
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.holders import Holder, NewHolder, StoredDestination

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
    "verified_at": "Verified",
    "id": "Id",
}
DESTINATION_COLUMNS: Final = {
    "bank": "Bank",
    "account": "Account",
    "title": "Name given",
    "check": "Check",
    "account_title_found": "Name found",
    "name_score": "Alike",
    "usable_at": "Usable from",
    "is_default": "Default",
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


@app.command()
def verify(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="What your platform calls them.")],
    *,
    program: Annotated[str, typer.Option(help="The program they belong to.")],
    no_longer: Annotated[bool, typer.Option("--no-longer", help="Take it back.")] = False,
    json: frame.Json = False,
) -> None:
    """Say that you know who these holders are. Programs may review the payouts of all others."""
    frame.run(_verify(program, references, verified=not no_longer, json=json))


@app.command()
def destinations(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="What your platform calls this holder.")],
    *,
    program: Annotated[str, typer.Option(help="The program they belong to.")],
    json: frame.Json = False,
) -> None:
    """Where a holder wants to be paid, newest first, as far as people may see that, and what the gateway said of it."""
    frame.run(_destinations(program, reference, json=json))


app.command("preferences")(wishes.preferences)
app.command("minimum", epilog=frame.examples("bursar holders minimum ada --program writers --amount 100.00"))(
    wishes.minimum
)
app.command("pause", epilog=frame.examples("bursar holders pause ada --program writers --until 2027-01-01"))(
    wishes.pause
)
app.command("resume")(wishes.resume)
app.command(
    "schedule",
    epilog=frame.examples(
        "bursar holders schedule scout-1 --program marketplace --every weekly --day 1 --hour 9",
        "bursar holders schedule scout-1 --program marketplace --off",
    ),
)(wishes.schedule)
app.command("hold")(wishes.hold)
app.command("release")(wishes.release)
app.command("recruit", epilog=recruits.EXAMPLES)(recruits.recruit)
app.command("recruits")(recruits.recruits)


def destination_row(destination: StoredDestination) -> dict[str, object]:
    """A stored destination as a line of a table, as far as people may see it."""
    shown = destination.shown
    return {
        "id": destination.id,
        "bank": shown["bankCode"],
        "account": shown.get("address", f"****{shown['last4']}"),
        "title": shown["accountTitle"],
        "check": destination.check,
        "account_title_found": destination.account_title_found,
        "name_score": destination.name_score,
        "added_at": destination.added_at,
        "usable_at": destination.usable_at,
        "is_default": destination.is_default,
    }


async def _verify(program: str, references: Sequence[str], *, verified: bool, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        wanted = [(await holders.by_reference(tx, program, reference)).id for reference in references]
        found = await holders.verify(tx, wanted, verified=verified, actor=frame.actor(), at=SystemClock().now())
    frame.show([asdict(found[holder_id]) for holder_id in wanted], _HEADINGS, json=json)


async def _destinations(program: str, reference: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        holder = await holders.by_reference(tx, program, reference)
        stored = (await holders.destinations_of(tx, [holder.id]))[holder.id]
    frame.show([destination_row(each) for each in stored], DESTINATION_COLUMNS, json=json, empty="No destinations.")


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
