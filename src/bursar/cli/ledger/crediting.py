"""Crediting a holder with money that has come in outside of Bursar."""

from typing import Annotated, Final

import typer

from bursar import holders, ledger, programs
from bursar.cli import frame
from bursar.foundation import journal
from bursar.foundation.clock import SystemClock
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind

EXAMPLES: Final = frame.examples(
    "bursar ledger credit --program merchants --holder acme --amount 1000000.00 --reference wire-2026-11-20"
)


def credit(
    *,
    program: Annotated[str, typer.Option(help="The holder's program.")],
    holder: Annotated[str, typer.Option(metavar="REF", help="The holder's reference in that program.")],
    amount: Annotated[str, typer.Option(help="How much, in major units of the program's currency, such as 1000.00.")],
    reference: Annotated[str, typer.Option(help="What it is for, such as a bank transfer's number. Counts once.")],
    json: frame.Json = False,
) -> None:
    """Credit a holder from the program's funding. The same reference counts once, however often it is said."""
    frame.run(_credit(program, holder, amount, reference, json=json))


async def _credit(program: str, holder_reference: str, amount: str, reference: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        terms = await programs.terms(tx, program)
        holder = await holders.by_reference(tx, program, holder_reference)
        given = Money.parse(amount, terms.currency)
        incoming = Movement(TransferKind.CREDIT, holder.id, given, program, reference=reference)
        [made] = await ledger.credit(tx, [incoming], at=SystemClock().now())
        if made is not None:
            await journal.note(
                tx,
                "holder.credited",
                actor=frame.actor(),
                subject=f"holder:{holder.id}",
                amount=given.text,
                currency=given.currency,
                reference=reference,
            )
        [balance] = [b for b in await ledger.balances(tx, [holder.id]) if b.currency == given.currency]
    available = Money(balance.available, balance.currency)
    if json:
        frame.show_json({"transfer": made, "credited": made is not None, "amount": given, "available": available})
    elif made is None:
        frame.say(f"{reference} was credited before, so nothing was done; {holder.name} has {available} available.")
    else:
        frame.say(f"Credited {given}; {holder.name} has {available} available.")
