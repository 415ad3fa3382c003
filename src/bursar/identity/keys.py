"""API keys: making and revoking them, and saying who calls with one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.identity import store, tokens
from bursar.identity.model import NOTED_EVERY, ApiKey, Caller, IssuedKey, NewKey

PAGE_MAX: Final = 200  # As many rows as a person reads at once.


async def callers(tx: Transaction, hashes: Sequence[bytes]) -> list[Caller | None]:
    """Who calls with each of these keys, given as ``key_hash`` makes them; None for no key, a revoked or expired one.

    One statement for all of them. Whether the caller may do it is ``authorise``'s question.
    """
    return await store.callers(tx, hashes)


async def touch(tx: Transaction, key_ids: Collection[UUID]) -> int:
    """Keep ``last_used_at`` of these keys fresh to a minute; how many rows that took."""
    return await store.touch(tx, key_ids, every=NOTED_EVERY)


async def issue_keys(tx: Transaction, newcomers: Sequence[NewKey], *, actor: str, at: datetime) -> list[IssuedKey]:
    """Make keys, and note in the journal that ``actor`` did; a key's text is in the answer and nowhere else.

    Raises:
        Invalid: one of them would have expired already.
        UnknownHolder: one is for a holder that does not exist in that program; the transaction is lost.
    """
    issued = [_make(new, at) for new in newcomers]
    await store.insert_keys(tx, [(made.key, tokens.hash_of(made.text)) for made in issued])
    for made in issued:
        await _note(tx, "key.issued", made.key, actor=actor)
    return issued


async def revoke_keys(
    tx: Transaction, key_ids: Collection[UUID], *, actor: str, at: datetime, holder_id: UUID | None = None
) -> list[ApiKey]:
    """Revoke keys, and only those of ``holder_id`` where one is given. They stop working with the commit.

    Gives back the keys it found; one that was revoked before keeps its time, and the journal hears of it once.
    """
    ended = await store.revoke_keys(tx, key_ids, holder_id=holder_id, at=at)
    found = await store.find_keys(tx, key_ids, holder_id=holder_id)
    for key in found:
        if key.id in ended:
            await _note(tx, "key.revoked", key, actor=actor)
    return found


async def list_keys(
    tx: Transaction,
    *,
    program: str | None = None,
    holder_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[ApiKey]:
    """Keys, newest first: one page of at most ``PAGE_MAX``, beginning below the id ``after``."""
    return await store.keys(tx, program=program, holder_id=holder_id, after=after, limit=min(limit, PAGE_MAX))


def _make(new: NewKey, at: datetime) -> IssuedKey:
    if new.expires_at is not None and new.expires_at <= at:
        raise Invalid(field="expires_at", rule="in the future")
    text = tokens.new_key(new.mode)
    key = ApiKey(
        id=ids.new(at),
        holder_id=new.holder_id,
        program=new.program,
        name=new.name,
        prefix=tokens.key_prefix(text),
        scopes=new.scopes,
        allowed_ips=new.allowed_ips,
        created_by=new.created_by,
        created_at=at,
        expires_at=new.expires_at,
    )
    return IssuedKey(key, text)


async def _note(tx: Transaction, action: str, key: ApiKey, *, actor: str) -> None:
    await journal.note(
        tx, action, actor=actor, subject=key.actor, holder_id=key.holder_id, program=key.program, prefix=key.prefix
    )
