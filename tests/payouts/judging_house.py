"""What the tests of judging share: terms that ask everything, and holders with a past of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Transaction, columns
from bursar.holders.model import Destination
from ground import KEYRING


def index(account: str) -> bytes:
    """The blind index of an account at HBL."""
    return KEYRING.fingerprint(Destination("HBL", account, "").identity)


@dataclass(frozen=True)
class Old:
    """A payout of the past: when it was asked for, and how and when it ended, if it did."""

    holder: UUID
    asked_at: datetime
    amount: int = 100_000
    account: str = "1234500001"
    ended: str | None = None  # settle or fail
    ended_at: datetime | None = None
    returned_at: datetime | None = None


async def live_through(tx: Transaction, program: str, past: Sequence[Old]) -> list[UUID]:
    """Write a past down, as if it had happened; the ids of its payouts."""
    names = [ids.new(old.asked_at) for old in past]
    await tx.run(
        """
        INSERT INTO payouts (id, program, terms_version, holder_id, reference, amount, currency, state, version,
            destination, destination_shown, destination_group, destination_index, digest, requester, created_at)
        SELECT id, $1, 1, holder_id, 'old', amount, 'PKR', state, 3, '\\x00', '{"accountTitle": "Anna Khan"}', 'HBL',
            index, '\\x00', 'key:test', created_at
        FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::bytea[], $7::timestamptz[])
            AS old (id, holder_id, amount, state, index, created_at)
        """,
        program,
        *columns([(name, *_row(old)) for name, old in zip(names, past, strict=True)], 6),
    )  # fmt: skip
    events = []
    for name, old in zip(names, past, strict=True):
        if old.ended is not None:
            events.append((name, old.holder, 5, old.ended, "sent", _ended(old), old.ended_at))
        if old.returned_at is not None:
            events.append((name, old.holder, 6, "return", "completed", "returned", old.returned_at))
    await tx.run(
        """
        INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, actor, at)
        SELECT payout_id, holder_id, seq, verb, from_state, to_state, 'system:test', at
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
            AS e (payout_id, holder_id, seq, verb, from_state, to_state, at)
        """,
        *columns(events, 7),
    )
    return names


def _row(old: Old) -> tuple[object, ...]:
    return old.holder, old.amount, _state(old), index(old.account), old.asked_at


def _ended(old: Old) -> str:
    return {"settle": "completed", "fail": "failed"}[old.ended or ""]


def _state(old: Old) -> str:
    if old.returned_at is not None:
        return "returned"
    return _ended(old) if old.ended else "approved"
