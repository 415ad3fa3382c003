"""Every statement that looks back from payouts, and the one that writes a new judgement down.

Each question takes a whole batch, every payout with moments of its own, and reads a bounded number of rows for each,
however long the past is. Answers come in the order of the questions.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bursar.foundation.db import Record, Transaction, columns
from bursar.payouts.model import Payout

REQUESTS_MAX: Final = 1_000  # So many requests of a holder's history are counted, the newest first.
ENDED_MAX: Final = 200  # So many completed payouts are compared, the newest first; each costs a look into its row.

OutcomeAsked = tuple[UUID, str, int, int, datetime | None, datetime | None, datetime]
"""holder, currency; successes and failures to count up to; failures since, history since (None: not asked); as of"""

PaceAsked = tuple[UUID, UUID, UUID, UUID, UUID, UUID, int]
"""holder; the lowest ids of the hour, the day, the week and the history; the id to end before; the most of a week"""

UseAsked = tuple[UUID, bytes, UUID]
"""holder, blind index, the id to end before"""

SharedAsked = tuple[UUID, bytes, UUID, int]
"""the same, and how many others to count up to"""


async def outcomes(tx: Transaction, asked: Sequence[OutcomeAsked]) -> list[Record]:
    """How payouts ended: ``completed`` to stay, ``failed``, and the ``largest`` of ``comparable`` completed ones."""
    return await tx.many(
        """
        SELECT (SELECT count(*) FROM (
                   SELECT FROM payout_events s
                   WHERE s.holder_id = a.holder_id AND s.verb = 'settle' AND s.at < a.as_of AND NOT EXISTS (
                       SELECT FROM payout_events r
                       WHERE r.payout_id = s.payout_id AND r.verb = 'return' AND r.at < a.as_of)
                   LIMIT a.successes) found) AS completed,
               (SELECT count(*) FROM (
                   SELECT FROM payout_events f
                   WHERE f.holder_id = a.holder_id AND f.verb = 'fail' AND f.at >= a.failures_since AND f.at < a.as_of
                   LIMIT a.failures) found) AS failed,
               history.largest, history.comparable
        FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::integer[], $5::timestamptz[], $6::timestamptz[],
                    $7::timestamptz[])
                 WITH ORDINALITY
                 AS a (holder_id, currency, successes, failures, failures_since, history_since, as_of, place),
             LATERAL (
                 SELECT max(p.amount) AS largest, count(*) AS comparable
                 FROM (SELECT s.payout_id FROM payout_events s
                       WHERE s.holder_id = a.holder_id AND s.verb = 'settle'
                         AND s.at >= a.history_since AND s.at < a.as_of
                       ORDER BY s.at DESC LIMIT $8) newest
                 JOIN payouts p ON p.id = newest.payout_id AND p.currency = a.currency
             ) AS history
        ORDER BY a.place
        """,
        *columns(asked, 7), ENDED_MAX,
    )  # fmt: skip


async def paces(tx: Transaction, asked: Sequence[PaceAsked]) -> list[Record]:
    """How many were asked for ``in_hour``, ``in_day``, ``in_week`` and ``earlier``, and when the oldest of all was."""
    return await tx.many(
        """
        SELECT lately.in_hour, lately.in_day, lately.in_week, before.earlier,
               (SELECT p.created_at FROM payouts p WHERE p.id = before.oldest) AS began
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::integer[])
                 WITH ORDINALITY AS a (holder_id, hour, day, week, history, ending, most, place),
             LATERAL (
                 SELECT count(*) FILTER (WHERE found.id >= a.hour) AS in_hour,
                        count(*) FILTER (WHERE found.id >= a.day) AS in_day,
                        count(*) AS in_week
                 FROM (SELECT p.id FROM payouts p
                       WHERE p.holder_id = a.holder_id AND p.id >= a.week AND p.id < a.ending
                       ORDER BY p.id DESC LIMIT a.most) found
             ) AS lately,
             LATERAL (
                 SELECT count(*) AS earlier, (array_agg(found.id ORDER BY found.id))[1] AS oldest
                 FROM (SELECT p.id FROM payouts p
                       WHERE p.holder_id = a.holder_id AND p.id >= a.history AND p.id < least(a.week, a.ending)
                       ORDER BY p.id DESC LIMIT $8) found
             ) AS before
        ORDER BY a.place
        """,
        *columns(asked, 7), REQUESTS_MAX,
    )  # fmt: skip


async def first_uses(tx: Transaction, asked: Sequence[UseAsked]) -> list[datetime | None]:
    """When each holder first asked to be paid at a destination.

    Asked as "the next row of the index", so that the planner has no other index to prefer: those would pass over all
    other payouts of a holder.
    """
    rows = await tx.many(
        """
        SELECT CASE WHEN found.destination_index = a.index AND found.holder_id = a.holder_id AND found.id < a.ending
                    THEN found.created_at END AS since
        FROM unnest($1::uuid[], $2::bytea[], $3::uuid[]) WITH ORDINALITY AS a (holder_id, index, ending, place)
        LEFT JOIN LATERAL (
            SELECT p.destination_index, p.holder_id, p.id, p.created_at FROM payouts p
            WHERE (p.destination_index, p.holder_id) >= (a.index, a.holder_id)
            ORDER BY p.destination_index, p.holder_id, p.id LIMIT 1) AS found ON true
        ORDER BY a.place
        """,
        *columns(asked, 3),
    )
    return [row["since"] for row in rows]


async def others(tx: Transaction, asked: Sequence[SharedAsked]) -> list[frozenset[UUID]]:
    """Which other holders asked to be paid at a destination, up to as many as are asked for.

    The index is walked from holder to holder, so one with a million payouts there costs no more than one with a single.
    """
    rows = await tx.many(
        """
        SELECT ARRAY(
            WITH RECURSIVE steps AS (
                (SELECT p.destination_index, p.holder_id, p.id FROM payouts p
                 WHERE p.destination_index >= a.index
                 ORDER BY p.destination_index, p.holder_id, p.id LIMIT 1)
                UNION ALL
                SELECT following.* FROM steps s, LATERAL (
                    SELECT p.destination_index, p.holder_id, p.id FROM payouts p
                    WHERE (p.destination_index, p.holder_id) > (s.destination_index, s.holder_id)
                    ORDER BY p.destination_index, p.holder_id, p.id LIMIT 1) AS following
                WHERE s.destination_index = a.index)
            SELECT s.holder_id FROM steps s
            WHERE s.destination_index = a.index AND s.id < a.ending AND s.holder_id <> a.holder_id LIMIT a.most
        ) AS holder_ids
        FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::integer[])
                 WITH ORDINALITY AS a (holder_id, index, ending, most, place)
        ORDER BY a.place
        """,
        *columns(asked, 4),
    )
    return [frozenset(row["holder_ids"]) for row in rows]


async def asked_between(tx: Transaction, program: str, *, after: UUID, ending: UUID, limit: int) -> list[UUID]:
    """The next payouts of a program by id, from above ``after`` to below ``ending``."""
    rows = await tx.many(
        "SELECT id FROM payouts WHERE program = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4",
        program, after, ending, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def in_review_at(tx: Transaction, spots: Collection[tuple[UUID, bytes]]) -> list[UUID]:
    """The payouts to these destinations, by holder and blind index, that people look at."""
    rows = await tx.many(
        """
        SELECT p.id FROM unnest($1::uuid[], $2::bytea[]) AS spot (holder_id, index)
        JOIN payouts p ON p.holder_id = spot.holder_id AND p.destination_index = spot.index
        WHERE p.state = 'in_review'
        """,
        *columns(list(spots), 2),
    )
    return [row["id"] for row in rows]


async def oldest_in_review(tx: Transaction, programs: Collection[str]) -> dict[str, datetime]:
    """When the first payout in review of each program took its last step; one step over the index for each."""
    rows = await tx.many(
        """
        SELECT asked.program, first.updated_at FROM unnest($1::text[]) AS asked (program) CROSS JOIN LATERAL (
            SELECT updated_at FROM payouts p
            WHERE p.program = asked.program AND p.state IN ('requested', 'in_review') ORDER BY p.id LIMIT 1) first
        """,
        list(programs),
    )
    return {row["program"]: row["updated_at"] for row in rows}


async def write_judgements(tx: Transaction, judged: Sequence[Payout]) -> None:
    """Write down what locked payouts are judged by now, and what was found; where they stand is not touched."""
    rows = [
        (p.id, p.terms_version, p.digest, msgspec.Raw(msgspec.json.encode(p.findings)), p.verdict, p.reviewed)
        for p in judged
    ]
    await tx.run(
        """
        UPDATE payouts p SET
            terms_version = new.terms_version, digest = new.digest, findings = new.findings, verdict = new.verdict,
            reviewed = new.reviewed
        FROM unnest($1::uuid[], $2::integer[], $3::bytea[], $4::jsonb[], $5::text[], $6::boolean[])
            AS new (id, terms_version, digest, findings, verdict, reviewed)
        WHERE p.id = new.id
        """,
        *columns(rows, 6),
    )
