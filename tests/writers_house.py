"""Writers of a running house: programs like the shipped one, and people with money and an account of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import yaml

from bursar import holders, ledger, programs
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.holders import Destination, NewDestination
from ground import KEYRING

WRITERS = Path(__file__).parents[1] / "programs/writers.yaml"
CRON, MONITORING = "/api/cron/automated-payouts", "/api/admin/payout-monitoring"

AT_THE_BANK: Final = {
    "route__gateway": "mockbank",
    "destinations": {"types": ["BANK"]},
    "retry__base_seconds": 0.05,
    "retry__max_seconds": 0.2,
    "unknown__poll_seconds": [0.3, 0.5],
}
"""Changes with which the mock bank pays, at the speed of tests."""

_numbers = count(1)


def writers_text(program: str, **changes: Any) -> str:
    """The shipped program file under another name, with other values; ``schedule__hour`` is ``schedule.hour``."""
    terms = yaml.safe_load(_shipped())
    for path, value in {"program": program, **changes}.items():
        *groups, field = path.split("__")
        group = terms
        for name in groups:
            group = group.setdefault(name, {})
        group[field] = value
    return yaml.safe_dump(terms, sort_keys=False)


async def apply_writers(
    database: Database, program: str | None = None, *, at: datetime | None = None, **changes: Any
) -> str:
    """Apply a program of this name, or one of its own for this test, from ``at`` on or from now; its name."""
    name = program or f"w{uuid4().hex[:12]}"
    async with database.transaction() as tx:
        text = writers_text(name, **AT_THE_BANK | changes)
        await programs.apply(tx, text, actor="person:tester", at=at or datetime.now(UTC))
    return name


def not_now(at: datetime) -> dict[str, Any]:
    """A schedule that comes round half a year from now."""
    return {"schedule__frequency": None, "schedule__day_of_month": None, "dispatch__cron": f"0 9 1 {_far(at)} *"}


def just_now(at: datetime) -> dict[str, Any]:
    """A schedule that has come round within this minute, and not again before tomorrow."""
    daily = {"schedule__frequency": "daily", "schedule__day_of_month": None}
    return {**daily, "schedule__hour": at.hour, "schedule__minute": at.minute}


async def add_writers(database: Database, program: str, amounts: Sequence[str], *, ending: str = "0001") -> list[UUID]:
    """Writers who have earned so much each; ``ending`` is their accounts' last digits, by which the bank decides."""
    at = datetime.now(UTC)
    async with database.transaction() as tx:
        news = [holders.NewHolder(program, "writer", f"writer-{next(_numbers)}", "Wanda Writer") for _ in amounts]
        known = await holders.register(tx, news, at=at)
        await ledger.credit(
            tx, [_earned(one.id, program, amount) for one, amount in zip(known, amounts, strict=True)], at=at
        )
        await _store_accounts(tx, [one.id for one in known], ending=ending, at=at)
    return [one.id for one in known]


def _far(at: datetime) -> int:
    return (at.month + 5) % 12 + 1


def _earned(holder_id: UUID, program: str, amount: str) -> ledger.Movement:
    return ledger.Movement(
        kind=ledger.TransferKind.CREDIT,
        holder_id=holder_id,
        amount=Money.parse(amount, "USD"),
        program=program,
        reference=f"royalties-{next(_numbers)}",
    )


async def _store_accounts(tx: Transaction, owners: Sequence[UUID], *, ending: str, at: datetime) -> None:
    accounts = [Destination("HBL", f"77{next(_numbers):08d}{ending}", "Wanda Writer") for _ in owners]
    news = [
        NewDestination(owner, account, cool_off_hours=0, added_by="system:test")
        for owner, account in zip(owners, accounts, strict=True)
    ]
    await holders.add_destinations(tx, news, keyring=KEYRING, at=at)


@lru_cache
def _shipped() -> str:
    return WRITERS.read_text("utf-8")
