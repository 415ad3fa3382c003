"""What tests of the money core stand on: a database, a program with quick terms, merchants with money, and asks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import yaml

from bursar import holders, identity, ledger, payouts, programs
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.holders.model import Destination

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEYRING = Keyring([b"k" * 32])
MERCHANTS = Path(__file__).parents[1] / "programs/merchants.yaml"

EVERYTHING: dict[str, Any] = {
    "review__amount_at": 100000.00,
    "review__at_level": "medium",
    "risk__verified": True,
    "risk__successes_min": 3,
    "risk__failures_max": 1,
    "risk__amount_factor": 5,
    "risk__frequency_factor": 4,
    "risk__per_hour_max": 3,
    "risk__per_day_max": 10,
    "risk__changed_hours": 72,
    "risk__shared_max": 0,
    "risk__name_score_min": 0.75,
}
"""Changes to the merchants' terms with which every rule is asked."""

_numbers = count(1)


@contextmanager
def own_database(server_url: str, template: str) -> Iterator[str]:
    """A migrated database for many tests; making one takes a third of a second, too long for each of them."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(administer(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def administer(server_url: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def emptied(url: str) -> None:
    """Make a shared database as good as new: nobody is connected any more, and no table holds a row.

    That is an order of magnitude quicker than making another one.
    """
    connection = await asyncpg.connect(url)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    ending = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}"
    while await connection.fetchval(ending):
        await asyncio.sleep(0.005)
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'bursar' AND tablename <> 'schema_version'"
    )
    cleaning = "; ".join(f"DELETE FROM bursar.{row['tablename']}" for row in rows)
    await connection.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {cleaning}; COMMIT")
    await connection.close()


@asynccontextmanager
async def rolled_back(database: Database) -> AsyncIterator[Transaction]:
    """A transaction that leaves nothing behind, so that tests can share a database."""
    async with database.session() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield Transaction(connection)
        finally:
            await transaction.rollback()


def terms_text(**changes: Any) -> str:
    """The merchants' program file with other values for some fields; ``review__amount_at`` is ``review.amount_at``."""
    terms = yaml.safe_load(_merchants_text())
    for path, value in changes.items():
        *groups, field = path.split("__")
        group = terms
        for name in groups:
            group = group[name]
        assert field in group, f"there is no field {path}"
        group[field] = value
    return yaml.safe_dump(terms, sort_keys=False)


async def program(tx: Transaction, name: str | None = None, **changes: Any) -> programs.Terms:
    """Apply a program of this name, or one of its own for this test."""
    text = terms_text(program=name or f"p{uuid4().hex[:12]}", **changes)
    return (await programs.apply(tx, text, actor="person:tester", at=AT)).terms


async def merchant(
    tx: Transaction, program: str, *, money: str | None = "1000000.00", currency: str = "PKR", kind: str = "merchant"
) -> UUID:
    """A new merchant's id, or that of another kind of holder; with so much to pay out, if any."""
    new = holders.NewHolder(program=program, kind=kind, reference=f"m-{uuid4().hex}", name="Acme")
    holder = (await holders.register(tx, [new], at=AT))[0]
    if money is not None:
        await ledger.credit(tx, [funding(holder.id, money, program=program, currency=currency)], at=AT)
    return holder.id


def funding(
    holder_id: UUID, money: str, *, program: str, reference: str | None = None, currency: str = "PKR"
) -> ledger.Movement:
    """Money that comes in for a merchant."""
    return ledger.Movement(
        kind=ledger.TransferKind.CREDIT,
        holder_id=holder_id,
        amount=Money.parse(money, currency),
        program=program,
        reference=reference or f"funding-{next(_numbers)}",
    )


def ask(
    holder_id: UUID, program: str, *, amount: str = "1000.00", account: str = "1234500001", **changes: Any
) -> payouts.Ask:
    """A payout somebody wants; the account's last four digits say what the mock bank makes of it."""
    wanted: dict[str, Any] = {
        "holder_id": holder_id,
        "program": program,
        "reference": f"order-{next(_numbers)}",
        "amount": Money.parse(amount, "PKR"),
        "destination": Destination("HBL", account, "Anna Khan"),
        "requester": "key:test",
    }
    return payouts.Ask(**wanted | changes)


async def person(tx: Transaction, name: str = "anna") -> UUID:
    """Somebody who may be asked; what their roles allow is not these tests' question."""
    added = await identity.add_person(
        tx,
        email=f"{name}-{uuid4().hex}@example.com",
        name=name,
        password_hash=identity.model.PasswordHash("nobody signs in here"),
        roles=[identity.Role.MANAGER],
        actor="person:tester",
        at=AT,
    )
    return added.id


@lru_cache
def _merchants_text() -> str:
    return MERCHANTS.read_text("utf-8")
