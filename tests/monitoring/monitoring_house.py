"""A database in which a merchant has asked for some payouts, for the tests of monitoring."""

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from bursar import holders, ledger, payouts, programs
from bursar.foundation.clock import FakeClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database
from bursar.foundation.money import Money

NUMBER = "1234500001"


@dataclass(frozen=True)
class Books:
    """A merchant with money, and the tools to move it."""

    database: Database
    clock: FakeClock
    desk: payouts.Desk
    merchant: UUID

    async def ask(self, amount: str = "1000.00", **changes: Any) -> payouts.Payout:
        """Ask for one payout in a transaction of its own."""
        ask = msgspec.structs.replace(self._ask(amount), **changes)
        async with self.database.transaction() as tx:
            (payout,) = await payouts.request(tx, [ask], desk=self.desk, at=self.clock.now())
        assert isinstance(payout, payouts.Payout)
        return payout

    async def cancel(self, payout: payouts.Payout) -> None:
        """Withdraw one."""
        async with self.database.transaction() as tx:
            (result,) = await payouts.cancel(tx, [payout.id], actor="key:test", book=self.desk.book)
        assert isinstance(result, payouts.Payout)

    def _ask(self, amount: str) -> payouts.Ask:
        return payouts.Ask(
            holder_id=self.merchant,
            program="merchants",
            reference="order 7",
            amount=Money.parse(amount, "PKR"),
            destination=holders.Destination("HBL", NUMBER, "Test User"),
            requester="key:test",
        )


async def open_books(database: Database, clock: FakeClock) -> Books:
    """Apply the merchants' program, and fund one merchant."""
    desk = payouts.Desk(programs.Book(), Keyring([os.urandom(32)]))
    async with database.transaction() as tx:
        source = programs.ready()["merchants"].read_text()
        await programs.apply(tx, source, actor="test", at=clock.now())
        newcomer = holders.NewHolder(program="merchants", kind="merchant", reference="acme", name="Acme")
        (merchant,) = await holders.register(tx, [newcomer], at=clock.now())
        money = Money.parse("1000000", "PKR")
        credit = ledger.Movement(ledger.TransferKind.CREDIT, merchant.id, money, "merchants", reference="opening")
        await ledger.credit(tx, [credit], at=clock.now())
    return Books(database, clock, desk, merchant.id)


async def tamper(database: Database, *statements: str) -> None:
    """Do what only somebody with the database's own keys could do: change rows with the triggers off."""
    async with database.session() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
