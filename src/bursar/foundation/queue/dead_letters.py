"""Messages that were no jobs, kept for people to look at."""

from bursar.foundation.db import Transaction
from bursar.foundation.queue.crew import DeadLetter


async def bury(tx: Transaction, letter: DeadLetter, *, carrier: str) -> None:
    """Keep a dead letter."""
    await tx.run(
        "INSERT INTO dead_letters (carrier, job, body, reason) VALUES ($1, $2, $3, $4)",
        carrier, _storable(letter.job), letter.body, letter.reason,
    )  # fmt: skip


async def count_buried(tx: Transaction) -> int:
    """How many there are."""
    found: int = await tx.value("SELECT count(*) FROM dead_letters")
    return found


def _storable(job: str | None) -> str | None:
    """A name as it was sent, without the one character that PostgreSQL cannot store."""
    return None if job is None else job.replace("\0", "")
