"""What the tests of reconciliation share: a bank with a list, payouts at it, and people who decide."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bursar import dispatch, ledger, payouts, programs
from bursar.dispatch.model import Prepared, Told
from bursar.dispatch.prepare import Batch, prepare
from bursar.foundation.db import Database, Record
from bursar.foundation.money import Money
from bursar.gateways import CannotList, Capabilities, Instruction, NeverArrived, Outcome, Payment, Report, Word
from bursar.monitoring import check_laws, reconciliation
from bursar.monitoring.reconciliation import Action, Comparison, Item, Query, Span
from ground import AT, KEYRING, ask, merchant, person, program

PAID, REFUSED = Outcome(Word.PAID, reference="PSP1"), Outcome(Word.REFUSED, reason="account_closed")
NOT_NOW = Outcome(Word.REFUSED, reason="bank_unavailable", retryable=True)
ACCEPTED, UNKNOWN, RETURNED = Outcome(Word.ACCEPTED), Outcome(Word.UNKNOWN), Outcome(Word.RETURNED)
LONG_AGO = timedelta(hours=6)


@dataclass
class ListingBank:
    """A gateway in memory whose list is whatever a test says."""

    name: str
    lines: list[Payment] = field(default_factory=list)
    breaks_after: int | None = None
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(frozenset({"PKR"}), bulk_max=10, lists=True)
    )

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Nobody sends here: a test says what became of attempts."""
        raise AssertionError(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Nobody asks here either."""
        raise AssertionError(instructions)

    def read_report(self, body: bytes, headers: Any) -> Sequence[Report]:
        """Nor does it report."""
        raise AssertionError(body, headers)

    async def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """Its list, as far as it gives it."""
        assert since < until
        for number, line in enumerate(self.lines):
            if number == self.breaks_after:
                raise CannotList(cause="http_503")
            yield line


@dataclass
class ReconHouse:
    """One program with one merchant, and a bank through which it pays."""

    database: Database
    terms: programs.Terms
    holder: UUID
    bank: ListingBank
    anna: UUID
    ben: UUID
    book: programs.Book = field(default_factory=programs.Book)

    @property
    def scribe(self) -> dispatch.Scribe:
        """What recording needs; chance stands still."""
        return dispatch.Scribe(self.book, chance=lambda: 0.0)

    async def sent(self, count: int = 1, *outcomes: Outcome, **wanted: Any) -> list[Prepared]:
        """Payouts that were handed to the bank a while ago, and what we have been told about each of them since."""
        async with self.database.transaction() as tx:
            asks = [ask(self.holder, self.terms.program, **wanted) for _ in range(count)]
            await payouts.request(tx, asks, desk=payouts.Desk(self.book, KEYRING), at=AT)
        made: list[Prepared] = []
        while len(made) < count:
            batch = await self.prepare()
            assert batch.prepared, batch
            made += batch.prepared
        for outcome in outcomes:
            async with self.database.transaction() as tx:
                told = [Told(one.attempt_id, outcome, "answer") for one in made]
                await dispatch.record(tx, told, scribe=self.scribe)
        await self.run(
            "UPDATE attempts SET sent_at = now() - $2::interval WHERE id = ANY($1)",
            [one.attempt_id for one in made], LONG_AGO,
        )  # fmt: skip
        return made

    async def prepare(self) -> Batch:
        """Claim the next batch, as a dispatcher would."""
        async with self.database.transaction() as tx:
            return await prepare(tx, terms=self.terms, gateway=self.bank, keyring=KEYRING, book=self.book)

    def list_(self, about: Prepared | str, word: Word = Word.PAID, *, amount: str = "1000.00", **changes: Any) -> None:
        """Have the bank list a payment for an attempt, or for any key."""
        key = about if isinstance(about, str) else about.instruction.key
        line = {
            "reference": f"PSP-{key}",
            "key": key,
            "amount": Money.parse(amount, "PKR"),
            "word": word,
            "at": datetime.now(UTC) - LONG_AGO,
        }
        self.bank.lines.append(Payment(**line | changes))

    async def compare(self, *, since: timedelta = timedelta(days=1)) -> Comparison:
        """Compare the bank's list."""
        now = datetime.now(UTC)
        return await reconciliation.compare_list(self.database, self.bank, span=Span(now - since, now), actor="test")

    async def compare_books(self) -> Comparison:
        """Compare our own books."""
        return await reconciliation.compare_books(self.database, actor="test")

    async def items(self, *, is_open: bool | None = True) -> list[Item]:
        """What differs, of this bank or of nobody's, oldest first."""
        async with self.database.transaction(readonly=True) as tx:
            found = await reconciliation.items(tx, Query(is_open=is_open, limit=1_000))
        return [item for item in reversed(found) if item.gateway == self.bank.name]

    async def correct(self, item: Item, action: Action, **more: Any) -> Item:
        """Have two people do something about an item."""
        async with self.database.transaction() as tx:
            made = await reconciliation.propose(tx, item.id, action=action, person=self.anna, reason="seen", **more)
        async with self.database.transaction() as tx:
            return await reconciliation.approve(tx, made.id, person=self.ben, scribe=self.scribe)

    async def state(self, about: Prepared) -> str:
        """Where its payout stands."""
        async with self.database.transaction(readonly=True) as tx:
            return (await payouts.get(tx, about.instruction.payout_id)).state.value

    async def figures(self) -> tuple[int, int]:
        """What the merchant has: available and reserved, in minor units."""
        async with self.database.transaction(readonly=True) as tx:
            found = (await ledger.balances(tx, [self.holder]))[0]
        return found.available, found.reserved

    async def platform(self, kind: str, owner: str | None = None) -> int:
        """What a platform account of this program, or of this bank, holds in minor units."""
        async with self.database.transaction(readonly=True) as tx:
            found = await ledger.platform_balances(tx)
        wanted = owner or self.terms.program
        return sum(one.amount.minor for one in found if (one.kind.value, one.owner) == (kind, wanted))

    async def insist_on_laws(self) -> None:
        """Every law holds."""
        async with self.database.transaction(readonly=True) as tx:
            assert await check_laws(tx) == []

    async def rows(self, statement: str, *args: object) -> list[Record]:
        """Look at something."""
        async with self.database.transaction(readonly=True) as tx:
            return await tx.many(statement, *args)

    async def run(self, statement: str, *args: object) -> None:
        """Change something behind everybody's back."""
        async with self.database.transaction() as tx:
            await tx.run(statement, *args)


async def open_recon(database: Database, *, money: str = "1000000.00", **changes: Any) -> ReconHouse:
    """A program of its own, paying through a bank of its own."""
    async with database.transaction() as tx:
        terms = await program(tx, **changes)
        holder = await merchant(tx, terms.program, money=money)
        anna, ben = await person(tx, "anna"), await person(tx, "ben")
    return ReconHouse(database, terms, holder, ListingBank(f"bank-{terms.program}"), anna, ben)
