"""Which program a request is about, and whose scout or seller: by the platform's own names, or by our ids."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar import holders, identity
from bursar.api import reading
from bursar.api.entry import ActingForAll, PlatformRequest, SharedRequest
from bursar.api.marketplace.wire import ProgramOfQuery
from bursar.foundation import ids, texts
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import Holder
from bursar.house import House
from bursar.orders import Step

MarketRequest = PlatformRequest | SharedRequest
"""A request of the platform's, of staff's, or of somebody who acts for holders."""

NAME_LENGTH_MAX: Final = 200  # As long as the references of holders and orders may be.


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may complete the orders of a program, or those of these sellers alone.

    ``asker`` is whose idempotency keys theirs are, ``person`` the person behind the actor.
    """

    asker: UUID
    program: str
    actor: str
    person: UUID | None
    sellers: frozenset[UUID] | None = None

    def step(self, order: str, *, correlation_id: str | None, reason: str | None = None) -> Step:
        """Something that they want done with one order."""
        return Step(
            program=self.program,
            order=order,
            actor=self.actor,
            person=self.person,
            sellers=self.sellers,
            reason=reason,
            correlation_id=correlation_id,
        )


def program(request: MarketRequest, named: str | None, house: House) -> str:
    """A key's own program; that of those for whom somebody acts; for staff the one they named, or the setting's.

    Raises:
        Invalid: a key or somebody who acts for holders named another one, or the latter have to name one.
    """
    match request.user:
        case identity.Caller(program=own):
            return _one_of([own], named)
        case identity.Person():
            return named or house.settings.marketplace_program
        case ActingForAll(holders=theirs):
            return _one_of(sorted({holder.program for holder in theirs}), named)


def asked_program(request: MarketRequest, house: House) -> str:
    """The same, where all that a query names is the program."""
    return program(request, reading.query(request, ProgramOfQuery).program or None, house)


async def holder(tx: Transaction, request: MarketRequest, given: str, *, kind: str, program: str) -> Holder:
    """A scout or a seller of a program: by the name that the platform has for them or, where that is none, by our id.

    Raises:
        NoSuchHolder: there is none, or none of theirs for whom somebody acts; the caller cannot tell which.
    """
    if not is_name(given):
        raise holders.NoSuchHolder
    found = (await holders.by_references(tx, [(program, given)])).get((program, given))
    if found is None and (by_id := ids.parse(given)):
        found = (await holders.find(tx, [by_id])).get(by_id)
    if found is None or (found.program, found.kind) != (program, kind):
        raise holders.NoSuchHolder
    if (theirs := acts_for(request)) is not None and found.id not in theirs:
        raise holders.NoSuchHolder
    return found


def known(request: MarketRequest, house: House) -> Known:
    """Who asks about orders, where all that a query names is the program."""
    return Known(asker(request), asked_program(request, house), request.user.actor, person(request), acts_for(request))


def known_by(caller: identity.Caller) -> Known:
    """Who asks with a key of a whole program."""
    return Known(caller.key_id, caller.program, caller.actor, caller.created_by)


def acts_for(request: MarketRequest) -> frozenset[UUID] | None:
    """The holders for whom somebody acts, if that is how they were let in; None for the platform and for staff."""
    if isinstance(request.user, ActingForAll):
        return frozenset(holder.id for holder in request.user.holders)
    return None


def person(request: MarketRequest) -> UUID | None:
    """The person who asks, or who made the key that does; what comes of it they may not approve."""
    match request.user:
        case identity.Caller(created_by=maker):
            return maker
        case identity.Person(id=own):
            return own
        case ActingForAll(person=signed_in):
            return signed_in.id


def asker(request: MarketRequest) -> UUID:
    """Whose idempotency keys a request's are."""
    return request.user.key_id if isinstance(request.user, identity.Caller) else _known(person(request))


def is_name(given: str) -> bool:
    """Whether anything could be called so; a path may hold what no text in the database can."""
    try:
        texts.insist_line(given, field="name", most=NAME_LENGTH_MAX)
    except Invalid:
        return False
    return True


def _one_of(own: list[str], named: str | None) -> str:
    if named is None and len(own) == 1:
        return own[0]
    if named not in own:
        raise Invalid(field="program", rule=" or ".join(own), given=named)
    return named


def _known(person_id: UUID | None) -> UUID:
    assert person_id is not None, "whoever is signed in is somebody"
    return person_id
