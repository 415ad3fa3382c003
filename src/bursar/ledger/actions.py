"""What the ledger does: move money for a batch, credit it from outside, and show where it stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import store
from bursar.ledger.books import Books, Place
from bursar.ledger.errors import InsufficientFunds
from bursar.ledger.model import (
    HOLDERS_OWN,
    ROUTES,
    STEP,
    AccountKind,
    Balance,
    Line,
    Movement,
    PlatformBalance,
    TransferKind,
    decide,
)

SNAPSHOT_AGE_SECONDS: Final = 300  # Far longer than any transaction may last, so none can still commit below the mark.
STATEMENT_PAGE_MAX: Final = 1_000

Name = tuple[UUID, str, str]
"""Holder, kind and reference: what counts once."""


async def apply(
    tx: Transaction, movements: Sequence[Movement], *, at: datetime, books: Books | None = None
) -> list[UUID | InsufficientFunds]:
    """Move money for a whole batch; each movement is accepted (its transfer's id) or refused on its own.

    What ``books`` keep is what they move on from, and is written with them. Costs three statements, and one more where
    platform accounts are involved.
    """
    books = books or Books()
    await books.hold(tx, _places(movements))
    moved = await _move(tx, movements, books, at=at)
    await books.write(tx)
    return moved


async def foresee(tx: Transaction, movements: Sequence[Movement]) -> list[Balance | InsufficientFunds]:
    """What ``apply`` would answer as things stand; nothing is moved, and nothing is locked. One statement."""
    held = await store.balances(tx, {movement.holder_id for movement in movements})
    return decide({(balance.holder_id, balance.currency): balance for balance in held}, list(movements))


async def credit(
    tx: Transaction,
    incoming: Sequence[Movement],
    *,
    at: datetime,
    beside: Sequence[Movement] = (),
    books: Books | None = None,
) -> list[UUID | None]:
    """Credit holders from their program's funding; None where that reference was credited before.

    Opens balances as needed, so a new holder's first money needs no preparation. What stands ``beside`` a credit (a fee
    of the same holder and reference) is booked with it, if the credit is new. With ``books``, they keep it until it is
    written.
    """
    assert all(c.kind is TransferKind.CREDIT and c.reference for c in incoming), "a credit says what it is for"
    places = {(c.holder_id, c.amount.currency): c.program for c in incoming}
    mine = books or Books()
    await mine.hold(tx, _places([*incoming, *beside]))  # Nearly always all: opening costs more than looking.
    if missing := {place: program for place, program in places.items() if place not in mine.held}:
        await store.open_balances(tx, missing)
        await mine.hold(tx, missing)
    booked = await _book(tx, incoming, mine, beside=beside, at=at)
    if books is None:
        await mine.write(tx)
    return booked


async def book(tx: Transaction, movements: Sequence[Movement], *, at: datetime) -> list[UUID | None]:
    """Book what counts once: the transfer's id, or None where that holder, kind and reference was booked before.

    For kinds that take nothing from a holder (fee, fee_back, owe, forgive). Costs a constant number of statements.
    """
    assert all(ROUTES[m.kind][2] >= 0 and m.reference for m in movements), "what is booked so is never refused"
    books = Books()
    await books.hold(tx, _places(movements))
    booked = await _book(tx, movements, books, at=at)
    await books.write(tx)
    return booked


async def open_balances(tx: Transaction, places: Mapping[tuple[UUID, str], str]) -> None:
    """Give each (holder, currency) an empty balance in the holder's program; one that exists stays as it is."""
    await store.open_balances(tx, places)


async def hold(tx: Transaction, places: Collection[tuple[UUID, str]]) -> list[Balance]:
    """Keep everybody else from moving these holders' money until the transaction ends; what they have."""
    return list((await store.lock_balances(tx, places)).values())


async def balances(tx: Transaction, holder_ids: Collection[UUID]) -> list[Balance]:
    """What these holders have, in all their currencies."""
    return await store.balances(tx, holder_ids)


async def holding(
    tx: Transaction,
    program: str,
    *,
    at_least: Money,
    limit: int,
    after: UUID | None = None,
    hold: bool = False,
) -> list[Balance]:
    """A program's holders with so much available or more, by rising id; continue with ``after`` set to the last one's.

    With ``hold``, nobody else moves their money until the transaction ends.
    """
    return await store.holding(
        tx, program, at_least.currency, at_least=at_least.minor, after=after, limit=limit, hold=hold
    )


async def count_below(tx: Transaction, program: str, *, limit: Money) -> tuple[int, Money]:
    """How many of a program's holders have something available but less than this, and how much that is together."""
    count, minor = await store.count_below(tx, program, limit.currency, less_than=limit.minor)
    return count, Money(minor, limit.currency)


async def credited_since(
    tx: Transaction, holder_ids: Collection[UUID], *, currency: str, since: datetime
) -> dict[UUID, Money]:
    """What each of these holders was credited since that moment; those that were not are left out."""
    rows = await store.credited_since(tx, holder_ids, currency, ids.first(since))
    return {holder_id: Money(minor, currency) for holder_id, minor in rows.items()}


async def statement(
    tx: Transaction,
    holder_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> list[Line]:
    """A holder's statement, newest first; continue with ``before`` set to the last line's id."""
    rows = await store.statement(
        tx, holder_id, since=since, until=until, before=before, limit=min(limit, STATEMENT_PAGE_MAX)
    )
    return [
        Line(
            id=row["id"],
            at=row["recorded_at"],
            kind=TransferKind(row["kind"]),
            amount=Money(row["amount"], row["currency"]),
            payout_id=row["payout_id"],
            reference=row["reference"],
            available=Money(row["available_after"], row["currency"]),
            reserved=Money(row["reserved_after"], row["currency"]),
        )
        for row in rows
    ]


async def platform_balances(tx: Transaction) -> list[PlatformBalance]:
    """What each platform account holds now."""
    rows = await store.platform_balances(tx)
    return [
        PlatformBalance(AccountKind(row["kind"]), row["owner"], Money(row["balance"], row["currency"])) for row in rows
    ]


async def snapshot(tx: Transaction) -> int:
    """Write down the platform accounts' balances, so that deriving them stays cheap; how many were written."""
    return await store.snapshot(tx, age_seconds=SNAPSHOT_AGE_SECONDS)


async def _book(
    tx: Transaction,
    movements: Sequence[Movement],
    books: Books,
    *,
    at: datetime,
    beside: Sequence[Movement] = (),
) -> list[UUID | None]:
    """Move what was not booked before, and what stands beside it; for each movement its transfer, once for each name.

    The balances are held before earlier ones are looked for: a twin then waits and sees ours.
    """
    seen = await store.booked_before(tx, [_name(movement) for movement in movements])
    fresh: dict[Name, Movement] = {}
    for movement in movements:
        if _name(movement) not in seen:
            fresh.setdefault(_name(movement), movement)
    belonging = [m for m in beside if (m.holder_id, TransferKind.CREDIT.value, m.reference or "") in fresh]
    results = await _move(tx, [*fresh.values(), *belonging], books, at=at) if fresh else []
    made = dict(zip(fresh, results, strict=False))  # What belongs to them comes last, and nobody asks for it.
    answers = (made.pop(_name(movement), None) for movement in movements)
    return [answer if isinstance(answer, UUID) else None for answer in answers]


async def _move(
    tx: Transaction, movements: Sequence[Movement], books: Books, *, at: datetime
) -> list[UUID | InsufficientFunds]:
    """Move money between balances that are held, in the books."""
    decided = decide(books.held, list(movements))
    accepted = [(m, after) for m, after in zip(movements, decided, strict=True) if isinstance(after, Balance)]
    accounts = await _platform_accounts(tx, [m for m, _ in accepted])
    names = ids.series(at, len(accepted))  # In the order of the movements: a statement is read by id.
    rows = [_transfer(name, move, after, accounts) for name, (move, after) in zip(names, accepted, strict=True)]
    books.enter(_places([m for m, _ in accepted]), rows)
    made = iter(rows)
    return [next(made)[0] if isinstance(after, Balance) else after for after in decided]


async def _platform_accounts(tx: Transaction, movements: Sequence[Movement]) -> dict[store.AccountName, int]:
    """The platform accounts that these movements touch; none for a batch of reservations."""
    names = {
        (account.value, movement.owner(account), movement.amount.currency)
        for movement in movements
        for account in ROUTES[movement.kind][:2]
        if account not in HOLDERS_OWN
    }
    return await store.platform_accounts(tx, names) if names else {}


def _places(movements: Iterable[Movement]) -> set[Place]:
    """Whose money they move, in which currencies."""
    return {(movement.holder_id, movement.amount.currency) for movement in movements}


def _name(movement: Movement) -> Name:
    return movement.holder_id, movement.kind.value, movement.reference or ""


def _transfer(
    name: UUID, movement: Movement, after: Balance, accounts: dict[store.AccountName, int]
) -> tuple[UUID, *tuple[object, ...]]:
    """One row of transfers; the id comes first."""
    debit, credited, _, _ = ROUTES[movement.kind]
    return (
        name,
        movement.kind.value,
        _account(debit, movement, after, accounts),
        _account(credited, movement, after, accounts),
        movement.amount.minor,
        movement.amount.currency,
        movement.holder_id,
        movement.payout_id,
        movement.reservation,
        STEP.get(movement.kind),
        movement.reference,
        after.available,
        after.reserved,
    )


def _account(kind: AccountKind, movement: Movement, after: Balance, accounts: dict[store.AccountName, int]) -> int:
    match kind:
        case AccountKind.AVAILABLE:
            return after.available_account
        case AccountKind.RESERVED:
            return after.reserved_account
        case _:
            return accounts[kind.value, movement.owner(kind), movement.amount.currency]
