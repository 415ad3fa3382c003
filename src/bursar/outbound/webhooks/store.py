"""Every statement on endpoints, messages, deliveries and tries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.outbound.webhooks.model import (
    Backlog,
    Delivery,
    DeliveryState,
    DisabledWhy,
    Endpoint,
    EndpointChange,
    EndpointWish,
    Event,
    Message,
    Try,
    name_of,
)

_ENDPOINT: Final = """
    id, holder_id, url, description, events, old_until, failing_since, disabled_at, disabled_why, created_at
"""
_DELIVERY: Final = """
    d.id, d.endpoint_id, d.message_id, m.payout_id, m.seq, m.type, d.state, d.tries,
    cardinality(m.retry_seconds) + 1 AS tries_max, d.due_at, d.last_status, d.last_error, d.created_at, d.finished_at
    FROM deliveries d JOIN messages m ON m.id = d.message_id
"""
_IN_STATE: Final = {  # Spelt out, so that each finds the index that holds nothing else.
    None: "",
    DeliveryState.WAITING: "AND d.due_at IS NOT NULL",
    DeliveryState.DELIVERED: "AND d.state = 'delivered'",
    DeliveryState.EXHAUSTED: "AND d.state = 'exhausted'",
}

# ---- Endpoints ------------------------------------------------------------------------------------------------------


async def count_endpoints(tx: Transaction, holder_id: UUID) -> int:
    """How many endpoints a holder has; until the transaction ends, nobody else counts them."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended('endpoints/' || $1, 0))", str(holder_id))
    count: int = await tx.value("SELECT count(*) FROM endpoints WHERE holder_id = $1 AND removed_at IS NULL", holder_id)
    return count


async def insert_endpoint(tx: Transaction, endpoint_id: UUID, wish: EndpointWish, *, secret: bytes) -> Endpoint:
    """Write a new endpoint with its sealed secret."""
    row = await tx.one(
        f"""
        INSERT INTO endpoints (id, holder_id, url, description, events, secret) VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING {_ENDPOINT}
        """,  # noqa: S608 - the columns are a constant
        endpoint_id, wish.holder_id, str(wish.target), wish.description, list(wish.events), secret,
    )  # fmt: skip
    return _endpoint(row)


async def endpoints(
    tx: Transaction, holder_id: UUID, *, endpoint_id: UUID | None = None, hold: bool = False
) -> list[Endpoint]:
    """A holder's endpoints, or the one of them that is asked for; held, they cannot be disabled meanwhile."""
    rows = await tx.many(
        f"""
        SELECT {_ENDPOINT} FROM endpoints
        WHERE holder_id = $1 AND removed_at IS NULL AND ($2::uuid IS NULL OR id = $2) ORDER BY id
        {"FOR SHARE" if hold else ""}
        """,  # noqa: S608 - as above
        holder_id, endpoint_id,
    )  # fmt: skip
    return [_endpoint(row) for row in rows]


async def change_endpoint(
    tx: Transaction, endpoint_id: UUID, change: EndpointChange, *, holder_id: UUID
) -> Endpoint | None:
    """Write what is different; a new address, or being enabled again, is a new start. None: no such endpoint."""
    row = await tx.one_or_none(
        f"""
        UPDATE endpoints SET
            url = coalesce($3, url), description = coalesce($4, description), events = coalesce($5, events),
            failing_since = CASE WHEN $3 IS NULL AND $6 IS NOT TRUE THEN failing_since END,
            disabled_at = CASE WHEN $6 IS NULL THEN disabled_at WHEN NOT $6 THEN coalesce(disabled_at, now()) END,
            disabled_why = CASE WHEN $6 IS NULL THEN disabled_why
                                WHEN NOT $6 THEN coalesce(disabled_why, 'by_owner') END
        WHERE id = $1 AND holder_id = $2 AND removed_at IS NULL RETURNING {_ENDPOINT}
        """,  # noqa: S608 - as above
        endpoint_id,
        holder_id,
        None if change.target is None else str(change.target),
        change.description,
        None if change.events is None else list(change.events),
        change.enabled,
    )
    return None if row is None else _endpoint(row)


async def remove_endpoint(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID) -> bool:
    """Disable and hide an endpoint; whether there was one."""
    removed = await tx.run(
        """
        UPDATE endpoints SET removed_at = now(), disabled_at = coalesce(disabled_at, now()),
                             disabled_why = coalesce(disabled_why, 'by_owner')
        WHERE id = $1 AND holder_id = $2 AND removed_at IS NULL
        """,
        endpoint_id, holder_id,
    )  # fmt: skip
    return bool(removed)


async def lock_secret(tx: Transaction, endpoint_id: UUID, *, holder_id: UUID) -> bytes | None:
    """An endpoint's sealed secret, held until the transaction ends."""
    secret: bytes | None = await tx.value(
        """
        SELECT secret FROM endpoints WHERE id = $1 AND holder_id = $2 AND removed_at IS NULL FOR NO KEY UPDATE
        """,
        endpoint_id, holder_id,
    )  # fmt: skip
    return secret


async def rotate_secret(tx: Transaction, endpoint_id: UUID, *, secret: bytes, old: bytes, hours: int) -> None:
    """Put a new sealed secret in the place of the old one, which goes on signing for some hours."""
    await tx.run(
        """
        UPDATE endpoints SET secret = $2, old_secret = $3, old_until = now() + make_interval(hours => $4) WHERE id = $1
        """,
        endpoint_id, secret, old, hours,
    )  # fmt: skip


async def sealed_with_other_key(
    tx: Transaction, key_id: bytes, *, after: UUID | None, limit: int
) -> list[tuple[UUID, bytes, bytes | None]]:
    """The next endpoints with a secret that is not sealed with this key, held: id, present and former secret."""
    rows = await tx.many(
        """
        SELECT id, secret, old_secret FROM endpoints
        WHERE ($2::uuid IS NULL OR id > $2)
          AND (substring(secret FROM 2 FOR 4) <> $1 OR substring(old_secret FROM 2 FOR 4) <> $1)
        ORDER BY id LIMIT $3 FOR NO KEY UPDATE
        """,
        key_id, after, limit,
    )  # fmt: skip
    return [(row["id"], row["secret"], row["old_secret"]) for row in rows]


async def replace_secrets(tx: Transaction, rows: Sequence[tuple[UUID, bytes | None, bytes | None]]) -> None:
    """Put other envelopes in the place of those of endpoints that are held."""
    await tx.run(
        """
        UPDATE endpoints e SET secret = again.secret, old_secret = again.old_secret
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS again (id, secret, old_secret) WHERE e.id = again.id
        """,
        *columns(rows, 3),
    )


# ---- Messages and deliveries: writing -------------------------------------------------------------------------------


async def listening(tx: Transaction, holder_ids: Collection[UUID]) -> set[UUID]:
    """Those of these holders that have an endpoint, even a disabled one."""
    rows = await tx.many(
        "SELECT DISTINCT holder_id FROM endpoints WHERE holder_id = ANY($1) AND removed_at IS NULL", list(holder_ids)
    )
    return {row["holder_id"] for row in rows}


async def receivers(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, list[Endpoint]]:
    """The endpoints of these holders, disabled ones too; held, so that none is disabled before its deliveries exist."""
    rows = await tx.many(
        f"""
        SELECT {_ENDPOINT} FROM endpoints WHERE holder_id = ANY($1) AND removed_at IS NULL ORDER BY id FOR SHARE
        """,  # noqa: S608 - as above
        list(holder_ids),
    )
    found: dict[UUID, list[Endpoint]] = {}
    for endpoint in map(_endpoint, rows):
        found.setdefault(endpoint.holder_id, []).append(endpoint)
    return found


async def insert_messages(tx: Transaction, messages: Sequence[Message]) -> set[UUID]:
    """Write messages; which of them are new. One that tells of an event that was told before is left out."""
    rows = [
        (m.id, m.holder_id, m.payout_id, m.seq, m.type.value, m.body, _array(m.patience.retry_seconds),
         m.patience.timeout_seconds, m.at, m.correlation_id)
        for m in messages
    ]  # fmt: skip
    written = await tx.many(
        """
        INSERT INTO messages (id, holder_id, payout_id, seq, type, body, retry_seconds, timeout_seconds, at,
                              correlation_id)
        SELECT id, holder_id, payout_id, seq, type, body, retry_seconds::float8[], timeout_seconds, at, correlation_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::bytea[], $7::text[], $8::float8[],
                    $9::timestamptz[], $10::text[])
            AS new (id, holder_id, payout_id, seq, type, body, retry_seconds, timeout_seconds, at, correlation_id)
        ON CONFLICT ON CONSTRAINT one_message_per_event DO NOTHING RETURNING id
        """,
        *columns(rows, 10),
    )
    return {row["id"] for row in written}


async def insert_deliveries(tx: Transaction, rows: Sequence[tuple[UUID, UUID, UUID, UUID]]) -> None:
    """Write deliveries, due at once: id, endpoint, message and holder of each."""
    await tx.run(
        """
        INSERT INTO deliveries (id, endpoint_id, message_id, holder_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
        """,
        *columns(rows, 4),
    )


async def messages_since(tx: Transaction, endpoint: Endpoint, *, since: datetime, limit: int) -> list[UUID]:
    """The messages that an endpoint wants and that are not on their way to it, oldest first."""
    rows = await tx.many(
        """
        SELECT m.id FROM messages m
        WHERE m.holder_id = $1 AND m.at >= $2 AND m.type = ANY($3) AND NOT EXISTS (
            SELECT FROM deliveries d WHERE d.endpoint_id = $4 AND d.due_at IS NOT NULL AND d.message_id = m.id)
        ORDER BY m.at, m.id LIMIT $5
        """,
        endpoint.holder_id, since, list(endpoint.events), endpoint.id, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def give_up(tx: Transaction, endpoint_ids: Collection[UUID], *, error: str) -> int:
    """End what waits for these endpoints, claimed or not; how many. Whoever is sending one comes too late."""
    return await tx.run(
        """
        UPDATE deliveries SET state = 'exhausted', due_at = NULL, last_error = $2, finished_at = now()
        WHERE endpoint_id = ANY($1) AND due_at IS NOT NULL
        """,
        list(endpoint_ids), error,
    )  # fmt: skip


# ---- Looking --------------------------------------------------------------------------------------------------------


async def deliveries(
    tx: Transaction,
    endpoint_id: UUID,
    *,
    holder_id: UUID,
    state: DeliveryState | None,
    before: UUID | None,
    limit: int,
) -> list[Delivery]:
    """An endpoint's deliveries, newest first, below the id ``before``."""
    rows = await tx.many(
        f"""
        SELECT {_DELIVERY}
        WHERE d.endpoint_id = $1 AND d.holder_id = $2 AND ($3::uuid IS NULL OR d.id < $3) {_IN_STATE[state]}
        ORDER BY d.id DESC LIMIT $4
        """,
        endpoint_id, holder_id, before, limit,
    )  # fmt: skip
    return [_delivery(row) for row in rows]


async def delivery(tx: Transaction, delivery_id: UUID, *, endpoint_id: UUID, holder_id: UUID) -> Delivery | None:
    """One delivery of an endpoint."""
    row = await tx.one_or_none(
        f"SELECT {_DELIVERY} WHERE d.id = $1 AND d.endpoint_id = $2 AND d.holder_id = $3",
        delivery_id, endpoint_id, holder_id,
    )  # fmt: skip
    return None if row is None else _delivery(row)


async def deliveries_about(tx: Transaction, payout_id: UUID, *, first: UUID) -> list[Delivery]:
    """A payout's deliveries, oldest first; none has an id below ``first``."""
    rows = await tx.many(
        f"""
        SELECT {_DELIVERY} JOIN endpoints e ON e.id = d.endpoint_id AND e.holder_id = m.holder_id
        WHERE m.payout_id = $1 AND d.id >= $2 ORDER BY d.id
        """,
        payout_id, first,
    )  # fmt: skip
    return [_delivery(row) for row in rows]


async def tries(tx: Transaction, delivery_id: UUID) -> list[Try]:
    """The tries of a delivery, in order."""
    rows = await tx.many(
        """
        SELECT number, at, http_status, error, duration_ms FROM delivery_tries WHERE delivery_id = $1 ORDER BY number
        """,
        delivery_id,
    )
    return [Try(*row) for row in rows]


async def backlog(tx: Transaction) -> Backlog:
    """How all deliveries stand."""
    row = await tx.one(
        """
        SELECT count(*) AS waiting, greatest(extract(epoch FROM now() - min(due_at)), 0)::float8 AS overdue_seconds,
            (SELECT count(*) FROM deliveries WHERE state = 'exhausted' AND finished_at > now() - interval '1 day'),
            (SELECT count(*) FROM endpoints WHERE failing_since IS NOT NULL AND disabled_at IS NULL),
            (SELECT count(*) FROM endpoints WHERE disabled_why IN ('gone', 'failing') AND removed_at IS NULL)
        FROM deliveries WHERE due_at IS NOT NULL
        """
    )
    return Backlog(*row)


def _endpoint(row: Record) -> Endpoint:
    values = dict(row)
    why = values["disabled_why"]
    return Endpoint(
        **values | {"events": tuple(map(Event, values["events"])), "disabled_why": why and DisabledWhy(why)}
    )


def _delivery(row: Record) -> Delivery:
    values = dict(row)
    name = name_of(values["message_id"], values["payout_id"], values.pop("seq"))
    return Delivery(**values | {"name": name, "type": Event(values["type"]), "state": DeliveryState(values["state"])})


def _array(numbers: Sequence[float]) -> str:
    """An array as text: ``unnest`` would flatten arrays of arrays."""
    return "{" + ",".join(map(str, numbers)) + "}"
