"""Reading an append-only table in the order it was committed, without losing a late row.

A row's number is taken when it is written, not when it is committed, so "everything after the last number" skips
rows that commit late. Each row therefore also carries the id of its transaction, and a reader goes only as far as the
oldest open transaction that may still write here: below that mark nothing new can appear. The reader's place is one
row in ``cursors``, locked while it reads, so that each row is handled once however many processes read.

The mark is found before the rows are read, each with a snapshot of its own. A transaction that ends in between is
visible to the second and no longer below the first, so it is read; the other way round it would be lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bursar.foundation import log
from bursar.foundation.db import Record, Transaction

_log = log.get(__name__)

_MARK: Final = """
    WITH snapshot AS (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next),
    writers AS (
        SELECT query = '<insufficient privilege>' AS hidden, backend_xid::text::bigint AS short_xid
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND has_table_privilege(usesysid, $1::text, 'INSERT'))
    SELECT CASE WHEN bool_or(hidden) THEN min(oldest) ELSE least(min(next), min(
               next + (short_xid - next % 4294967296 + 6442450944) % 4294967296 - 2147483648
           )) END::text AS mark,
           min(next) AS next
    FROM snapshot LEFT JOIN writers ON true
"""
"""The oldest open transaction among sessions that may write to the table, or else the next one to begin.

Other databases of the server and sessions without the right to write here do not count, so nobody else's long
transaction holds our readers up. Where a session hides what it does (another role's, without ``pg_read_all_stats``),
the oldest transaction of all is taken instead: later perhaps, but safe. Sessions show the short form of a transaction's
id, 32 bits of 64; it belongs to whichever long one is nearest to ``next``. That may lie above: ``next`` follows the
newest transaction that has ended, and younger ones may be open.
"""
READ_MAX: Final = 5_000  # Rows at once; larger reads only lengthen the transaction.


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that a reader has just passed: how many, and the places (transaction id and number) before and at the end.

    Every row in between is the reader's, ``after`` excluded and ``to`` included.
    """

    after: tuple[str, int]
    to: tuple[str, int]
    count: int


async def read(tx: Transaction, *, reader: str, table: str, limit: int = READ_MAX) -> Sequence[Record]:
    """The next committed rows of ``table`` for this reader, oldest first; they count as read when ``tx`` commits.

    The table needs the columns ``xid xid8`` and ``id bigint`` with an index over both. Nothing comes back while
    another process is reading under the same name.
    """
    opened = await _hold_place(tx, reader=reader, table=table)
    if opened is None:
        return []
    after, mark = opened
    rows = await tx.many(
        f"""
        SELECT * FROM {table}
        WHERE (xid, id) > ($1::text::xid8, $2) AND xid < $4::text::xid8 ORDER BY xid, id LIMIT $3
        """,  # noqa: S608 - table is a constant of the calling room, never input
        *after, limit, mark,
    )  # fmt: skip
    if rows:
        await _move_place(tx, reader, (str(rows[-1]["xid"]), rows[-1]["id"]))
    return rows


async def stretch(tx: Transaction, *, reader: str, table: str, limit: int = READ_MAX) -> Stretch | None:
    """The same, for readers that have the database add up what lies between two places; None where nothing is new."""
    opened = await _hold_place(tx, reader=reader, table=table)
    if opened is None:
        return None
    after, mark = opened
    last = await tx.one_or_none(
        f"""
        SELECT xid::text AS xid, id, place FROM (
            SELECT xid, id, row_number() OVER (ORDER BY xid, id) AS place FROM {table}
            WHERE (xid, id) > ($1::text::xid8, $2) AND xid < $4::text::xid8 ORDER BY xid, id LIMIT $3) next
        ORDER BY place DESC LIMIT 1
        """,  # noqa: S608 - as above
        *after, limit, mark,
    )  # fmt: skip
    if last is None:
        return None
    await _move_place(tx, reader, (last["xid"], last["id"]))
    return Stretch(after, (last["xid"], last["id"]), last["place"])


async def behind(tx: Transaction, *, table: str) -> dict[str, float]:
    """For how many seconds the oldest row that each reader has not read has been there; 0 where there is none.

    All readers are taken to read this table, which needs a column ``at``. One step over the index for each of them.
    """
    rows = await tx.many(
        f"""
        SELECT reader, coalesce(extract(epoch FROM now() - next.at), 0)::float8 AS seconds
        FROM cursors c LEFT JOIN LATERAL (
            SELECT at FROM {table} t WHERE (t.xid, t.id) > (c.xid, c.id) ORDER BY t.xid, t.id LIMIT 1) next ON true
        ORDER BY reader
        """  # noqa: S608 - as above
    )
    return {row["reader"]: max(row["seconds"], 0.0) for row in rows}


async def position(tx: Transaction, *, reader: str) -> tuple[str, int]:
    """How far this reader has got: transaction id and row number; ``("0", 0)`` for one that never read."""
    place = await tx.one_or_none("SELECT xid::text, id FROM cursors WHERE reader = $1", reader)
    return (place["xid"], place["id"]) if place is not None else ("0", 0)


async def _hold_place(tx: Transaction, *, reader: str, table: str) -> tuple[tuple[str, int], str] | None:
    """A reader's place, held until the transaction ends, and how far it may go; None while somebody else holds it."""
    place = await _lock_place(tx, reader)
    if place is None:
        await _take_place(tx, reader)
        place = await _lock_place(tx, reader)
    if place is None:
        return None
    await tx.run("SELECT pg_stat_clear_snapshot()")  # A transaction keeps the first list of sessions it has seen.
    open_to = await tx.one(_MARK, table)
    return (_in_this_cluster(place, open_to["next"]), place["id"]), open_to["mark"]


async def _lock_place(tx: Transaction, reader: str) -> Record | None:
    return await tx.one_or_none("SELECT xid::text, id FROM cursors WHERE reader = $1 FOR UPDATE SKIP LOCKED", reader)


async def _move_place(tx: Transaction, reader: str, to: tuple[str, int]) -> None:
    await tx.run("UPDATE cursors SET xid = $2::text::xid8, id = $3, read_at = now() WHERE reader = $1", reader, *to)


def _in_this_cluster(place: Record, next_xid: int) -> str:
    """The place's transaction, or the beginning of time when it lies ahead of every transaction there has been.

    That happens after a dump was restored into another cluster, which counts its transactions anew. Rows of the old
    cluster then lie above the mark and are not read again; what the reader had not reached there is for people to see.
    """
    if int(place["xid"]) < next_xid:
        return str(place["xid"])
    _log.warning("outbox.cluster_changed", kind="restored from a dump")
    return "0"


async def _take_place(tx: Transaction, reader: str) -> None:
    """Begin at the beginning, unless this reader has a place, which somebody holds just now."""
    await tx.run(
        """
        INSERT INTO cursors (reader, xid, id) SELECT $1, '0', 0
        WHERE NOT EXISTS (SELECT FROM cursors WHERE reader = $1)  -- Or we would wait for whoever holds it.
        ON CONFLICT DO NOTHING
        """,
        reader,
    )
