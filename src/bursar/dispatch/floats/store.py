"""Every statement on floats."""

from collections.abc import Collection, Sequence
from typing import Final

from bursar.dispatch.floats.model import Float
from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money

_FLOATS: Final = "SELECT gateway, currency, low_since, refused_at, left_over, held, looked_at, look_at FROM floats"


async def mark_low(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Note that our accounts lack funds: (gateway, currency, look every so many seconds).

    How it was at the last look counts only where that is not long ago.
    """
    await tx.run(
        """
        INSERT INTO floats AS f (gateway, currency, low_since, refused_at, look_at, look_seconds)
        SELECT gateway, currency, now(), now(), now() + make_interval(secs => seconds), seconds
        FROM unnest($1::text[], $2::text[], $3::float[]) AS new (gateway, currency, seconds) ORDER BY 1, 2
        ON CONFLICT (gateway, currency) DO UPDATE SET
            low_since = coalesce(f.low_since, now()), refused_at = now(), left_over = 0,
            look_at = CASE WHEN f.low_since IS NULL THEN excluded.look_at ELSE f.look_at END,
            look_seconds = excluded.look_seconds,
            looked_at = CASE WHEN f.low_since IS NOT NULL OR f.looked_at > now() - interval '1 hour'
                             THEN f.looked_at END
        """,
        *columns(rows, 3),
    )


async def left_over(tx: Transaction, gateway: str, currency: str) -> int | None:
    """How much may still be sent while our account is low, held until the transaction ends; None when it is not low."""
    left: int | None = await tx.value(
        "SELECT left_over FROM floats WHERE gateway = $1 AND currency = $2 AND low_since IS NOT NULL FOR UPDATE",
        gateway, currency,
    )  # fmt: skip
    return left


async def spend(tx: Transaction, gateway: str, currency: str, *, amount: int) -> None:
    """Take this from what may still be sent."""
    await tx.run(
        "UPDATE floats SET left_over = left_over - $3 WHERE gateway = $1 AND currency = $2", gateway, currency, amount
    )


async def take_low(tx: Transaction, gateways: Collection[str]) -> list[tuple[str, str]]:
    """The low accounts that somebody must look at now; the next look is due after their time."""
    rows = await tx.many(
        """
        UPDATE floats SET look_at = now() + make_interval(secs => look_seconds) WHERE (gateway, currency) IN (
            SELECT gateway, currency FROM floats
            WHERE low_since IS NOT NULL AND look_at <= now() AND gateway = ANY($1::text[]) FOR UPDATE SKIP LOCKED)
        RETURNING gateway, currency
        """,
        list(gateways),
    )
    return [(row["gateway"], row["currency"]) for row in rows]


async def lock_float(tx: Transaction, gateway: str, currency: str) -> Float:
    """One of our accounts as it stands, held until the transaction ends."""
    row = await tx.one(f"{_FLOATS} WHERE gateway = $1 AND currency = $2 FOR UPDATE", gateway, currency)
    return _float(row)


async def looked_at(tx: Transaction, gateway: str, currency: str, *, held: int | None, left: int | None) -> None:
    """Note what a look at one of our accounts showed: what may still be sent, or None when it is low no more."""
    await tx.run(
        """
        UPDATE floats SET looked_at = now(), held = $3, left_over = coalesce($4, 0),
                          low_since = CASE WHEN $4::bigint IS NOT NULL THEN low_since END
        WHERE gateway = $1 AND currency = $2
        """,
        gateway, currency, held, left,
    )  # fmt: skip


async def known(tx: Transaction) -> list[Float]:
    """Our accounts that were found to lack funds at some time, and how they stand."""
    return [_float(row) for row in await tx.many(f"{_FLOATS} ORDER BY gateway, currency")]


async def next_look(tx: Transaction, gateways: Collection[str]) -> float | None:
    """In how many seconds somebody must look at a low account; None when none is low."""
    seconds = await tx.value(
        """
        SELECT extract(epoch FROM min(look_at) - now())::float FROM floats
        WHERE low_since IS NOT NULL AND gateway = ANY($1::text[])
        """,
        list(gateways),
    )
    return None if seconds is None else max(float(seconds), 0.0)


def _float(row: Record) -> Float:
    currency, held = row["currency"], row["held"]
    return Float(
        gateway=row["gateway"],
        currency=currency,
        low_since=row["low_since"],
        refused_at=row["refused_at"],
        left_over=Money(row["left_over"], currency),
        held=Money(held, currency) if held is not None else None,
        looked_at=row["looked_at"],
        look_at=row["look_at"],
    )
