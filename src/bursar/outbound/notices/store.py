"""Every statement on notices, what holders do not want, browsers, and reviews that are watched."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.outbound.notices.model import (
    Address,
    Backlog,
    Channel,
    Item,
    Kind,
    NewSubscription,
    Notice,
    State,
    Subscription,
    Wish,
)

_NOTICE: Final = """
    id, kind, program, holder_id, subject_id, seq, channel, address, facts, state, tries, due_at, last_status,
    last_error, created_at, finished_at
"""
_SUBSCRIPTION: Final = "id, holder_id, person_id, endpoint, p256dh, auth, created_at"
_IN_STATE: Final = {  # Spelt out, so that each finds the index that holds nothing else.
    None: "",
    State.WAITING: "AND due_at IS NOT NULL",
    State.SENT: "AND state = 'sent'",
    State.FAILED: "AND state = 'failed'",
    State.SKIPPED: "AND state = 'skipped'",
}

# ---- Writing --------------------------------------------------------------------------------------------------------


async def insert(
    tx: Transaction, rows: Sequence[tuple[UUID, Item, Address, str | None]], *, wait_seconds: Mapping[Kind, float]
) -> int:
    """Write notices, each with the reason why it is not sent, if there is one; how many are new.

    One that was written before for the same event, kind and address is left out. A kind in ``wait_seconds`` is due
    that much later.
    """
    values = [
        (id_, item.kind.value, item.program, item.holder.id if item.holder else None, item.subject_id, item.seq,
         to.channel.value, to.text, item.facts, why, wait_seconds.get(item.kind, 0.0))
        for id_, item, to, why in rows
    ]  # fmt: skip
    return await tx.run(
        """
        INSERT INTO notices (id, kind, program, holder_id, subject_id, seq, channel, address, facts, state, last_error,
                             due_at, finished_at)
        SELECT id, kind, program, holder_id, subject_id, seq, channel, address, facts,
               CASE WHEN why IS NULL THEN 'waiting' ELSE 'skipped' END, why,
               CASE WHEN why IS NULL THEN now() + make_interval(secs => wait) END,
               CASE WHEN why IS NOT NULL THEN now() END
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::text[],
                    $9::jsonb[], $10::text[], $11::float8[])
            AS new (id, kind, program, holder_id, subject_id, seq, channel, address, facts, why, wait)
        ON CONFLICT ON CONSTRAINT one_notice_each DO NOTHING
        """,
        *columns(values, 11),
    )


async def written_to(tx: Transaction, holder_ids: Collection[UUID], *, days: int) -> dict[UUID, set[str]]:
    """The e-mail addresses at which these holders were told something about themselves within so many days."""
    rows = await tx.many(
        """
        SELECT DISTINCT holder_id, address FROM notices
        WHERE holder_id = ANY($1) AND channel = 'email' AND state = 'sent'
          AND kind NOT IN ('payout_flagged', 'review_overdue') AND finished_at > now() - make_interval(days => $2)
        """,
        list(holder_ids), days,
    )  # fmt: skip
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row["holder_id"], set()).add(row["address"])
    return found


async def told(tx: Transaction, kind: Kind, subject_ids: Collection[UUID]) -> set[UUID]:
    """Of which of these a notice of this kind was written."""
    rows = await tx.many(
        "SELECT DISTINCT subject_id FROM notices WHERE subject_id = ANY($1) AND kind = $2",
        list(subject_ids), kind.value,
    )  # fmt: skip
    return {row["subject_id"] for row in rows}


async def wait_again(tx: Transaction, ids: Collection[UUID]) -> list[Notice]:
    """Let notices that failed or were skipped wait anew, with all their tries; those that do so now."""
    rows = await tx.many(
        f"""
        UPDATE notices SET state = 'waiting', due_at = now(), tries = 0, finished_at = NULL
        WHERE id = ANY($1) AND state IN ('failed', 'skipped') AND address <> '' RETURNING {_NOTICE}
        """,  # noqa: S608 - the columns are a constant
        list(ids),
    )
    return [_notice(row) for row in rows]


# ---- Reviews that are watched ---------------------------------------------------------------------------------------


async def watch(tx: Transaction, reviews: Sequence[tuple[UUID, int, datetime, int]]) -> None:
    """Watch reviews: payout, the event that began it, when that was, and the hours until it is overdue."""
    await tx.run(
        """
        INSERT INTO review_watches (payout_id, seq, overdue_at)
        SELECT payout_id, seq, began + make_interval(hours => hours)
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::int[]) AS new (payout_id, seq, began, hours)
        ON CONFLICT (payout_id) DO UPDATE SET seq = excluded.seq, overdue_at = excluded.overdue_at
        """,
        *columns(reviews, 4),
    )


async def unwatch(tx: Transaction, payout_ids: Collection[UUID]) -> None:
    """Watch these no longer: somebody has decided."""
    await tx.run("DELETE FROM review_watches WHERE payout_id = ANY($1)", list(payout_ids))


async def take_overdue(tx: Transaction, *, limit: int) -> dict[UUID, int]:
    """The next reviews that have waited for too long, watched no longer: payouts, with the event that began each."""
    rows = await tx.many(
        """
        DELETE FROM review_watches WHERE payout_id = ANY(ARRAY(
            SELECT payout_id FROM review_watches WHERE overdue_at <= now() ORDER BY overdue_at LIMIT $1
            FOR UPDATE SKIP LOCKED))
        RETURNING payout_id, seq
        """,
        limit,
    )
    return {row["payout_id"]: row["seq"] for row in rows}


# ---- What holders want ----------------------------------------------------------------------------------------------


async def refusals(tx: Transaction, holder_ids: Collection[UUID]) -> set[tuple[UUID, Kind, Channel]]:
    """What these holders do not want to be told, and how."""
    rows = await tx.many(
        "SELECT holder_id, kind, channel FROM notice_refusals WHERE holder_id = ANY($1)", list(holder_ids)
    )
    return {(row["holder_id"], Kind(row["kind"]), Channel(row["channel"])) for row in rows}


async def set_wishes(tx: Transaction, holder_id: UUID, wishes: Sequence[Wish]) -> None:
    """Write down what a holder wants, kind by kind and channel by channel; the rest stays as it is."""
    rows = [(wish.kind.value, wish.channel.value, wish.wanted) for wish in wishes]
    await tx.run(
        """
        DELETE FROM notice_refusals r USING unnest($2::text[], $3::text[], $4::boolean[]) AS w (kind, channel, wanted)
        WHERE r.holder_id = $1 AND r.kind = w.kind AND r.channel = w.channel AND w.wanted
        """,
        holder_id, *columns(rows, 3),
    )  # fmt: skip
    await tx.run(
        """
        INSERT INTO notice_refusals (holder_id, kind, channel)
        SELECT $1, kind, channel FROM unnest($2::text[], $3::text[], $4::boolean[]) AS w (kind, channel, wanted)
        WHERE NOT wanted ON CONFLICT DO NOTHING
        """,
        holder_id, *columns(rows, 3),
    )  # fmt: skip


# ---- Browsers -------------------------------------------------------------------------------------------------------


async def count_subscriptions(tx: Transaction, person_id: UUID) -> int:
    """How many browsers somebody has; until the transaction ends, nobody else counts them."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended('push/' || $1, 0))", str(person_id))
    count: int = await tx.value(
        "SELECT count(*) FROM push_subscriptions WHERE person_id = $1 AND ended_at IS NULL", person_id
    )
    return count


async def renew(tx: Transaction, new: NewSubscription) -> Subscription | None:
    """Give a browser that its person has subscribed before its new keys; None when it is not there."""
    row = await tx.one_or_none(
        f"""
        UPDATE push_subscriptions SET p256dh = $4, auth = $5
        WHERE endpoint = $3 AND holder_id = $1 AND person_id = $2 AND ended_at IS NULL RETURNING {_SUBSCRIPTION}
        """,  # noqa: S608 - as above
        new.holder_id, new.person_id, new.endpoint, new.p256dh, new.auth,
    )  # fmt: skip
    return None if row is None else Subscription(*row)


async def insert_subscription(tx: Transaction, id_: UUID, new: NewSubscription) -> Subscription:
    """Write down a browser; whoever had subscribed it before is told there no longer."""
    await tx.run(
        """
        UPDATE push_subscriptions SET ended_at = now(), ended_why = 'replaced'
        WHERE endpoint = $1 AND ended_at IS NULL
        """,
        new.endpoint,
    )
    row = await tx.one(
        f"""
        INSERT INTO push_subscriptions (id, holder_id, person_id, endpoint, p256dh, auth)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_SUBSCRIPTION}
        """,  # noqa: S608 - as above
        id_, new.holder_id, new.person_id, new.endpoint, new.p256dh, new.auth,
    )  # fmt: skip
    return Subscription(*row)


async def subscriptions(
    tx: Transaction, holder_ids: Collection[UUID], *, person_id: UUID | None = None
) -> list[Subscription]:
    """The browsers of these holders' people, or of one of them, oldest first."""
    rows = await tx.many(
        f"""
        SELECT {_SUBSCRIPTION} FROM push_subscriptions
        WHERE holder_id = ANY($1) AND ended_at IS NULL AND ($2::uuid IS NULL OR person_id = $2) ORDER BY id
        """,  # noqa: S608 - as above
        list(holder_ids), person_id,
    )  # fmt: skip
    return [Subscription(*row) for row in rows]


async def remove_subscription(tx: Transaction, id_: UUID, *, holder_id: UUID, person_id: UUID) -> bool:
    """End somebody's subscription; whether there was one."""
    removed = await tx.run(
        """
        UPDATE push_subscriptions SET ended_at = now(), ended_why = 'removed'
        WHERE id = $1 AND holder_id = $2 AND person_id = $3 AND ended_at IS NULL
        """,
        id_, holder_id, person_id,
    )  # fmt: skip
    return bool(removed)


# ---- Looking --------------------------------------------------------------------------------------------------------


async def get(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Notice]:
    """The notices with these ids, where there are any."""
    rows = await tx.many(f"SELECT {_NOTICE} FROM notices WHERE id = ANY($1)", list(ids))  # noqa: S608 - as above
    return {notice.id: notice for notice in map(_notice, rows)}


async def about(tx: Transaction, subject_id: UUID) -> list[Notice]:
    """Everything that was told about a payout or destination, oldest first."""
    rows = await tx.many(
        f"SELECT {_NOTICE} FROM notices WHERE subject_id = $1 ORDER BY id",  # noqa: S608 - as above
        subject_id,
    )
    return [_notice(row) for row in rows]


async def page(
    tx: Transaction,
    *,
    holder_id: UUID | None,
    kinds: Collection[Kind],
    state: State | None,
    before: UUID | None,
    limit: int,
) -> list[Notice]:
    """Notices of these kinds, newest first, below the id ``before``."""
    rows = await tx.many(
        f"""
        SELECT {_NOTICE} FROM notices
        WHERE ($1::uuid IS NULL OR holder_id = $1) AND kind = ANY($2) AND ($3::uuid IS NULL OR id < $3)
        {_IN_STATE[state]} ORDER BY id DESC LIMIT $4
        """,  # noqa: S608 - as above
        holder_id, [kind.value for kind in kinds], before, limit,
    )  # fmt: skip
    return [_notice(row) for row in rows]


async def backlog(tx: Transaction) -> Backlog:
    """How all notices stand."""
    row = await tx.one(
        """
        SELECT count(*) AS waiting, greatest(extract(epoch FROM now() - min(due_at)), 0)::float8 AS overdue_seconds,
            (SELECT count(*) FROM notices WHERE state = 'failed' AND finished_at > now() - interval '1 day'),
            (SELECT count(*) FROM notices WHERE state = 'skipped' AND finished_at > now() - interval '1 day')
        FROM notices WHERE due_at IS NOT NULL
        """
    )
    return Backlog(*row)


def _notice(row: Record) -> Notice:
    values = dict(row)
    address = Address(Channel(values.pop("channel")), values.pop("address"))
    return Notice(**values | {"kind": Kind(row["kind"]), "state": State(row["state"]), "address": address})
