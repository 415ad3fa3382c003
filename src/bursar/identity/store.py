"""Every statement on people, whom they act for, sessions and api_keys."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from bursar.foundation.db import ForeignKeyViolation, Record, Transaction, columns
from bursar.identity.errors import NoSuchPerson, UnknownHolder
from bursar.identity.model import (
    ApiKey,
    Caller,
    Candidate,
    Link,
    PasswordHash,
    Person,
    Role,
    Scope,
    Session,
    Tries,
    mode_of,
)

_PEOPLE: Final = "SELECT id, email, name, roles, created_at, disabled_at FROM people "
_SESSIONS: Final = "SELECT id, person_id, created_at, seen_at, expires_at, revoked_at FROM sessions "
_KEYS: Final = """
    SELECT id, holder_id, program, name, prefix, scopes, allowed_ips, created_by, created_at, expires_at, revoked_at,
           last_used_at
    FROM api_keys
"""

# People ---------------------------------------------------------------------------------------------------------------


async def insert_person(tx: Transaction, person: Person, password_hash: PasswordHash) -> bool:
    """Write a new person; whether their e-mail was still free."""
    inserted = await tx.run(
        """
        INSERT INTO people (id, email, name, password_hash, roles, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (lower(email)) DO NOTHING
        """,
        person.id, person.email, person.name, password_hash, sorted(person.roles), person.created_at,
    )  # fmt: skip
    return inserted == 1


async def people(tx: Transaction, ids: Collection[UUID]) -> list[Person]:
    """The people with these ids, where there are any."""
    return [_person(row) for row in await tx.many(_PEOPLE + "WHERE id = ANY($1)", list(ids))]


async def person_by_email(tx: Transaction, email: str) -> Person | None:
    """The person with this e-mail, in either case of letters."""
    row = await tx.one_or_none(_PEOPLE + "WHERE lower(email) = lower($1)", email)
    return _person(row) if row else None


async def all_people(tx: Transaction) -> list[Person]:
    """Everybody, by name."""
    return [_person(row) for row in await tx.many(_PEOPLE + "ORDER BY name, id")]


async def set_roles(tx: Transaction, person_id: UUID, roles: Collection[Role]) -> None:
    """Replace a person's roles."""
    await tx.run("UPDATE people SET roles = $2 WHERE id = $1", person_id, sorted(roles))


async def set_disabled(tx: Transaction, person_id: UUID, at: datetime | None) -> None:
    """Shut a person out as of ``at``, or let them in again with None."""
    await tx.run("UPDATE people SET disabled_at = $2 WHERE id = $1", person_id, at)


async def set_password(tx: Transaction, person_id: UUID, password_hash: PasswordHash) -> None:
    """Replace a person's password, and forget the tries at the old one."""
    await tx.run(
        "UPDATE people SET password_hash = $2, tries = 0, locked_until = NULL WHERE id = $1", person_id, password_hash
    )


def _person(row: Record) -> Person:
    return Person(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        roles=frozenset(
            role for role in Role if role in row["roles"]
        ),  # A role of a later release allows nothing here.
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )


# Acting for holders ---------------------------------------------------------------------------------------------------


async def link(tx: Transaction, links: Sequence[Link], *, at: datetime) -> list[Link]:
    """Let people act for holders; those links that were not there before.

    Raises:
        UnknownHolder: there is no such holder; the transaction is lost.
        NoSuchPerson: there is no such person; the transaction is lost.
    """
    try:
        rows = await tx.many(
            """
            INSERT INTO holder_people (person_id, holder_id, linked_at)
            SELECT person_id, holder_id, $3 FROM unnest($1::uuid[], $2::uuid[]) AS wanted (person_id, holder_id)
            ON CONFLICT DO NOTHING RETURNING person_id, holder_id
            """,
            *columns(links, 2), at,
        )  # fmt: skip
    except ForeignKeyViolation as violation:
        raise (NoSuchPerson if violation.constraint_name == "linked_person_exists" else UnknownHolder) from violation
    return [(row["person_id"], row["holder_id"]) for row in rows]


async def unlink(tx: Transaction, links: Sequence[Link]) -> list[Link]:
    """Let people act for holders no longer; those links that were there."""
    rows = await tx.many(
        """
        DELETE FROM holder_people WHERE (person_id, holder_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        RETURNING person_id, holder_id
        """,
        *columns(links, 2),
    )
    return [(row["person_id"], row["holder_id"]) for row in rows]


async def holders_of(tx: Transaction, person_id: UUID, *, only: UUID | None, limit: int) -> list[UUID]:
    """The holders that a person acts for, and with ``only`` none but that one."""
    rows = await tx.many(
        """
        SELECT holder_id FROM holder_people
        WHERE person_id = $1 AND ($2::uuid IS NULL OR holder_id = $2) ORDER BY holder_id LIMIT $3
        """,
        person_id, only, limit,
    )  # fmt: skip
    return [row["holder_id"] for row in rows]


async def people_of(tx: Transaction, holder_ids: Collection[UUID]) -> list[tuple[UUID, Person]]:
    """Who acts for these holders, and has not been disabled."""
    rows = await tx.many(
        """
        SELECT holder_id, id, email, name, roles, created_at, disabled_at
        FROM holder_people JOIN people ON id = person_id
        WHERE holder_id = ANY($1) AND disabled_at IS NULL ORDER BY linked_at, id
        """,
        list(holder_ids),
    )
    return [(row["holder_id"], _person(row)) for row in rows]


# Signing in -----------------------------------------------------------------------------------------------------------


async def lock_candidate(tx: Transaction, email: str) -> Candidate | None:
    """What signing in needs of a person, held until the transaction ends; None for nobody and for the disabled."""
    row = await tx.one_or_none(
        """
        SELECT id, password_hash, tries, locked_until FROM people
        WHERE lower(email) = lower($1) AND disabled_at IS NULL FOR NO KEY UPDATE
        """,
        email,
    )
    return Candidate(row["id"], row["password_hash"], Tries(row["tries"], row["locked_until"])) if row else None


async def write_tries(tx: Transaction, person_id: UUID | None, tries: Tries) -> None:
    """Note a try; with None for nobody, ask as much of the database and change nothing.

    The commit does not wait for the disk, because that wait would tell whether there is such a person.
    """
    await tx.run("SELECT set_config('synchronous_commit', 'off', true)")
    await tx.run(
        "UPDATE people SET tries = $2, locked_until = $3 WHERE id = $1", person_id, tries.count, tries.locked_until
    )


async def admit(tx: Transaction, candidate: Candidate) -> bool:
    """Clear a person's tries; False if since they were read the password was changed or the person disabled."""
    admitted = await tx.run(
        """
        UPDATE people SET tries = 0, locked_until = NULL
        WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL
        """,
        candidate.person_id, candidate.password_hash,
    )  # fmt: skip
    return admitted == 1


async def insert_session(tx: Transaction, session: Session, *, token_hash: bytes) -> None:
    """Write a new session."""
    await tx.run(
        """
        INSERT INTO sessions (id, token_hash, person_id, created_at, seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        session.id, token_hash, session.person_id, session.created_at, session.seen_at, session.expires_at,
    )  # fmt: skip


async def session(tx: Transaction, token_hash: bytes) -> Session | None:
    """The session that goes by this token, alive or not."""
    row = await tx.one_or_none(_SESSIONS + "WHERE token_hash = $1", token_hash)
    return Session(*row) if row else None


async def sessions_of(tx: Transaction, person_id: UUID) -> list[Session]:
    """A person's sessions that were not revoked, newest first."""
    rows = await tx.many(_SESSIONS + "WHERE person_id = $1 AND revoked_at IS NULL ORDER BY id DESC", person_id)
    return [Session(*row) for row in rows]


async def note_seen(tx: Transaction, session_id: UUID, at: datetime) -> None:
    """Note that a session was used; a time that is later already stays."""
    await tx.run("UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2", session_id, at)


async def revoke_sessions(tx: Transaction, person_id: UUID, *, only: UUID | None, at: datetime) -> int:
    """End a person's sessions, or only one of them; how many ended."""
    return await tx.run(
        """
        UPDATE sessions SET revoked_at = $3
        WHERE person_id = $1 AND ($2::uuid IS NULL OR id = $2) AND revoked_at IS NULL
        """,
        person_id, only, at,
    )  # fmt: skip


# API keys -------------------------------------------------------------------------------------------------------------


async def insert_keys(tx: Transaction, keys: Sequence[tuple[ApiKey, bytes]]) -> None:
    """Write new keys, each with the hash that it is found by.

    Raises:
        UnknownHolder: one of the holders does not exist in that program; the transaction is lost.
    """
    rows = [
        (key.id, key.holder_id, key.program, key.name, key.prefix, key_hash, " ".join(sorted(key.scopes)),
         " ".join(map(str, key.allowed_ips)), key.created_by, key.created_at, key.expires_at)
        for key, key_hash in keys
    ]  # fmt: skip
    try:
        await tx.run(
            """
            INSERT INTO api_keys (id, holder_id, program, name, prefix, key_hash, scopes, allowed_ips, created_by,
                                  created_at, expires_at)
            SELECT id, holder_id, program, name, prefix, key_hash, string_to_array(scopes, ' '),
                   string_to_array(allowed_ips, ' ')::cidr[], created_by, created_at, expires_at
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[],
                        $9::uuid[], $10::timestamptz[], $11::timestamptz[])
                AS made (id, holder_id, program, name, prefix, key_hash, scopes, allowed_ips, created_by, created_at,
                         expires_at)
            """,
            *columns(rows, 11),
        )
    except ForeignKeyViolation as violation:
        if violation.constraint_name in {"key_is_a_holders", "key_is_a_programs"}:
            raise UnknownHolder from violation
        raise


async def callers(tx: Transaction, hashes: Sequence[bytes]) -> list[Caller | None]:
    """Who is behind each of these hashes, in order; None where no usable key has it."""
    rows = await tx.many(
        """
        SELECT place, id, holder_id, program, prefix, scopes, allowed_ips, created_by
        FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (key_hash, place) JOIN api_keys USING (key_hash)
        WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
        """,
        hashes,
    )
    found: list[Caller | None] = [None] * len(hashes)
    for place, key_id, holder_id, program, prefix, scopes, allowed_ips, created_by in rows:
        found[place - 1] = Caller(
            key_id, holder_id, program, mode_of(prefix), _scopes(tuple(scopes)), tuple(allowed_ips), created_by
        )
    return found


async def touch(tx: Transaction, key_ids: Collection[UUID], *, every: timedelta) -> int:
    """Note that these keys were used, where it was not noted lately; a key being noted by somebody else is left."""
    return await tx.run(
        """
        UPDATE api_keys SET last_used_at = now() WHERE id IN (
            SELECT id FROM api_keys
            WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < now() - $2::interval)
            FOR NO KEY UPDATE SKIP LOCKED
        )
        """,
        list(key_ids), every,
    )  # fmt: skip


async def revoke_keys(
    tx: Transaction, key_ids: Collection[UUID], *, holder_id: UUID | None, at: datetime
) -> frozenset[UUID]:
    """Revoke keys, of this holder where one is given; the ids of those that this ended."""
    rows = await tx.many(
        """
        UPDATE api_keys SET revoked_at = $3
        WHERE id = ANY($1) AND ($2::uuid IS NULL OR holder_id = $2) AND revoked_at IS NULL RETURNING id
        """,
        list(key_ids), holder_id, at,
    )  # fmt: skip
    return frozenset(row["id"] for row in rows)


async def find_keys(tx: Transaction, key_ids: Collection[UUID], *, holder_id: UUID | None) -> list[ApiKey]:
    """The keys with these ids, of this holder where one is given."""
    chosen = "WHERE id = ANY($1) AND ($2::uuid IS NULL OR holder_id = $2) ORDER BY id"
    return [_key(row) for row in await tx.many(_KEYS + chosen, list(key_ids), holder_id)]


async def keys(
    tx: Transaction, *, program: str | None, holder_id: UUID | None, after: UUID | None, limit: int
) -> list[ApiKey]:
    """Keys by falling id, below ``after``."""
    chosen = """
        WHERE ($1::text IS NULL OR program = $1) AND ($2::uuid IS NULL OR holder_id = $2)
          AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
    """
    return [_key(row) for row in await tx.many(_KEYS + chosen, program, holder_id, after, limit)]


def _key(row: Record) -> ApiKey:
    fields = dict(row)
    fields["scopes"] = _scopes(tuple(fields["scopes"]))
    fields["allowed_ips"] = tuple(fields["allowed_ips"])
    return ApiKey(**fields)


@lru_cache(maxsize=256)
def _scopes(texts: tuple[str, ...]) -> frozenset[Scope]:
    """Keys share a handful of combinations; a scope of a later release opens nothing here."""
    return frozenset(scope for scope in Scope if scope in texts)
