"""Who takes part in the demo: merchants with money and keys, one of the staff, and holders of the other programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import holders, identity, ledger, programs
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.holders import Holder, NewHolder
from bursar.identity import Role

ACTOR: Final = "system:demo"
PROGRAM: Final = "merchants"
FUNDS: Final = "1000000000.00"  # Of each merchant: enough for the most rows there may be, and for playing on.
STAFF: Final = "staff@example.com"

MERCHANTS: Final = (
    ("karachi-books", "Karachi Book Depot"),
    ("hunza-dry-fruits", "Hunza Dry Fruits"),
    ("lahore-textiles", "Lahore Textiles (Pvt) Ltd"),
    ("quetta-gems", "Quetta Gems & Minerals"),
    ("chai-khana", "چائے خانہ"),
    ("indus-logistics", "Indus Logistics"),
)
OTHERS: Final = (NewHolder("members", "member", "grace", "Grace Miller", "grace@example.com"),)


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant, with the key that its systems call with."""

    id: UUID
    reference: str
    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    merchants: Sequence[Merchant]
    staff_password: str = field(repr=False)
    review_at: Money | None  # From where on amounts wait for people.


async def gathered(database: Database, *, at: datetime) -> Cast:
    """Make everybody known and fund them; whoever was there before gets a new key or password, and no second funds."""
    password = ids.new(at).hex[-16:]  # All of it random but for two bits.
    stored = await identity.hash_password(password, email=STAFF)
    async with database.transaction() as tx:
        known = {person.email: person for person in await identity.list_people(tx)}
        if STAFF in known:
            await identity.set_password(tx, known[STAFF].id, password_hash=stored, actor=ACTOR, at=at)
        else:
            await identity.add_person(
                tx, email=STAFF, name="Demo Staff", password_hash=stored, roles=[Role.MANAGER], actor=ACTOR, at=at
            )
        await holders.register(tx, OTHERS, at=at)
        return Cast(await _merchants(tx, at=at), password, (await programs.terms(tx, PROGRAM)).review.amount_at)


async def opened(database: Database, program: str, *, eased: Mapping[str, str]) -> str:
    """Apply a ready program with some of its lines eased, and make a key for its platform's system; the key."""
    text = programs.load(programs.ready()[program])
    for shipped, instead in eased.items():
        assert shipped in text, f"the shipped file says {shipped}"
        text = text.replace(shipped, instead)
    at = SystemClock().now()
    async with database.transaction() as tx:
        await programs.apply(tx, text, actor=ACTOR, note="eased for the demo", at=at)
        wish = identity.NewKey(None, program, "demo", scopes=identity.PROGRAM_SCOPES)
        [key] = await identity.issue_keys(tx, [wish], actor=ACTOR, at=at)
    return key.text


async def let_in(database: Database, email: str, name: str, *, holder_id: str, password: str) -> None:
    """Let somebody act for a holder; whoever was there before gets this password instead of the old one."""
    at = SystemClock().now()
    stored = await identity.hash_password(password, email=email)
    holder = ids.parse(holder_id)
    assert holder is not None, "the API gives ids"
    async with database.transaction() as tx:
        known = {person.email: person for person in await identity.list_people(tx)}
        if email in known:
            await identity.set_password(tx, known[email].id, password_hash=stored, actor=ACTOR, at=at)
        else:
            person = await identity.add_person(
                tx, email=email, name=name, password_hash=stored, roles=[], actor=ACTOR, at=at
            )
            await identity.link(tx, [(person.id, holder)], actor=ACTOR, at=at)


async def _merchants(tx: Transaction, *, at: datetime) -> list[Merchant]:
    wanted = [NewHolder(PROGRAM, "merchant", reference, name) for reference, name in MERCHANTS]
    found = await holders.register(tx, wanted, at=at)
    await _fund(tx, found, at=at)
    keys = await identity.issue_keys(
        tx, [identity.NewKey(holder.id, PROGRAM, "demo") for holder in found], actor=ACTOR, at=at
    )
    return [
        Merchant(holder.id, holder.reference, holder.name, issued.text)
        for holder, issued in zip(found, keys, strict=True)
    ]


async def _fund(tx: Transaction, found: Sequence[Holder], *, at: datetime) -> None:
    currency = (await programs.terms(tx, PROGRAM)).currency
    funds = Money.parse(FUNDS, currency)
    kind = ledger.TransferKind.CREDIT
    wanted = [ledger.Movement(kind, holder.id, funds, PROGRAM, reference="demo-funds") for holder in found]
    await ledger.credit(tx, wanted, at=at)
