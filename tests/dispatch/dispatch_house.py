"""What the tests of this room share: a program and a merchant, a bank that keeps its own book, and what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from bursar import dispatch, ledger, payouts, programs
from bursar.dispatch.model import Prepared, Told
from bursar.dispatch.prepare import Batch, prepare
from bursar.foundation.db import Database, Record, Transaction, transaction_is_open
from bursar.foundation.doorbell import Listener
from bursar.gateways import Capabilities, Instruction, NeverArrived, Outcome, Report, Word
from bursar.payouts import Payout, PayoutState
from ground import AT, KEYRING, ask, merchant, program

PAID, ACCEPTED, HELD = Outcome(Word.PAID, reference="PSP1"), Outcome(Word.ACCEPTED), Outcome(Word.HELD)
REFUSED, UNKNOWN, RETURNED = (
    Outcome(Word.REFUSED, reason="account_closed"),
    Outcome(Word.UNKNOWN),
    Outcome(Word.RETURNED),
)
NOT_NOW = Outcome(Word.REFUSED, reason="bank_unavailable", retryable=True)


@dataclass
class Bank:
    """A gateway in memory: pays each key once, and says what it was told to say."""

    name: str = field(default_factory=lambda: f"bank-{uuid4().hex[:12]}")
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(frozenset({"PKR"}), bulk_max=10, key_window=timedelta(hours=24))
    )
    says: Outcome = PAID
    book: dict[str, Instruction] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    inquiries: list[list[str]] = field(default_factory=list)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Take them all, and say the same about each."""
        assert not transaction_is_open.get(), "a gateway is called without a transaction"
        self.calls.append([instruction.key for instruction in instructions])
        for instruction in instructions:
            self.book.setdefault(instruction.key, instruction)
        return [self.says] * len(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """What is in the book was paid; what is not never arrived."""
        assert not transaction_is_open.get(), "a gateway is called without a transaction"
        self.inquiries.append([instruction.key for instruction in instructions])
        return [PAID if instruction.key in self.book else NeverArrived() for instruction in instructions]

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Reports are handed to the room directly here."""
        return []


@dataclass
class DispatchHouse:
    """One program and one merchant of it, in one transaction."""

    tx: Transaction
    terms: programs.Terms
    holder: UUID
    bank: Bank = field(default_factory=Bank)
    book: programs.Book = field(default_factory=programs.Book)

    @property
    def scribe(self) -> dispatch.Scribe:
        """What recording needs; chance stands still."""
        return dispatch.Scribe(self.book, chance=lambda: 0.0)

    async def request(self, count: int = 1, **wanted: Any) -> list[Payout]:
        """Ask for payouts."""
        asks = [ask(self.holder, self.terms.program, **wanted) for _ in range(count)]
        made = await payouts.request(self.tx, asks, desk=payouts.Desk(self.book, KEYRING), at=AT)
        assert all(isinstance(payout, Payout) for payout in made), made
        return made  # type: ignore[return-value]  # Just asserted.

    async def prepare(self) -> Batch:
        """Claim the next batch."""
        terms = (await self.book.judge(self.tx, {self.terms.program}))[self.terms.program]
        return await prepare(self.tx, terms=terms, gateway=self.bank, keyring=KEYRING, book=self.book)

    async def sending(self, **wanted: Any) -> Prepared:
        """A payout that has just been handed to the bank."""
        await self.request(**wanted)
        return (await self.prepare()).prepared[0]

    async def learn(self, about: Prepared, *outcomes: Outcome, lease_no: int | None = None) -> list[str]:
        """Record outcomes one after the other; the words that came back."""
        words = []
        for outcome in outcomes:
            told = Told(about.attempt_id, outcome, "answer", about.lease_no if lease_no is None else lease_no)
            words += await dispatch.record(self.tx, [told], scribe=self.scribe)
        return words

    async def report(self, key: str, *outcomes: Outcome, event: str | None = None) -> None:
        """Take in reports about this key, each under an id of its own unless one is given."""
        arrived = [
            (self.bank.name, [Report(event or f"E{uuid4().hex}", key, outcome)], b"body") for outcome in outcomes
        ]
        await dispatch.reports.take_in(self.tx, arrived)

    async def apply_reports(self) -> int:
        """Apply what has come in, as a worker would; how many that were."""
        hints = set() if self.bank.capabilities.reports_prove else {self.bank.name}
        return await dispatch.reports.apply_due(self.tx, scribe=self.scribe, hints=hints)

    async def payout(self, about: Prepared) -> Payout:
        """The payout of an attempt, as it stands."""
        return await payouts.get(self.tx, about.instruction.payout_id)

    async def state(self, about: Prepared) -> PayoutState:
        """Where it stands."""
        return (await self.payout(about)).state

    async def attempt(self, about: Prepared) -> Record:
        """An attempt's row."""
        return await self.tx.one("SELECT *, look_at - now() AS look_in FROM attempts WHERE id = $1", about.attempt_id)

    async def breaks(self) -> list[str]:
        """The kinds of the breaks that are open about this bank, oldest first."""
        rows = await self.tx.many("SELECT kind FROM breaks WHERE gateway = $1 AND closed_at IS NULL", self.bank.name)
        return sorted(row["kind"] for row in rows)

    async def figures(self) -> tuple[int, int]:
        """What the merchant has: available and reserved, in minor units."""
        found = (await ledger.balances(self.tx, [self.holder]))[0]
        return found.available, found.reserved

    async def let_waits_end(self) -> None:
        """Let the time pass that payouts, attempts and reports are waiting for."""
        await self.tx.run("UPDATE payouts SET due_at = now() WHERE holder_id = $1", self.holder)
        await self.tx.run(
            "UPDATE attempts SET look_at = now() WHERE gateway = $1 AND look_at IS NOT NULL", self.bank.name
        )
        await self.tx.run(
            "UPDATE reports SET apply_at = now() WHERE gateway = $1 AND apply_at IS NOT NULL", self.bank.name
        )


async def open_house(tx: Transaction, *, money: str = "1000000.00", **changes: Any) -> DispatchHouse:
    """A program of its own with these changes to the merchants' terms, a merchant with money, and a bank."""
    terms = await program(tx, **changes)
    return DispatchHouse(tx, terms, await merchant(tx, terms.program, money=money))


@dataclass
class Workshop:
    """A worker's tools over a database in which things are committed; one program, one merchant, one bank."""

    database: Database
    terms: programs.Terms
    holder: UUID
    bank: Any  # A ``Bank`` of whatever sort the test wants.
    tools: dispatch.Tools

    @property
    def dispatcher(self) -> dispatch.Dispatcher:
        """A new dispatcher for the program."""
        return dispatch.Dispatcher(self.tools, self.terms.program)

    @property
    def inquirer(self) -> dispatch.Inquirer:
        """A new inquirer."""
        return dispatch.Inquirer(self.tools)

    async def request(self, count: int = 1, **wanted: Any) -> None:
        """Ask for payouts."""
        async with self.database.transaction() as tx:
            await DispatchHouse(tx, self.terms, self.holder, self.bank).request(count, **wanted)

    async def run(self, statement: str, *args: object) -> None:
        """Change something behind everybody's back."""
        async with self.database.transaction() as tx:
            await tx.run(statement, *args)

    async def let_waits_end(self) -> None:
        """Let the time pass that payouts and attempts are waiting for."""
        async with self.database.transaction() as tx:
            await DispatchHouse(tx, self.terms, self.holder, self.bank).let_waits_end()

    async def states(self) -> dict[str, int]:
        """How many payouts stand where."""
        async with self.database.transaction(readonly=True) as tx:
            counted = await payouts.count_by_state(tx, self.terms.program)
        return {state.value: count for state, (count, _) in counted.items()}

    async def attempts(self) -> list[Record]:
        """All attempts, oldest first."""
        async with self.database.transaction(readonly=True) as tx:
            return await tx.many("SELECT * FROM attempts WHERE gateway = $1 ORDER BY sent_at, key", self.bank.name)

    async def circuit(self) -> str:
        """How the bank's circuit stands."""
        async with self.database.transaction(readonly=True) as tx:
            state = await tx.value("SELECT state FROM circuits WHERE gateway = $1", self.bank.name)
        return str(state or "closed")


async def open_workshop(database: Database, bank: Bank | None = None, **changes: Any) -> Workshop:
    """A program of its own with these changes to the merchants' terms, a merchant with money, a bank, and the tools."""
    bank = bank or Bank()
    async with database.transaction() as tx:
        terms = await program(tx, **{"dispatch__every_seconds": 0.05, **changes})
        holder = await merchant(tx, terms.program)
    tools = dispatch.Tools(
        database=database,
        gateways={"mockbank": bank, bank.name: bank},
        book=programs.Book(),
        keyring=KEYRING,
        listener=Listener(_nobody_rings),
        circuits=dispatch.Circuits(database),
    )
    return Workshop(database, terms, holder, bank, tools)


async def _nobody_rings() -> Any:
    raise AssertionError("these listeners are never started")
