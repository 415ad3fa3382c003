"""Every statement on workers; and the one that looks at what waits for them."""

from dataclasses import asdict
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.monitoring.workers.model import MISSED_MAX, Load, Sign, Waiting, Worker


async def arrive(tx: Transaction, worker_id: UUID, *, host: str, pid: int, carrier: str, every_seconds: float) -> None:
    """Note that a worker has begun; it means to be seen every so many seconds."""
    await tx.run(
        "INSERT INTO workers (id, host, pid, carrier, every) VALUES ($1, $2, $3, $4, $5)",
        worker_id, host, pid, carrier, every_seconds,
    )  # fmt: skip


async def sign(tx: Transaction, worker_id: UUID, given: Sign, *, is_last: bool = False) -> None:
    """Note that a worker is there, or leaves."""
    await tx.run(
        """
        UPDATE workers SET seen_at = now(), jobs = $2, dropped = $3, connections = $4, load = $5,
            stopped_at = CASE WHEN $6 THEN now() END
        WHERE id = $1
        """,
        worker_id, given.jobs, given.dropped, given.connections, asdict(given.load) if given.load else {}, is_last,
    )  # fmt: skip


async def known(tx: Transaction) -> list[Worker]:
    """The workers that were seen within a day, those that are alive first, then the latest seen."""
    rows = await tx.many(
        """
        SELECT id, host, pid, carrier, connections, jobs, dropped, started_at, seen_at, stopped_at, load,
            stopped_at IS NULL AND seen_at > now() - make_interval(secs => every * $1) AS is_alive
        FROM workers WHERE seen_at > now() - interval '1 day' ORDER BY is_alive DESC, seen_at DESC, id LIMIT 1000
        """,
        MISSED_MAX,
    )
    return [_worker(row) for row in rows]


async def waiting(tx: Transaction) -> list[Waiting]:
    """What is free to leave and has not left; reads as many index entries as there are such payouts."""
    rows = await tx.many(
        """
        SELECT what, count(*) AS count, extract(epoch FROM now() - min(since))::float AS oldest_seconds
        FROM (
            SELECT CASE WHEN due_at = 'infinity' THEN 'run' WHEN due_at <= now() THEN 'due' ELSE 'later' END AS what,
                   CASE WHEN due_at <= now() THEN due_at ELSE updated_at END AS since
            FROM payouts WHERE state IN ('approved', 'retrying')) free
        GROUP BY what ORDER BY what
        """
    )
    return [Waiting(**row) for row in rows]


async def forget_old(tx: Transaction) -> None:
    """Forget workers that were last seen a week ago."""
    await tx.run("DELETE FROM workers WHERE seen_at < now() - interval '7 days'")


def _worker(row: Record) -> Worker:
    values = dict(row)
    return Worker(**values | {"load": Load(**values["load"]) if values["load"] else None})
