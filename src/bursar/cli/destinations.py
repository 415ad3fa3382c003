"""``bursar destinations``: where holders are paid to, entered for them by whoever runs the installation."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from bursar import holders, programs
from bursar.cli import frame
from bursar.cli.holders import DESTINATION_COLUMNS, destination_row
from bursar.cli.roof import Roof
from bursar.foundation.clock import SystemClock
from bursar.holders import Destination, NewDestination
from bursar.outbound import notices

app = typer.Typer(
    name="destinations",
    help="Where holders are paid to: add what they cannot add themselves, or remove it.",
    no_args_is_help=True,
)

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="What your platform calls this holder.")]
Program = Annotated[str, typer.Option(help="The program they belong to.")]


@app.command(
    epilog=frame.examples(
        "bursar destinations add ada --program writers --account acct_1Nv0FGQ9RKHgCVdK",
        "bursar destinations add ada --program providers --bank 044 --number 0690000031 --default",
        "bursar destinations add anna --program marketplace --upi anna@okaxis",
    )
)
def add(
    context: typer.Context,
    reference: Reference,
    *,
    program: Program,
    account: Annotated[str | None, typer.Option(help="Their own account at the program's gateway.")] = None,
    bank: Annotated[str | None, typer.Option(help="Their bank's code; goes with --number.")] = None,
    number: Annotated[str | None, typer.Option(help="Their account's number there.")] = None,
    upi: Annotated[str | None, typer.Option(help="Their UPI address.", metavar="NAME@BANK")] = None,
    title: Annotated[str | None, typer.Option(help="The name on the account; left out, the holder's.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Pay to this one when nothing else is said.")] = False,
    json: frame.Json = False,
) -> None:
    """Store where a holder is paid to. The holder is told of it, and it waits for its cool-off like any other."""
    if [account, bank, upi].count(None) != 2 or (bank is None) != (number is None):
        raise typer.BadParameter("say --account, --upi, or --bank and --number")

    wanted = _Wanted(account=account, upi=upi, bank=bank or "", number=number or "", title=title, default=default)
    frame.run(_add(Roof.over(context), wanted, program=program, reference=reference, json=json))


@app.command()
def remove(
    reference: Reference,
    destination: Annotated[
        UUID, typer.Argument(metavar="ID", help="Which one, as `bursar holders destinations` says.")
    ],
    *,
    program: Program,
) -> None:
    """Remove a holder's destination. Payouts that were asked for before still go there."""
    frame.run(_remove(program, reference, destination))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A destination as the command line says it."""

    account: str | None
    upi: str | None
    bank: str
    number: str
    title: str | None
    default: bool

    def of(self, holder: holders.Holder, terms: programs.Terms) -> Destination:
        """The same, for a holder of a program.

        Raises:
            Invalid: what is to be a UPI address is none.
        """
        title = self.title or holder.name
        if self.upi is not None:
            return holders.upi(self.upi, title=title)
        if self.account is not None:
            return Destination(terms.route.gateway, self.account, title, "GATEWAY_ACCOUNT")
        return Destination(self.bank, self.number, title)


async def _add(roof: Roof, wanted: _Wanted, *, program: str, reference: str, json: bool) -> None:
    settings, at, book = frame.settled(roof), SystemClock().now(), programs.Book()
    async with frame.database(settings) as database, database.transaction() as tx:
        holder = await holders.by_reference(tx, program, reference)
        terms = (await book.judge(tx, {program}))[program]
        destination = wanted.of(holder, terms)
        terms.destinations.insist(destination)
        new = NewDestination(
            holder.id, destination, cool_off_hours=terms.destinations.cool_off_hours, added_by=frame.actor()
        )
        [added] = await holders.add_destinations(tx, [new], keyring=roof.keyring(settings), at=at)
        stored = added.destination
        if wanted.default:
            stored = await holders.make_default(tx, stored.id, holder_id=holder.id, actor=frame.actor())
        if added.is_new:
            await notices.announce(tx, [notices.DestinationChanged(stored)], book=book, at=at)
    frame.show([destination_row(stored)], DESTINATION_COLUMNS, json=json)


async def _remove(program: str, reference: str, destination: UUID) -> None:
    async with frame.database() as database, database.transaction() as tx:
        holder = await holders.by_reference(tx, program, reference)
        if not await holders.remove_destinations(tx, [destination], actor=frame.actor(), holder_id=holder.id):
            raise holders.NoSuchDestination
    frame.say("Removed.")
