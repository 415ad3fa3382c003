"""What tests of schedules stand on: programs that pay out in runs, and payouts that wait for one."""

from datetime import timedelta
from typing import Any

from bursar import payouts, programs
from bursar.foundation.db import Transaction
from ground import AT, KEYRING, ask, merchant, program


async def in_runs(tx: Transaction, name: str | None = None, *, applied: timedelta, **changes: Any) -> programs.Terms:
    """A program that pays out every hour on the hour in Lagos, by terms that were applied so long ago."""
    terms = await program(
        tx,
        name,
        **{
            "dispatch__mode": "schedule",
            "dispatch__every_seconds": None,
            "dispatch__cron": "0 * * * *",
            "dispatch__time_zone": "Africa/Lagos",
            **changes,
        },
    )
    await tx.run("SET LOCAL session_replication_role = replica")
    await tx.run(
        "UPDATE program_versions SET applied_at = now() - $3::interval WHERE program = $1 AND version = $2",
        terms.program, terms.version, applied,
    )  # fmt: skip
    await tx.run("SET LOCAL session_replication_role = origin")
    return terms


async def waiting(tx: Transaction, terms: programs.Terms, *, count: int) -> None:
    """So many payouts that are approved and wait for the run."""
    holder = await merchant(tx, terms.program)
    desk = payouts.Desk(programs.Book(), KEYRING)
    made = await payouts.request(tx, [ask(holder, terms.program) for _ in range(count)], desk=desk, at=AT)
    assert all(isinstance(one, payouts.Payout) for one in made)
