"""Every statement on circuits but the one that claims read (see ``dispatch.store.standing``)."""

from datetime import datetime

from bursar.dispatch.circuits.model import PROBE_LEASE_SECONDS, Circuit, Stage, probe_wait
from bursar.foundation.db import Record, Transaction


async def open_(tx: Transaction, gateway: str, *, failures: int, reason: str | None) -> bool:
    """Open a closed circuit; whether it was closed. One that is open keeps its probes and their time."""
    opened = await tx.run(
        """
        INSERT INTO circuits AS c (gateway, state, failures, reason, opened_at, probe_at)
        VALUES ($1, 'open', $2, $3, now(), now() + make_interval(secs => $4))
        ON CONFLICT (gateway) DO UPDATE SET
            state = 'open', failures = excluded.failures, reason = excluded.reason, opened_at = now(), probes = 0,
            probe_at = excluded.probe_at, updated_at = now()
        WHERE c.state = 'closed'
        """,
        gateway, failures, reason, probe_wait(0),
    )  # fmt: skip
    return bool(opened)


async def told(tx: Transaction, circuit: str, *, stage: Stage, since: datetime, reason: str, seconds: float) -> bool:
    """Open or close a circuit by what was told of a downtime that began at ``since``; whether that was news.

    Word of an older downtime than the last one known, or that one goes on which is known to be over, changes nothing.
    It is tried again after so many ``seconds``.
    """
    changed = await tx.run(
        """
        INSERT INTO circuits AS c (gateway, state, failures, reason, opened_at, probe_at)
        VALUES ($1, $2, 0, CASE WHEN $2 = 'open' THEN $4 END, $3,
                CASE WHEN $2 = 'open' THEN now() + make_interval(secs => $5) END)
        ON CONFLICT (gateway) DO UPDATE SET
            state = excluded.state, failures = 0, reason = excluded.reason, opened_at = excluded.opened_at, probes = 0,
            probe_at = excluded.probe_at, updated_at = now()
        WHERE c.opened_at IS NULL OR c.opened_at < excluded.opened_at
           OR (c.opened_at = excluded.opened_at AND c.state <> 'closed' AND excluded.state = 'closed')
        """,
        circuit, stage.value, since, reason, seconds,
    )  # fmt: skip
    return bool(changed)


async def begin_probe(tx: Transaction, gateway: str) -> int | None:
    """Half-open a circuit whose probe is due: how many have failed before. None where the probe is not the caller's.

    It is one caller's at a time.
    """
    failed: int | None = await tx.value(
        """
        UPDATE circuits SET state = 'half_open', probe_at = now() + make_interval(secs => $2), updated_at = now()
        WHERE gateway = $1 AND state <> 'closed' AND probe_at <= now() RETURNING probes
        """,
        gateway, PROBE_LEASE_SECONDS,
    )  # fmt: skip
    return failed


async def fail_probe(tx: Transaction, gateway: str, *, reason: str | None) -> None:
    """Open a half-open circuit again, and let the next probe wait for longer."""
    failed: int | None = await tx.value(
        "SELECT probes + 1 FROM circuits WHERE gateway = $1 AND state = 'half_open' FOR UPDATE", gateway
    )
    if failed is None:  # Somebody has closed it in the meantime.
        return
    await tx.run(
        """
        UPDATE circuits SET state = 'open', probes = $2, reason = $3, updated_at = now(),
                            probe_at = now() + make_interval(secs => $4)
        WHERE gateway = $1
        """,
        gateway, failed, reason, probe_wait(failed),
    )  # fmt: skip


async def close(tx: Transaction, gateway: str) -> bool:
    """Close a circuit; whether it was not closed."""
    closed = await tx.run(
        """
        UPDATE circuits SET state = 'closed', failures = 0, reason = NULL, probes = 0, probe_at = NULL,
                            updated_at = now()
        WHERE gateway = $1 AND state <> 'closed'
        """,
        gateway,
    )
    return bool(closed)


async def known(tx: Transaction) -> list[Circuit]:
    """Every circuit that was ever opened; a bank's whose time is up counts as closed, and is left out."""
    rows = await tx.many(
        """
        SELECT gateway, state, failures, reason, opened_at, probes, probe_at FROM circuits
        WHERE gateway NOT LIKE '%:%' OR probe_at > now() ORDER BY gateway
        """
    )
    return [_circuit(row) for row in rows]


def _circuit(row: Record) -> Circuit:
    gateway, state, *rest = row.values()
    return Circuit(gateway, Stage(state), *rest)
