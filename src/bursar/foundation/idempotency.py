"""Idempotency: the same key from the same caller gives the same answer, byte for byte, and does the work once.

Follows the IETF draft "The Idempotency-Key HTTP Header Field": same key and body → the stored answer; same key, other
body → refused; the first one still under way → the twin waits for it, or gets a conflict when that takes too long. The
key, the work and the answer are written in one transaction, so none of them can exist without the others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid, Kind, Refusal

KEY_LENGTH_MAX: Final = 255
KEPT_DAYS: Final = 90  # A client may well repeat a request after a long outage; money is worth the disk.


class MissingKey(Invalid):
    """An idempotency key is needed."""

    code = "missing_idempotency_key"


class KeyReused(Refusal):
    """This idempotency key was used before with a different request body."""

    code = "idempotency_key_reused"
    kind = Kind.UNPROCESSABLE


@dataclass(frozen=True, slots=True)
class Key:
    """One caller's key, with the hash of the body it came with."""

    caller: UUID
    text: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller was told: HTTP status and body."""

    status: int
    body: bytes


def key(caller: UUID, text: str | None, body: bytes, *, header: str) -> Key:
    """Read a caller's key.

    Raises:
        MissingKey: no key, an empty or overlong one, or one that is not printable ASCII.
    """
    if not text or len(text) > KEY_LENGTH_MAX or not (text.isascii() and text.isprintable()):
        raise MissingKey(field=header, rule=f"1 to {KEY_LENGTH_MAX} printable ASCII characters")
    return Key(caller, text, hashlib.sha256(body).digest())


async def recall(tx: Transaction, keys: Sequence[Key]) -> list[Answer | KeyReused | None]:
    """What each key was answered before: the answer, a refusal when the body differs, or None when it is new."""
    rows = await tx.many(
        """
        SELECT place, body_hash, status, answer
        FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked (caller, key, place)
        JOIN idempotency_keys USING (caller, key)
        """,
        [key.caller for key in keys], [key.text for key in keys],
    )  # fmt: skip
    found: list[Answer | KeyReused | None] = [None] * len(keys)
    for row in rows:
        place = row["place"] - 1
        same = row["body_hash"] == keys[place].body_hash
        found[place] = Answer(row["status"], row["answer"]) if same else KeyReused()
    return found


async def remember(tx: Transaction, answered: Sequence[tuple[Key, Answer]]) -> None:
    """Store answers beside the work they report.

    A twin in another process waits here for our commit, then finds its key taken.

    Raises:
        asyncpg.UniqueViolationError: somebody else stored one of the keys first; the caller's transaction is lost, and
            running it again finds the answer.
    """
    rows = [(key.caller, key.text, key.body_hash, answer.status, answer.body) for key, answer in answered]
    await tx.append("idempotency_keys", ("caller", "key", "body_hash", "status", "answer"), rows)


async def forget_old(tx: Transaction, *, limit: int = 10_000) -> int:
    """Drop keys past ``KEPT_DAYS``; how many went."""
    return await tx.run(
        """
        DELETE FROM idempotency_keys WHERE (caller, key) IN (
            SELECT caller, key FROM idempotency_keys
            WHERE recorded_at < now() - make_interval(days => $1) ORDER BY recorded_at LIMIT $2
        )
        """,
        KEPT_DAYS, limit,
    )  # fmt: skip
