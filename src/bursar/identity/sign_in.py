"""Letting people in: signing in, and the sessions that follow from it."""

from datetime import datetime
from uuid import UUID

from bursar.foundation import ids, journal, log
from bursar.foundation.db import Database, Transaction
from bursar.identity import passwords, store, tokens
from bursar.identity.errors import SignInRefused
from bursar.identity.model import NOTED_EVERY, SESSION_LIFE, Candidate, Person, Session, SignedIn, Tries, actor

_log = log.get(__name__)


async def sign_in(db: Database, *, email: str, password: str, now: datetime) -> SignedIn:
    """Let somebody in and begin a session. Owns its phases: count the try, verify with no transaction open, begin.

    The try is counted before the password is looked at, so that a burst of guesses gets no more than ``TRIES_MAX`` of
    them. Whoever is not let in hears the same, after the same work, whether or not there is such a person.

    Raises:
        SignInRefused: no such person, disabled, wrong password, or too many tries of late.
    """
    if len(password) > passwords.PASSWORD_LENGTH_MAX or not email.isprintable():
        raise SignInRefused
    async with db.transaction() as tx:
        candidate = await _take_try(tx, email, now)
    stored = candidate.password_hash if candidate else passwords.NOBODYS
    if not await passwords.matches(stored, password) or candidate is None:
        _log.warning("sign_in.refused")
        raise SignInRefused
    async with db.transaction() as tx:
        return await _begin(tx, candidate, now)


async def session_person(tx: Transaction, token: str, *, now: datetime) -> Person | None:
    """Who is behind a session token; None when the session is over or the person was disabled.

    Notes once a minute that the session is in use, so the transaction may not be read-only.
    """
    token_hash = tokens.session_hash(token)
    session = await store.session(tx, token_hash) if token_hash else None
    if session is None or not session.lives(now):
        return None
    if now - session.seen_at >= NOTED_EVERY:
        await store.note_seen(tx, session.id, now)
    [person] = await store.people(tx, [session.person_id])
    return None if person.disabled_at else person


async def sign_out(tx: Transaction, token: str, *, at: datetime) -> None:
    """End the session of this token; there need not be one."""
    token_hash = tokens.session_hash(token)
    session = await store.session(tx, token_hash) if token_hash else None
    if session is not None:
        await revoke_sessions(tx, session.person_id, only=session.id, at=at)


async def list_sessions(tx: Transaction, person_id: UUID, *, now: datetime) -> list[Session]:
    """A person's sessions that still live, newest first."""
    return [session for session in await store.sessions_of(tx, person_id) if session.lives(now)]


async def revoke_sessions(tx: Transaction, person_id: UUID, *, at: datetime, only: UUID | None = None) -> int:
    """End all sessions of a person, or ``only`` that one of theirs; how many ended."""
    return await store.revoke_sessions(tx, person_id, only=only, at=at)


async def _take_try(tx: Transaction, email: str, now: datetime) -> Candidate | None:
    """Count one more try; None where no password can help: nobody, disabled, or locked."""
    candidate = await store.lock_candidate(tx, email)
    tries = candidate.tries if candidate else Tries()
    after = tries.take(now)
    await store.write_tries(tx, candidate.person_id if candidate else None, after or tries)
    if candidate and after and after.locked_until:
        _log.warning("sign_in.locked", subject=actor("person", candidate.person_id))
    return candidate if after else None


async def _begin(tx: Transaction, candidate: Candidate, now: datetime) -> SignedIn:
    """Begin a session, unless the password was changed or the person disabled while we verified."""
    if not await store.admit(tx, candidate):
        raise SignInRefused
    token = tokens.new_session()
    session = Session(ids.new(now), candidate.person_id, created_at=now, seen_at=now, expires_at=now + SESSION_LIFE)
    await store.insert_session(tx, session, token_hash=tokens.hash_of(token))
    [person] = await store.people(tx, [candidate.person_id])
    await journal.note(tx, "person.signed_in", actor=person.actor, subject=f"session:{session.id}")
    return SignedIn(token, person, session)
