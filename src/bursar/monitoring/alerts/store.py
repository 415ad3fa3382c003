"""Every statement on alerts and on what is posted about them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.monitoring.alerts.model import (
    Alert,
    AlertType,
    DuePost,
    Finding,
    Post,
    PostResult,
    PostState,
    Severity,
)

_ALERT: Final = """
    id, program, type, subject, severity, message, facts, is_watched, opened_at, seen_at, told, acknowledged_at,
    acknowledged_by, resolved_at, resolved_by, note, over_at
"""
_POST: Final = "id, alert_id, number, url, state, tries, due_at, last_status, last_error, created_at, finished_at"
_WATCH_LOCK: Final = 4_011_202_600_000_001  # Any number that nothing else locks.

# ---- Alerts ---------------------------------------------------------------------------------------------------------


async def take_watch(tx: Transaction) -> bool:
    """Whether nobody else is watching at this moment; until the transaction ends, nobody else will."""
    return bool(await tx.value("SELECT pg_try_advisory_xact_lock($1)", _WATCH_LOCK))


async def live(tx: Transaction) -> list[Alert]:
    """The alerts that are not over, held until the transaction ends; resolved or not."""
    rows = await tx.many(f"SELECT {_ALERT} FROM alerts WHERE over_at IS NULL ORDER BY id FOR UPDATE")  # noqa: S608 - constants
    return [_alert(row) for row in rows]


async def insert(tx: Transaction, rows: Sequence[tuple[UUID, Finding]], *, is_watched: bool) -> list[Alert]:
    """Open alerts; those that somebody else opened in the meantime are left out."""
    values = [(id_, f.program, f.type.value, f.subject, f.severity.value, f.message, f.facts) for id_, f in rows]
    found = await tx.many(
        f"""
        INSERT INTO alerts (id, program, type, subject, severity, message, facts, is_watched)
        SELECT *, $8 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
        ON CONFLICT (coalesce(program, ''), type, subject) WHERE over_at IS NULL DO NOTHING
        RETURNING {_ALERT}
        """,  # noqa: S608 - constants
        *columns(values, 7), is_watched,
    )  # fmt: skip
    return [_alert(row) for row in found]


async def open_or_see(tx: Transaction, id_: UUID, finding: Finding) -> tuple[Alert, bool]:
    """Open an alert that nobody watches, or note that it is still so; whether it is new. Its severity stays."""
    row = await tx.one(
        f"""
        INSERT INTO alerts AS a (id, program, type, subject, severity, message, facts, is_watched)
        VALUES ($1, $2, $3, $4, $5, $6, $7, false)
        ON CONFLICT (coalesce(program, ''), type, subject) WHERE over_at IS NULL
            DO UPDATE SET seen_at = now(), message = excluded.message, facts = excluded.facts
        RETURNING {_ALERT}, a.xmax = 0 AS is_new
        """,  # noqa: S608 - constants
        id_, finding.program, finding.type.value, finding.subject, finding.severity.value, finding.message,
        finding.facts,
    )  # fmt: skip
    values = dict(row)
    is_new = values.pop("is_new")
    return _alert(values), is_new


async def see(tx: Transaction, rows: Sequence[tuple[UUID, Finding, bool]]) -> list[Alert]:
    """Note that alerts are still found, as they are now; those told ``True`` are told of once more."""
    values = [(id_, f.severity.value, f.message, f.facts, int(is_told)) for id_, f, is_told in rows]
    found = await tx.many(
        f"""
        UPDATE alerts a SET seen_at = now(), severity = new.severity, message = new.message, facts = new.facts,
            told = a.told + new.told
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::smallint[])
            AS new (id, severity, message, facts, told)
        WHERE a.id = new.id RETURNING {_of("a")}
        """,  # noqa: S608 - constants
        *columns(values, 5),
    )
    return [_alert(row) for row in found]


async def keep(tx: Transaction, ids: Collection[UUID]) -> None:
    """Note that what these alerts are about has not gone away."""
    await tx.run("UPDATE alerts SET seen_at = now() WHERE id = ANY($1)", list(ids))


async def end_unseen(tx: Transaction, ids: Collection[UUID], *, calm_seconds: float, actor: str) -> list[Alert]:
    """Call those over that have not been found for so long; nobody needs to resolve them any more."""
    rows = await tx.many(
        f"""
        UPDATE alerts SET over_at = now(), told = told + (resolved_at IS NULL)::integer,
            resolved_by = coalesce(resolved_by, $3), resolved_at = coalesce(resolved_at, now())
        WHERE id = ANY($1) AND seen_at <= now() - make_interval(secs => $2) RETURNING {_ALERT}
        """,  # noqa: S608 - constants
        list(ids), calm_seconds, actor,
    )  # fmt: skip
    return [_alert(row) for row in rows]


async def end(tx: Transaction, *, program: str | None, type_: AlertType, subject: str, actor: str) -> Alert | None:
    """Call a live alert over, if there is one."""
    row = await tx.one_or_none(
        f"""
        UPDATE alerts SET over_at = now(), told = told + (resolved_at IS NULL)::integer,
            resolved_by = coalesce(resolved_by, $4), resolved_at = coalesce(resolved_at, now())
        WHERE coalesce(program, '') = coalesce($1, '') AND type = $2 AND subject = $3 AND over_at IS NULL
        RETURNING {_ALERT}
        """,  # noqa: S608 - constants
        program, type_.value, subject, actor,
    )  # fmt: skip
    return None if row is None else _alert(row)


async def get(tx: Transaction, alert_id: UUID) -> Alert | None:
    """One alert."""
    row = await tx.one_or_none(f"SELECT {_ALERT} FROM alerts WHERE id = $1", alert_id)  # noqa: S608 - constants
    return None if row is None else _alert(row)


async def lock(tx: Transaction, alert_id: UUID) -> Alert | None:
    """Hold one alert until the transaction ends."""
    row = await tx.one_or_none(f"SELECT {_ALERT} FROM alerts WHERE id = $1 FOR UPDATE", alert_id)  # noqa: S608 - constants
    return None if row is None else _alert(row)


async def acknowledge(tx: Transaction, alert_id: UUID, *, actor: str) -> Alert:
    """Note who has seen an alert."""
    row = await tx.one(
        f"UPDATE alerts SET acknowledged_at = now(), acknowledged_by = $2 WHERE id = $1 RETURNING {_ALERT}",  # noqa: S608 - constants
        alert_id, actor,
    )  # fmt: skip
    return _alert(row)


async def resolve(tx: Transaction, alert_id: UUID, *, actor: str, note: str) -> Alert:
    """Note who has resolved an alert; one that nobody watches is over with that."""
    row = await tx.one(
        f"""
        UPDATE alerts SET resolved_at = now(), resolved_by = $2, note = $3, told = told + 1,
            over_at = CASE WHEN NOT is_watched THEN now() END
        WHERE id = $1 RETURNING {_ALERT}
        """,  # noqa: S608 - constants
        alert_id, actor, note,
    )  # fmt: skip
    return _alert(row)


async def active(tx: Transaction, program: str | None) -> list[Alert]:
    """Alerts that nobody has resolved: critical ones first, then the latest; of one program those of all as well."""
    rows = await tx.many(
        f"""
        SELECT {_ALERT} FROM alerts
        WHERE resolved_at IS NULL AND ($1::text IS NULL OR program = $1 OR program IS NULL)
        ORDER BY severity = 'critical' DESC, id DESC LIMIT 1000
        """,  # noqa: S608 - constants
        program,
    )
    return [_alert(row) for row in rows]


async def page(
    tx: Transaction, *, program: str | None, type_: AlertType | None, before: UUID | None, limit: int
) -> list[Alert]:
    """Alerts, newest first."""
    rows = await tx.many(
        f"""
        SELECT {_ALERT} FROM alerts
        WHERE ($1::text IS NULL OR program = $1) AND ($2::text IS NULL OR type = $2) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,  # noqa: S608 - constants
        program, type_.value if type_ else None, before, limit,
    )  # fmt: skip
    return [_alert(row) for row in rows]


# ---- What is posted -------------------------------------------------------------------------------------------------


async def insert_posts(tx: Transaction, rows: Sequence[tuple[UUID, UUID, int, str, bytes]]) -> None:
    """Write what is to be posted: (id, alert, which telling, address, body)."""
    await tx.run(
        """
        INSERT INTO alert_posts (id, alert_id, number, url, body)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::bytea[])
        ON CONFLICT ON CONSTRAINT one_post_each DO NOTHING
        """,
        *columns(rows, 5),
    )


async def posts(tx: Transaction, alert_ids: Collection[UUID]) -> list[Post]:
    """What was posted, or is to be, about these alerts, oldest first."""
    rows = await tx.many(
        f"SELECT {_POST} FROM alert_posts WHERE alert_id = ANY($1) ORDER BY id",  # noqa: S608 - constants
        list(alert_ids),
    )
    return [Post(**dict(row) | {"state": PostState(row["state"])}) for row in rows]


async def claim_posts(tx: Transaction, *, limit: int, lease_seconds: float) -> list[DuePost]:
    """Take due posts, longest due first, until the lease ends; what others hold is passed over."""
    rows = await tx.many(
        """
        UPDATE alert_posts SET due_at = now() + make_interval(secs => $2), lease_no = lease_no + 1
        WHERE id = ANY(ARRAY(
            SELECT id FROM alert_posts WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING id, alert_id, url, body, lease_no, tries
        """,
        limit, lease_seconds,
    )  # fmt: skip
    return [DuePost(*row) for row in rows]


async def record_posts(tx: Transaction, results: Sequence[PostResult]) -> None:
    """Write where tries leave their posts. After its lease, a result is dropped."""
    rows = [(r.due.id, r.due.lease_no, r.state.value, r.wait_seconds, r.status, r.error) for r in results]
    await tx.run(
        """
        UPDATE alert_posts p SET state = r.state, tries = p.tries + 1, last_status = r.status, last_error = r.error,
            due_at = now() + make_interval(secs => r.wait_seconds),
            finished_at = CASE WHEN r.state <> 'waiting' THEN now() END
        FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[], $5::smallint[], $6::text[])
            AS r (id, lease_no, state, wait_seconds, status, error)
        WHERE p.id = r.id AND p.lease_no = r.lease_no AND p.state = 'waiting'
        """,
        *columns(rows, 6),
    )


def _of(table: str) -> str:
    return ", ".join(f"{table}.{name.strip()}" for name in _ALERT.split(","))


def _alert(row: Record | Mapping[str, Any]) -> Alert:
    return Alert(**dict(row) | {"type": AlertType(row["type"]), "severity": Severity(row["severity"])})
