"""Asking for a payout from the command line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bursar import dispatch, holders, payouts, programs
from bursar.cli import frame
from bursar.cli.payouts import deciding, listing
from bursar.cli.roof import Roof
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.identity import Person

if TYPE_CHECKING:
    from bursar.foundation.crypto import Keyring

EXAMPLES: Final = frame.examples(
    "bursar payouts create --program merchants --holder acme --amount 1000.00 --bank HBL --account 1234500001 "
    "--title 'Test User' --reference inv-17"
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A payout as the command line describes it."""

    program: str
    holder: str
    amount: str
    destination: holders.Destination
    reference: str


def create(
    context: typer.Context,
    *,
    program: Annotated[str, typer.Option(help="The holder's program.")],
    holder: Annotated[str, typer.Option(metavar="REF", help="Whose money: the holder's reference in that program.")],
    amount: Annotated[str, typer.Option(help="How much, in major units of the program's currency, such as 1000.00.")],
    bank: Annotated[str, typer.Option(metavar="CODE", help="The bank's code, such as HBL.")],
    account: Annotated[str, typer.Option(metavar="NUMBER", help="The account's number.")],
    title: Annotated[str, typer.Option(help="The name on the account.")],
    reference: Annotated[str, typer.Option(help="What you call this payout.")],
    person: deciding.As = None,
    password_stdin: deciding.PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Ask for a payout. Its program's terms judge it, its money is reserved, and it leaves as they say.

    Whoever asks in their own name, with --as, cannot approve it. Asking again makes another payout.
    """
    wanted = _Wanted(program, holder, amount, holders.Destination(bank, account, title), reference)
    password = deciding.password(person, from_stdin=password_stdin)
    frame.run(_create(Roof.over(context), wanted, person=person, password=password, json=json))


async def _create(roof: Roof, wanted: _Wanted, *, person: str | None, password: str, json: bool) -> None:
    settings = frame.settled(roof)
    async with frame.database(settings) as database:
        requester = await deciding.somebody(database, person, password) if person else None
        payout = await _request(database, wanted, requester=requester, keyring=roof.keyring(settings))
        await frame.ring(database, dispatch.BELL)
        async with database.transaction(readonly=True) as tx:
            [row] = await listing.rows(tx, [payout])
    if json:
        frame.show_json(row)
    else:
        frame.show([row], listing.HEADINGS)


async def _request(
    database: Database, wanted: _Wanted, *, requester: Person | None, keyring: "Keyring"
) -> payouts.Payout:
    desk = payouts.Desk(programs.Book(), keyring)
    async with database.transaction() as tx:
        ask = await _ask(tx, wanted, requester)
        [result] = await payouts.request(tx, [ask], desk=desk, at=SystemClock().now())
        if isinstance(result, Refusal):
            raise result
        return result


async def _ask(tx: Transaction, wanted: _Wanted, requester: Person | None) -> payouts.Ask:
    terms = await programs.terms(tx, wanted.program)
    holder = await holders.by_reference(tx, wanted.program, wanted.holder)
    return payouts.Ask(
        holder_id=holder.id,
        program=wanted.program,
        reference=wanted.reference,
        amount=Money.parse(wanted.amount, terms.currency),
        destination=wanted.destination,
        requester=requester.actor if requester else frame.actor(),
        requester_person=requester.id if requester else None,
        kind=payouts.kind_for(holder.kind),
    )
