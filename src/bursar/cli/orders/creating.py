"""Creating orders: one by one, or as many as a file has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from bursar import orders, programs
from bursar.cli import frame, importing
from bursar.cli.csv_file import Columns
from bursar.cli.importing import Done, Import
from bursar.cli.orders import listing
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid, Refusal
from bursar.foundation.money import Money
from bursar.orders import NewOrder
from bursar.programs import Terms

EXAMPLES: Final = frame.examples(
    "bursar orders create o-1042 --program marketplace --seller s-17 --price 1499.00 --item 'Brass lamp'"
)
IMPORT_EXAMPLES: Final = frame.examples("bursar orders import november.csv --program marketplace --dry-run")


class BadOrdersFile(Invalid):
    """The file cannot be read."""

    code = "invalid_orders_file"


_COLUMNS: Final = Columns(("reference", "seller", "item", "price"), ("buyer", "fee"), BadOrdersFile)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An order as the command line describes it."""

    reference: str
    seller: str
    item: str
    price: str
    fee: str | None
    buyer: str | None

    def order(self, terms: Terms) -> NewOrder:
        """The order, with amounts in the currency of these terms.

        Raises:
            Invalid: a field breaks a rule.
        """
        return NewOrder(
            program=terms.program,
            reference=self.reference,
            seller=self.seller,
            item=self.item,
            price=Money.parse(self.price, terms.currency, field="price"),
            created_by=frame.actor(),
            buyer=self.buyer,
            fee=_fee(self.fee, terms.currency) if self.fee else None,
        )


def create(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="What your platform calls this order.")],
    *,
    program: listing.Program,
    seller: Annotated[str, typer.Option(metavar="REF", help="Who sells: their reference in that program.")],
    item: Annotated[str, typer.Option(help="What is sold.")],
    price: Annotated[str, typer.Option(help="What the seller gets, in major units of the program's currency.")],
    fee: Annotated[str | None, typer.Option(help="What you get beside it; left out: as the terms say.")] = None,
    buyer: Annotated[str | None, typer.Option(help="Who buys, if you want to say.")] = None,
    json: frame.Json = False,
) -> None:
    """Create an order. The same one again changes nothing; no money moves before it is completed."""
    frame.run(_create(_Wanted(reference, seller, item, price, fee, buyer), program, json=json))


def import_orders(
    file: Annotated[
        Path, typer.Argument(dir_okay=False, help="CSV with the columns reference, seller, item, price[, buyer, fee].")
    ],
    *,
    program: listing.Program,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Try every batch against the books as they stand, and store nothing.")
    ] = False,
    json: frame.Json = False,
) -> None:
    """Create the orders of a file, with prices in major units of the program's currency.

    Each row counts once by its reference, so the same file can be imported again, and after a fault goes on where it
    stopped. Rows that cannot be read or ordered are named and left out; the exit code is then 1.
    """
    book = programs.Book()

    async def order(tx: Transaction, news: Sequence[NewOrder]) -> list[Done | Refusal]:
        answers = await orders.create(tx, news, book=book, at=SystemClock().now())
        return [one if isinstance(one, Refusal) else Done(one.order.price, one.is_new) for one in answers]

    wanted = Import(title="Orders", done="created", columns=_COLUMNS, build=_read, carry_out=order)
    frame.run(importing.carry_out(wanted, file, program, dry_run=dry_run, json=json))


async def _create(wanted: _Wanted, program: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        terms = await programs.terms(tx, program)
        at = SystemClock().now()
        [created] = await orders.create(tx, [wanted.order(terms)], book=programs.Book(), at=at)
        if isinstance(created, Refusal):
            raise created
        [row] = await listing.rows(tx, [created.order])
    if json:
        frame.show_json(row)
    else:
        frame.show([row], listing.HEADINGS)


def _read(row: Mapping[str, str], terms: Terms) -> NewOrder:
    wanted = _Wanted(
        reference=row["reference"],
        seller=row["seller"],
        item=row["item"],
        price=row["price"],
        fee=row.get("fee"),
        buyer=row.get("buyer") or None,
    )
    return wanted.order(terms)


def _fee(text: str, currency: str) -> Money:
    """A fee may be nothing, which no other amount may."""
    return Money.zero(currency) if not text.strip("0.") else Money.parse(text, currency, field="fee")
