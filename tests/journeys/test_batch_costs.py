"""A batch is the unit: every verb that touches money costs the same number of statements for one and for two hundred.

What goes over the wire is counted there, between the driver and the server, so that nothing can be overlooked.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import pytest

from bursar import dispatch, ledger, payouts, programs
from bursar.dispatch.model import Told
from bursar.dispatch.prepare import prepare
from bursar.foundation import db
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from bursar.gateways import Outcome, Report, Word
from bursar.gateways.mockbank import MockBank
from bursar.ledger import Movement, TransferKind
from bursar.payouts import Payout, Step
from ground import AT, KEYRING, ask, funding, merchant, program
from pg_proxy import Proxy, proxied

SIZES: Final = (1, 10, 200)

Verb = Callable[[], Awaitable[object]]


class Shop:
    """Verbs over batches of any size, in one transaction."""

    def __init__(self, tx: Transaction, terms: programs.Terms, holders: list[Any]) -> None:
        self.tx = tx
        self.terms = terms
        self.holders = holders
        self.book = programs.Book()
        self.gateway: Any = MockBank(None, url="", api_key="", webhook_secret="", clock=None)  # type: ignore[arg-type]  # Never called.

    def asks(self, size: int) -> list[payouts.Ask]:
        return [ask(self.holders[n % len(self.holders)], self.terms.program) for n in range(size)]

    async def born(self, size: int) -> list[Payout]:
        desk = payouts.Desk(self.book, Keyring([b"k" * 32]))
        made = await payouts.request(self.tx, self.asks(size), desk=desk, at=AT)
        return [payout for payout in made if isinstance(payout, Payout)]

    async def claim(self) -> dispatch.prepare.Batch:  # type: ignore[name-defined]
        return await prepare(self.tx, terms=self.terms, gateway=self.gateway, keyring=KEYRING, book=self.book)

    async def step(self, made: list[Payout], verb: str) -> object:
        steps = [Step(payout_id=p.id, verb=verb, actor="test", gateway="mockbank") for p in made]
        return await payouts.advance(self.tx, steps, book=self.book)

    async def reported(self, size: int) -> Any:
        """Attempts that have been made, and reports about all of them."""
        await self.born(size)
        prepared = (await self.claim()).prepared
        arrived = [
            ("mockbank", [Report(f"E{uuid4().hex}", one.instruction.key, Outcome(Word.PAID))], b"") for one in prepared
        ]
        await dispatch.reports.take_in(self.tx, arrived)
        return prepared

    async def funded_again(self, told: list[Told]) -> None:
        """Refusals for want of funds; then the account is funded, and what was refused is out of the way."""
        await dispatch.record(self.tx, told, scribe=dispatch.Scribe(self.book))
        await self.tx.run("UPDATE floats SET low_since = NULL")
        await self.tx.run("UPDATE payouts SET due_at = 'infinity' WHERE state = 'retrying'")

    async def record(self, prepared: Any, word: Word) -> object:
        told = [Told(one.attempt_id, Outcome(word), "answer", one.lease_no) for one in prepared]
        return await dispatch.record(self.tx, told, scribe=dispatch.Scribe(self.book))


async def requesting(shop: Shop, size: int) -> Verb:
    return lambda: shop.born(size)


async def settling(shop: Shop, size: int) -> Verb:
    made = await shop.born(size)
    await shop.step(made, "send")
    return lambda: shop.step(made, "settle")


async def cancelling(shop: Shop, size: int) -> Verb:
    made = await shop.born(size)
    return lambda: shop.step(made, "cancel")


async def returning(shop: Shop, size: int) -> Verb:
    made = await shop.born(size)
    await shop.step(made, "send")
    await shop.step(made, "settle")
    return lambda: shop.step(made, "return")


async def moving_money(shop: Shop, size: int) -> Verb:
    movements = [
        Movement(
            TransferKind.RESERVE, shop.holders[n % len(shop.holders)], Money(100, "PKR"), shop.terms.program,
            payout_id=uuid4(), reservation=1,
        )
        for n in range(size)
    ]  # fmt: skip
    return lambda: ledger.apply(shop.tx, movements, at=AT)


async def crediting(shop: Shop, size: int) -> Verb:
    incoming = [funding(shop.holders[n % len(shop.holders)], "1.00", program=shop.terms.program) for n in range(size)]
    return lambda: ledger.credit(shop.tx, incoming, at=AT)


async def preparing(shop: Shop, size: int) -> Verb:
    await shop.born(size)
    return shop.claim


async def recording(shop: Shop, size: int, word: Word = Word.PAID) -> Verb:
    await shop.born(size)
    prepared = (await shop.claim()).prepared
    assert len(prepared) == size
    return lambda: shop.record(prepared, word)


async def recording_refusals(shop: Shop, size: int) -> Verb:
    return await recording(shop, size, Word.REFUSED)


async def taking_reports_in(shop: Shop, size: int) -> Verb:
    arrived = [("mockbank", [Report(f"E{uuid4().hex}", uuid4().hex, Outcome(Word.PAID))], b"") for _ in range(size)]
    return lambda: dispatch.reports.take_in(shop.tx, arrived)


async def applying_reports(shop: Shop, size: int) -> Verb:
    await shop.reported(size)
    return lambda: dispatch.reports.apply_due(shop.tx, scribe=dispatch.Scribe(shop.book))


async def applying_hints(shop: Shop, size: int) -> Verb:
    prepared = await shop.reported(size)
    await shop.record(prepared, Word.ACCEPTED)
    return lambda: dispatch.reports.apply_due(shop.tx, scribe=dispatch.Scribe(shop.book), hints=["mockbank"])


async def recording_want_of_funds(shop: Shop, size: int) -> Verb:
    await shop.born(size)
    told = [
        Told(one.attempt_id, Outcome(Word.REFUSED, lacks_funds=True), "answer", one.lease_no)
        for one in (await shop.claim()).prepared
    ]
    await shop.tx.run("UPDATE floats SET low_since = NULL")
    return lambda: shop.funded_again(told)


async def handing_over(shop: Shop, size: int) -> Verb:
    await shop.born(size)
    await shop.tx.run("UPDATE payouts SET due_at = 'infinity' WHERE state = 'approved'")
    return lambda: payouts.hand_over(shop.tx, shop.terms.program)


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """A way to the database on which statements are counted."""
    async with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
async def through(settings: Settings, proxy: Proxy) -> AsyncIterator[Database]:
    """A pool that goes that way."""
    database = await db.connect(settings.model_copy(update={"database_url": proxy.url, "database_ssl": "disable"}))
    yield database
    await database.close()


@pytest.mark.parametrize(
    "verb",
    [
        requesting, settling, cancelling, returning, moving_money, crediting, preparing, recording, recording_refusals,
        recording_want_of_funds, taking_reports_in, applying_reports, applying_hints, handing_over,
    ],
    ids=lambda verb: verb.__name__,
)  # fmt: skip
async def test_a_batch_costs_the_same_whatever_its_size(
    through: Database, proxy: Proxy, verb: Callable[[Shop, int], Awaitable[Verb]]
) -> None:
    counted = {}
    async with through.transaction() as tx:
        terms = await program(tx, dispatch__batch_size=500)
        shop = Shop(tx, terms, [await merchant(tx, terms.program) for _ in range(20)])
        await (await verb(shop, 2))()  # Warms up: plans, types, terms and platform accounts are known from now on.
        for size in SIZES:
            carry_out = await verb(shop, size)
            before = proxy.statements
            await carry_out()
            counted[size] = proxy.statements - before
    assert len(set(counted.values())) == 1, counted
    assert 1 <= counted[1] <= 15, counted
