"""The reference: pgbench, with one call of a PL/pgSQL function for each payout; ``reference.sql`` says what is fair."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from bench.ground import BENCH, MERCHANTS
from bursar.foundation import embedded
from bursar.foundation.db import SCHEMA

CLIENTS: Final = 16  # Where pgbench is fastest on two cores.
THREADS: Final = 2
ANSWER_BYTES: Final = 380  # What a merchant is told about a payout, which is kept beside the idempotency key.
FUNCTIONS: Final = BENCH / "reference.sql"


class PgbenchFailed(Exception):
    """pgbench did not do what it was asked to; its last words are in the message."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    """pgbench on one database, running one script."""

    url: str
    script: Path

    async def rate(self, *, seconds: int = 0, transactions: int = 0) -> float:
        """Transactions per second, over so many seconds or so many transactions in all.

        Raises:
            PgbenchFailed: a transaction failed.
        """
        extent = ["-T", str(seconds)] if seconds else ["-t", str(transactions // CLIENTS)]
        process = await asyncio.create_subprocess_exec(
            embedded.binary("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), *extent,
            "-f", self.script, self.url,
            env=os.environ | {"PGOPTIONS": f"-c search_path={SCHEMA}"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
        if process.returncode or "number of failed transactions: 0 " not in output:
            raise PgbenchFailed(output)
        return float(output.partition("tps = ")[2].split()[0])


async def install(url: str) -> None:
    """Make the functions, and give each merchant of this database a key that pgbench can compute: ``key-<number>``."""
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        await connection.execute(FUNCTIONS.read_text("utf-8"))
        await connection.execute(
            """
            UPDATE api_keys k SET key_hash = sha256(('key-' || right(h.reference, 4)::integer)::bytea)
            FROM holders h WHERE h.id = k.holder_id;
            INSERT INTO accounts (kind, owner, currency) VALUES ('clearing', 'mockbank', 'PKR') ON CONFLICT DO NOTHING;
            """
        )
        await connection.execute("VACUUM ANALYZE api_keys")
    finally:
        await connection.close()


async def creating(url: str, folder: Path, *, sample: str, merchants: int = MERCHANTS) -> Pgbench:
    """Creates payouts for this many merchants, each with the sizes of one that the product made in ``sample``."""
    script = folder / f"create-{merchants}.sql"
    script.write_text(
        f"\\set merchant random(1, {merchants})\n\\set amount random(100, 9999999)\n"
        f"SELECT bench_create(:merchant, :amount, {await _literals(sample)});\n"
    )
    return Pgbench(url, script)


def claiming(url: str, folder: Path) -> Pgbench:
    """Claims the payout that waits longest, and settles it."""
    script = folder / "claim.sql"
    script.write_text("SELECT bench_claim();\n")
    return Pgbench(url, script)


async def _literals(sample: str) -> str:
    """What the product wrote for one payout, so that the reference writes rows of the same size without making them."""
    connection = await asyncpg.connect(sample, server_settings={"search_path": SCHEMA})
    try:
        row = await connection.fetchrow(
            """
            SELECT quote_literal(destination_group), quote_literal(destination), quote_literal(destination_shown),
                   quote_literal(destination_index), quote_literal(digest),
                   format('convert_from(%L, ''utf8'')::jsonb', convert_to(findings::text, 'utf8'))
            FROM payouts ORDER BY id DESC LIMIT 1
            """
        )
    finally:
        await connection.close()
    assert row is not None, "a warm-up goes before"
    answer = "x" * ANSWER_BYTES
    return ", ".join([*row, f"sha256('{answer}'::bytea)", f"'{answer}'"])
