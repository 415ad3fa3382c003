"""Writers with what they have earned: every tenth has enough to be paid, and an account."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from bench.ground import BENCH
from bursar import holders, programs
from bursar.foundation.db import SCHEMA
from bursar.holders import Destination, NewDestination
from bursar.house import House

PROGRAM: Final = "writers"
TERMS: Final = BENCH / "writers-bench.yaml"
ACTOR: Final = "bench"
EVERY: Final = 10
AT_ONCE: Final = 5_000

ENOUGH: Final = 10_000  # Cents.
TOO_LITTLE: Final = 900

# What the product would write for each, a million times in a minute: the holder, both accounts, the balance, the credit
# behind it, and the earning that it stands for.
SETTLE_IN: Final = """
    CREATE TEMP TABLE writers AS
    SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000000000000000')::uuid AS id, n,
           CASE WHEN n % $2 = 0 THEN $3::bigint ELSE $4::bigint END AS amount
    FROM generate_series(1, $1::integer) AS n
"""
STEPS: Final = (
    """
    INSERT INTO holders (id, program, kind, reference, name)
    SELECT id, 'writers', 'writer', 'w' || lpad(n::text, 7, '0'), 'Writer ' || n FROM writers ORDER BY id
    """,
    "INSERT INTO accounts (kind, owner, currency) VALUES ('funding', 'writers', 'USD') ON CONFLICT DO NOTHING",
    "INSERT INTO accounts (kind, owner, currency) SELECT 'available', id::text, 'USD' FROM writers ORDER BY n",
    "INSERT INTO accounts (kind, owner, currency) SELECT 'reserved', id::text, 'USD' FROM writers ORDER BY n",
    """
    INSERT INTO balances (holder_id, currency, program, available, available_account, reserved_account)
    SELECT w.id, 'USD', 'writers', w.amount, a.id, r.id FROM writers w
    JOIN accounts a ON (a.kind, a.owner, a.currency) = ('available', w.id::text, 'USD')
    JOIN accounts r ON (r.kind, r.owner, r.currency) = ('reserved', w.id::text, 'USD') ORDER BY w.id
    """,
    """
    INSERT INTO transfers (id, kind, debit_account, credit_account, amount, currency, holder_id, reference,
                           available_after, reserved_after)
    SELECT w.id, 'credit', f.id, b.available_account, w.amount, 'USD', w.id, 'royalties', w.amount, 0
    FROM writers w JOIN balances b ON b.holder_id = w.id, accounts f WHERE f.kind = 'funding' AND f.owner = 'writers'
    """,
    """
    INSERT INTO earnings (id, holder_id, program, reference, amount, currency, earned_at, credited_by, available)
    SELECT id, id, 'writers', 'royalties', amount, 'USD', now(), 'bench', amount FROM writers ORDER BY id
    """,
    "ANALYZE holders, accounts, balances, transfers, earnings",
)


async def settle_in(house: House, url: str, count: int) -> None:
    """So many writers, of whom every tenth has 100.00 and an account that is paid, and the others 9.00."""
    async with house.database.transaction() as tx:
        await programs.apply(tx, TERMS.read_text("utf-8"), actor=ACTOR, at=house.clock.now(), file=TERMS.name)
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(_filled(SETTLE_IN, count, EVERY, ENOUGH, TOO_LITTLE))
        for step in STEPS:
            await connection.execute(step)
        rich = [row["id"] for row in await connection.fetch("SELECT id FROM writers WHERE amount = $1", ENOUGH)]
        for start in range(0, len(rich), AT_ONCE):
            await _give_accounts(house, rich[start : start + AT_ONCE], first=start)
        await connection.execute("ANALYZE destinations")
    finally:
        await connection.close()


async def _give_accounts(house: House, owners: Sequence[UUID], *, first: int) -> None:
    wishes = [
        NewDestination(holder_id, Destination("HBL", f"{number:010}0001", "Writer"), 0, ACTOR)
        for number, holder_id in enumerate(owners, first)
    ]
    async with house.database.transaction() as tx:
        await holders.add_destinations(tx, wishes, keyring=house.keyring, at=house.clock.now())


def _filled(statement: str, *figures: int) -> str:
    """A statement with its figures: what makes a table takes no parameters."""
    for place, figure in enumerate(figures, 1):
        statement = statement.replace(f"${place}", str(figure))
    return statement
