"""What tests of runs over balances stand on: such a program, writers with money and accounts, and runs of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from bursar import holders, ledger, payouts, programs, schedules
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import Destination, NewDestination
from bursar.schedules import Run
from ground import AT, KEYRING, funding, program

BALANCES: dict[str, Any] = {
    "limits__minimum": 25.00,
    "dispatch__mode": "schedule",
    "dispatch__every_seconds": None,
    "dispatch__cron": "0 9 1 * *",
    "dispatch__time_zone": "UTC",
    "runs__pays": "balances",
}
"""Changes to the merchants' terms with which a run pays every balance of 25.00 or more."""

STAFF = "person:00000000-0000-7000-8000-000000000001"

_numbers = count(1)


def desk() -> payouts.Desk:
    """The tools that a run asks for payouts with."""
    return payouts.Desk(programs.Book(), KEYRING)


async def paying_balances(tx: Transaction, **changes: Any) -> programs.Terms:
    """A program of its own whose runs pay balances."""
    return await program(tx, **{**BALANCES, **changes})


async def writer(
    tx: Transaction,
    terms: programs.Terms,
    money: str | None = "100.00",
    *,
    account: bool = True,
    name: str = "Anna Khan",
) -> UUID:
    """Somebody with so much, and an account to be paid to; later ones have higher ids."""
    number = next(_numbers)
    newcomer = holders.NewHolder(program=terms.program, kind="merchant", reference=f"w-{number:06}", name=name)
    [holder] = await holders.register(tx, [newcomer], at=datetime.now(UTC))
    if money is not None:
        await ledger.credit(tx, [funding(holder.id, money, program=terms.program)], at=AT)
    if account:
        whole = Destination("HBL", f"{number:06}0001", name)
        await holders.add_destinations(tx, [NewDestination(holder.id, whole, 0, "test")], keyring=KEYRING, at=AT)
    return holder.id


async def writers(tx: Transaction, terms: programs.Terms, *money: str) -> list[UUID]:
    """So many of them, by rising id."""
    return [await writer(tx, terms, amount) for amount in money]


async def begun(tx: Transaction, terms: programs.Terms, **how: Any) -> Run:
    """A run that somebody begins by hand."""
    return await schedules.begin_now(tx, terms.program, **{"actor": "cli:test", **how})


async def carried_out(tx: Transaction, run_id: UUID, *, at_most: int = 2) -> Run:
    """A run as it stands when there is nothing more to do but to send; in pieces of two holders, unless told."""
    while (progress := await schedules.carry_on(tx, run_id, desk=desk(), at_most=at_most)) and progress.is_more:
        pass
    return await schedules.get(tx, run_id)


async def paid_by(tx: Transaction, run_id: UUID) -> dict[UUID, Money]:
    """What a run has asked for, by holder."""
    found: Sequence[payouts.Payout] = await payouts.page_of_run(tx, run_id, limit=1000)
    assert len({one.holder_id for one in found}) == len(found), "nobody is paid twice"
    return {one.holder_id: one.amount for one in found}


def rupees(amount: str) -> Money:
    return Money.parse(amount, "PKR")
