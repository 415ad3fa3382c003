"""Every statement on payouts and their events. Nothing else writes ``payouts.state``."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money
from bursar.payouts.model import NEVER, Moved, Payout, PayoutState

COLUMNS: Final = """
    id, program, terms_version, holder_id, reference, amount, currency, state, version, reservation, destination,
    destination_shown, destination_group, destination_index, digest, requester, requester_person, findings, verdict,
    reviewed, gateway, gateway_reference, reason, due_at, tries, correlation_id, created_at, updated_at, processed_at,
    run_id, tries_max, kind, order_id, netted, barred
"""
_ON_THE_WAY: Final = COLUMNS.replace(" findings,", " '[]'::jsonb AS findings,")
"""Without what was found about them: that is most of a row, and nobody looks at it who sends or settles."""

_BIRTH: Final = (
    "id", "program", "terms_version", "holder_id", "reference", "amount", "currency", "state", "version", "destination",
    "destination_shown", "destination_group", "destination_index", "digest", "requester", "requester_person",
    "findings", "verdict", "reviewed", "reason", "correlation_id", "created_at", "updated_at", "due_at", "run_id",
    "tries_max", "kind", "order_id", "netted",
)  # fmt: skip
_EVENT: Final = (
    "payout_id", "holder_id", "seq", "verb", "from_state", "to_state", "reason", "facts", "actor", "correlation_id",
)  # fmt: skip

_EVENTS: Final = """
    SELECT e.id, e.payout_id, e.holder_id, e.seq, e.verb, e.from_state, e.to_state, e.reason, e.facts, e.actor,
           e.correlation_id, e.at, p.program, p.terms_version, p.reference, p.amount, p.currency, p.gateway_reference
    FROM payout_events e JOIN payouts p ON p.id = e.payout_id
"""

Event = tuple[UUID, UUID, int, str, str | None, str, str | None, Mapping[str, Any], str, str | None]
"""payout, holder, seq, verb, from, to, reason, facts, actor, correlation id"""


async def insert(tx: Transaction, rows: Sequence[Sequence[object]], events: Sequence[Event]) -> None:
    """Write new payouts, in the order of ``_BIRTH``, together with the first lines of their history."""
    await tx.append("payouts", _BIRTH, rows)
    await tx.append("payout_events", _EVENT, events)


async def update(tx: Transaction, payouts: Sequence[Payout], events: Sequence[Event]) -> None:
    """Write where locked payouts stand now, together with the steps that led there."""
    rows = [
        (p.id, p.state.value, p.version, p.reservation, p.gateway, p.gateway_reference, p.reason, p.due_at, p.tries,
         p.updated_at, p.processed_at)
        for p in payouts
    ]  # fmt: skip
    await tx.run(
        """
        UPDATE payouts p SET
            state = new.state, version = new.version, reservation = new.reservation, gateway = new.gateway,
            gateway_reference = new.gateway_reference, reason = new.reason, due_at = new.due_at, tries = new.tries,
            updated_at = new.updated_at, processed_at = new.processed_at
        FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::smallint[], $5::text[], $6::text[], $7::text[],
                    $8::timestamptz[], $9::smallint[], $10::timestamptz[], $11::timestamptz[])
            AS new (id, state, version, reservation, gateway, gateway_reference, reason, due_at, tries, updated_at,
                    processed_at)
        WHERE p.id = new.id
        """,
        *columns(rows, 11),
    )
    await tx.append("payout_events", _EVENT, events)


async def lock(tx: Transaction, ids: Collection[UUID]) -> tuple[dict[UUID, Payout], datetime]:
    """Hold these payouts until the transaction ends, in id order; also the database's time."""
    rows = await tx.many(
        f"SELECT {COLUMNS}, now() AS db_now FROM payouts WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608 - constants
        list(ids),
    )
    return locked_of(rows)


async def hold(tx: Transaction, ids: Collection[UUID]) -> tuple[dict[UUID, Payout], datetime]:
    """The same without their findings."""
    rows = await tx.many(
        f"SELECT {_ON_THE_WAY}, now() AS db_now FROM payouts WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608 - constants
        list(ids),
    )
    return locked_of(rows)


async def take_waiting(
    tx: Transaction,
    program: str,
    *,
    limit: int,
    except_holders: Collection[UUID],
    except_runs: Collection[UUID],
    except_banks: Collection[str],
    most: int | None,
) -> tuple[dict[UUID, Payout], datetime]:
    """Hold the payouts of a program that are due to leave, longest waiting first, passing over what others hold."""
    rows = await tx.many(
        f"""
        SELECT {_ON_THE_WAY}, now() AS db_now FROM payouts
        WHERE program = $1 AND state IN ('approved', 'retrying') AND due_at <= now() AND holder_id <> ALL($3::uuid[])
          AND ($4::bigint IS NULL OR amount <= $4) AND (run_id = ANY($5::uuid[])) IS NOT TRUE
          AND destination_group NOT LIKE ALL ($6::text[])
        ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608 - constants
        program, limit, list(except_holders), most, list(except_runs), [f"{bank}%" for bank in except_banks],
    )  # fmt: skip
    return locked_of(rows)


async def seconds_to_next(tx: Transaction, program: str) -> float | None:
    """In how many seconds the next payout that is not due yet will be; None when none is waiting for its time."""
    seconds = await tx.value(
        """
        SELECT extract(epoch FROM due_at - now())::float FROM payouts
        WHERE program = $1 AND state IN ('approved', 'retrying') AND due_at > now() AND due_at < 'infinity'
        ORDER BY due_at LIMIT 1
        """,
        program,
    )
    return None if seconds is None else float(seconds)


async def hand_over(
    tx: Transaction,
    program: str,
    *,
    limit: int | None,
    run_id: UUID | None,
    tries_max: int | None,
    except_runs: Collection[UUID],
) -> list[Record]:
    """Make the approved payouts of a program due that wait for a run, in the order they were asked for; they are its.

    How many they are in each currency, and what they add up to.
    """
    return await tx.many(
        """
        WITH gone AS (
            UPDATE payouts SET due_at = now(), run_id = $3, tries_max = $4 WHERE id IN (
                SELECT id FROM payouts WHERE program = $1 AND state IN ('approved', 'retrying') AND due_at = 'infinity'
                  AND (run_id = ANY($5::uuid[])) IS NOT TRUE
                ORDER BY id LIMIT $2 FOR UPDATE)
            RETURNING currency, amount)
        SELECT currency, count(*) AS count, sum(amount)::bigint AS amount FROM gone GROUP BY currency ORDER BY currency
        """,
        program, limit, run_id, tries_max, list(except_runs),
    )  # fmt: skip


async def with_due(tx: Transaction, programs: Collection[str], *, except_runs: Collection[UUID]) -> set[str]:
    """Which of these programs have a payout that is due to leave, of no run of these."""
    rows = await tx.many(
        """
        SELECT asked.program FROM unnest($1::text[]) AS asked (program) WHERE EXISTS (
            SELECT FROM payouts p
            WHERE p.program = asked.program AND p.state IN ('approved', 'retrying') AND p.due_at <= now()
              AND (p.run_id = ANY($2::uuid[])) IS NOT TRUE)
        """,
        list(programs), list(except_runs),
    )  # fmt: skip
    return {row["program"] for row in rows}


async def measure_due(tx: Transaction, programs: Collection[str], currency: str) -> tuple[int, int, int]:
    """How many payouts are due to leave, the smallest amount and the sum."""
    row = await tx.one(
        """
        SELECT count(*) AS count, coalesce(min(amount), 0) AS smallest, coalesce(sum(amount), 0)::bigint AS total
        FROM payouts WHERE program = ANY($1::text[]) AND currency = $2 AND state IN ('approved', 'retrying')
          AND due_at <= now()
        """,
        list(programs), currency,
    )  # fmt: skip
    return row["count"], row["smallest"], row["total"]


async def bar(tx: Transaction, ids: Collection[UUID]) -> None:
    """Keep locked payouts from being tried again."""
    await tx.run("UPDATE payouts SET barred = true WHERE id = ANY($1::uuid[])", list(ids))


async def wait_until(tx: Transaction, waits: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Give approved payouts a blocker each: why they do not leave, and until when."""
    await tx.run(
        """
        UPDATE payouts p SET reason = new.reason, due_at = new.until
        FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS new (id, reason, until)
        WHERE p.id = new.id AND p.state IN ('approved', 'retrying')
        """,
        *columns(waits, 3),
    )


async def end_waits(tx: Transaction, places: Collection[tuple[UUID, bytes]], *, reasons: Collection[str]) -> int:
    """Make payouts due that wait for one of these reasons, by holder and blind index of their destination; how many."""
    return await tx.run(
        """
        UPDATE payouts p SET due_at = now() FROM unnest($1::uuid[], $2::bytea[]) AS place (holder_id, index)
        WHERE p.holder_id = place.holder_id AND p.destination_index = place.index
          AND p.state IN ('approved', 'retrying') AND p.reason = ANY($3::text[]) AND p.due_at > now()
        """,
        *columns(list(places), 2), list(reasons),
    )  # fmt: skip


async def wait_longer(tx: Transaction, ids: Collection[UUID], *, reason: str, seconds: float) -> None:
    """Give approved payouts a blocker: why they do not leave, and when that is looked at again."""
    await tx.run(
        """
        UPDATE payouts SET reason = $2, due_at = now() + make_interval(secs => $3)
        WHERE id = ANY($1::uuid[]) AND state IN ('approved', 'retrying')
        """,
        list(ids), reason, seconds,
    )  # fmt: skip


async def make_due(tx: Transaction, ids: Collection[UUID]) -> None:
    """Let locked payouts wait no longer."""
    await tx.run("UPDATE payouts SET due_at = least(due_at, now()) WHERE id = ANY($1::uuid[])", list(ids))


async def by_ids(tx: Transaction, ids: Collection[UUID], *, holder_id: UUID | None = None) -> list[Payout]:
    """These payouts, unlocked; only this holder's where one is given."""
    rows = await tx.many(
        f"SELECT {COLUMNS} FROM payouts WHERE id = ANY($1::uuid[]) AND ($2::uuid IS NULL OR holder_id = $2)",  # noqa: S608 - constants
        list(ids), holder_id,
    )  # fmt: skip
    return [payout_of(row) for row in rows]


async def on_their_way(tx: Transaction, ids: Collection[UUID]) -> list[Payout]:
    """These payouts, unlocked and without their findings."""
    rows = await tx.many(f"SELECT {_ON_THE_WAY} FROM payouts WHERE id = ANY($1::uuid[])", list(ids))  # noqa: S608 - constants
    return [payout_of(row) for row in rows]


async def history(tx: Transaction, payout_id: UUID) -> list[Moved]:
    """A payout's events in order."""
    rows = await tx.many(f"{_EVENTS} WHERE e.payout_id = $1 ORDER BY seq", payout_id)
    return [moved(row, row) for row in rows]


async def holder_events(tx: Transaction, holder_id: UUID, *, before: int | None, limit: int) -> list[tuple[int, Moved]]:
    """A holder's events over all payouts, newest first, each with its number to continue from."""
    rows = await tx.many(
        f"{_EVENTS} WHERE e.holder_id = $1 AND ($2::bigint IS NULL OR e.id < $2) ORDER BY e.id DESC LIMIT $3",
        holder_id, before, limit,
    )  # fmt: skip
    return [(row["id"], moved(row, row)) for row in rows]


async def asked_since(tx: Transaction, holder_ids: Collection[UUID], first: UUID) -> dict[UUID, Money]:
    """What each holder has asked for since the moment of the id ``first``, less what came to nothing."""
    rows = await tx.many(
        """
        SELECT holder_id, currency, sum(amount)::bigint AS amount FROM payouts
        WHERE holder_id = ANY($1::uuid[]) AND id >= $2 AND state NOT IN ('failed', 'rejected', 'cancelled')
        GROUP BY holder_id, currency
        """,
        list(holder_ids), first,
    )  # fmt: skip
    return {row["holder_id"]: Money(row["amount"], row["currency"]) for row in rows}


async def sealed_with_other_key(tx: Transaction, key_id: bytes, *, after: UUID | None, limit: int) -> list[Record]:
    """The next payouts whose destinations are not sealed with this key, held until the transaction ends."""
    return await tx.many(
        """
        SELECT id, destination FROM payouts
        WHERE ($2::uuid IS NULL OR id > $2) AND substring(destination FROM 2 FOR 4) <> $1
        ORDER BY id LIMIT $3 FOR UPDATE
        """,
        key_id, after, limit,
    )  # fmt: skip


async def replace_destinations(tx: Transaction, sealed: Sequence[tuple[UUID, bytes, bytes, bytes]]) -> None:
    """Put new envelopes in the place of old ones: (payout, old, new, blind index)."""
    await tx.run(
        """
        UPDATE payouts p SET destination = new.envelope, destination_index = new.index
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[]) AS new (id, old, envelope, index)
        WHERE p.id = new.id AND p.destination = new.old
        """,
        *columns(sealed, 4),
    )


async def count_by_state(
    tx: Transaction, program: str | None, holder_id: UUID | None, *, only_waiting: bool = False
) -> list[Record]:
    """How many payouts stand where, and what they add up to; those that are free to leave are found by their index."""
    waiting = "AND state IN ('approved', 'retrying')" if only_waiting else ""
    return await tx.many(
        f"""
        SELECT state, currency, count(*) AS count, sum(amount)::bigint AS amount FROM payouts
        WHERE ($1::text IS NULL OR program = $1) AND ($2::uuid IS NULL OR holder_id = $2) {waiting}
        GROUP BY state, currency ORDER BY state, currency
        """,  # noqa: S608 - constants
        program, holder_id,
    )  # fmt: skip


def locked_of(rows: Sequence[Record]) -> tuple[dict[UUID, Payout], datetime]:
    """Locked payouts by id, and the database's time that came with them."""
    locked = {row["id"]: payout_of(row) for row in rows}
    return locked, rows[0]["db_now"] if rows else _LONG_AGO


def payout_of(row: Record) -> Payout:
    """Columns come in the order of ``COLUMNS``; amount and currency become one value."""
    values = list(row.values())[:_WIDTH]
    if values[_DUE_AT].tzinfo is None:  # The driver's way to say ``infinity``; no other moment comes without a zone.
        values[_DUE_AT] = NEVER
    values[5:8] = [Money(values[5], values[6]), PayoutState(values[7])]
    return Payout(*values)


def moved(event: Record, payout: Record) -> Moved:
    """A line of history with what there is to say about its payout."""
    return Moved(
        payout_id=event["payout_id"],
        holder_id=event["holder_id"],
        program=payout["program"],
        terms_version=payout["terms_version"],
        reference=payout["reference"],
        amount=Money(payout["amount"], payout["currency"]),
        gateway_reference=payout["gateway_reference"],
        seq=event["seq"],
        verb=event["verb"],
        from_state=PayoutState(event["from_state"]) if event["from_state"] else None,
        to_state=PayoutState(event["to_state"]),
        reason=event["reason"],
        facts=event["facts"],
        actor=event["actor"],
        correlation_id=event["correlation_id"],
        at=event["at"],
    )


_WIDTH: Final = len(COLUMNS.split(","))
_DUE_AT: Final = [name.strip() for name in COLUMNS.split(",")].index("due_at")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)  # Nothing was locked, so nothing is dated by it.
