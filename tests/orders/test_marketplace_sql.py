"""The marketplace's own words in SQL: the document's questions as written, asked by somebody who may only read."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from orders_house import Marketplace, open_market

from bursar import orders, payouts
from bursar.api.marketplace.wire import WORDS
from bursar.foundation import embedded, migrations
from bursar.foundation.db import Database
from bursar.foundation.migrations import MigrationError
from bursar.holders import Holder
from bursar.payouts import PayoutState
from ground import AT, administer, ask, merchant, own_database, program

# As the marketplace document has them, to the letter.
PENDING = "SELECT * FROM payouts WHERE status = 'pending' ORDER BY created_at ASC;"
FAILED = "SELECT * FROM payouts WHERE status = 'failed' ORDER BY created_at DESC;"
STATISTICS = """
SELECT 
  status,
  COUNT(*) as count,
  SUM(amount_paise) as total_paise
FROM payouts
GROUP BY status;
"""  # noqa: W291 - verbatim
ENTITY = [
    "payout_id", "user_id", "payout_type", "status", "amount_paise", "scout_id", "order_id", "payment_reference",
    "failure_reason", "processed_at", "completed_at", "created_at", "updated_at",
]  # fmt: skip


@dataclass(frozen=True)
class Sold:
    """A marketplace with a scout, a recruited seller, and a payout in every state, all committed."""

    market: Marketplace
    seller: Holder
    scout: Holder
    payouts: dict[PayoutState, UUID]
    first: orders.Order


@pytest.fixture(scope="module")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of these tests' own: their payouts stand where none could have come by itself."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture
async def sold(database: Database) -> Sold:
    """An order completed for each state, whose payout is then made to stand there."""
    async with database.transaction() as tx:
        market = await open_market(tx)
        scout = await market.scout()
        seller = await market.seller(by=scout)
        made = {state: await market.sold(seller, "10.00") for state in PayoutState}
        ids = {state: done.payout.id for state, done in made.items() if done.payout}
        await market.take(made[PayoutState.COMPLETED].payout, "send", "settle")
        await tx.run("SET LOCAL session_replication_role = replica")  # No gateway here moves them that far.
        await tx.run(
            "UPDATE payouts p SET state = s, reason = 'told' FROM unnest($1::uuid[], $2::text[]) AS new (id, s)"
            " WHERE p.id = new.id",
            list(ids.values()),
            [state.value for state in ids],
        )
    return Sold(market, seller, scout, ids, made[PayoutState.REQUESTED].order)


@pytest.fixture
async def analyst(database_url: str, server_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Somebody with the rights that docs/sql.md gives, and no others."""
    role = f"analyst_{uuid4().hex[:8]}"
    for statement in (
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        f"GRANT USAGE ON SCHEMA marketplace TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA marketplace TO {role}",
        f"ALTER ROLE {role} SET search_path = marketplace",
        f"ALTER ROLE {role} SET default_transaction_read_only = on",
    ):
        await administer(database_url, statement)
    connection = await asyncpg.connect(_as(database_url, role))
    yield connection
    await connection.close()
    await administer(database_url, f"DROP OWNED BY {role}")
    await administer(server_url, f"DROP ROLE {role}")


def _as(url: str, role: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}"))


async def test_the_documents_questions_are_answered_as_written(sold: Sold, analyst: "asyncpg.Connection[Any]") -> None:
    mine = {str(name): state for state, name in sold.payouts.items()}
    pending = [mine[str(row["payout_id"])] for row in await analyst.fetch(PENDING) if str(row["payout_id"]) in mine]
    assert set(pending) == {PayoutState.REQUESTED, PayoutState.IN_REVIEW, PayoutState.APPROVED}
    failed = [mine[str(row["payout_id"])] for row in await analyst.fetch(FAILED) if str(row["payout_id"]) in mine]
    assert set(failed) == {PayoutState.FAILED, PayoutState.RETURNED}
    counted = {row["status"]: (row["count"], row["total_paise"]) for row in await analyst.fetch(STATISTICS)}
    assert set(counted) == {word.value for word in WORDS.values()}
    everything = await analyst.fetch("SELECT status, amount_paise FROM payouts")
    for word, (count, total) in counted.items():
        amounts = [row["amount_paise"] for row in everything if row["status"] == word]
        assert (count, total) == (len(amounts), sum(amounts))


async def test_each_state_has_the_word_that_the_api_has_for_it(sold: Sold, analyst: "asyncpg.Connection[Any]") -> None:
    rows = await analyst.fetch("SELECT state, status FROM payouts WHERE payout_id = ANY($1)", [*sold.payouts.values()])
    assert {PayoutState(row["state"]): row["status"] for row in rows} == {s: w.value for s, w in WORDS.items()}


async def test_a_payout_has_the_documents_fields(sold: Sold, analyst: "asyncpg.Connection[Any]") -> None:
    completed, failed = [
        dict(await analyst.fetchrow("SELECT * FROM payouts WHERE payout_id = $1", sold.payouts[state]) or {})
        for state in (PayoutState.COMPLETED, PayoutState.FAILED)
    ]
    assert [name for name in completed if name in ENTITY] == ENTITY, "in the document's order"
    assert completed["user_id"] == sold.seller.reference
    assert (completed["payout_type"], completed["scout_id"]) == ("seller_payout", None)
    assert (completed["amount_paise"], completed["netted_paise"]) == (1_000, 0)
    assert completed["completed_at"] is not None
    assert (completed["failure_reason"], failed["failure_reason"]) == (None, "told")
    assert failed["completed_at"] is None
    [first] = await analyst.fetch("SELECT order_id FROM payouts WHERE payout_id = $1", sold.first.payout_id)
    assert first["order_id"] == sold.first.reference


async def test_a_scouts_earnings_go_down_when_the_payout_is_completed(
    database: Database, analyst: "asyncpg.Connection[Any]"
) -> None:
    """The document's own question, when earnings seem not to be deducted."""
    async with database.transaction() as tx:
        market = await open_market(tx)
        scout = await market.scout()
        seller = await market.seller(by=scout)
        await market.sold(seller, "1000.00")
        payout = await market.ask(scout, "20.00")
    assert isinstance(payout, payouts.Payout)
    question = "SELECT earnings_paise, available_paise, reserved_paise, paid_paise FROM scouts WHERE scout_id = $1"
    assert tuple(await analyst.fetchrow(question, scout.reference) or ()) == (5_000, 3_000, 2_000, 0)
    async with database.transaction() as tx:
        market.tx = tx
        await market.take(payout, "send", "settle")
    assert tuple(await analyst.fetchrow(question, scout.reference) or ()) == (3_000, 3_000, 0, 2_000)
    [row] = await analyst.fetch("SELECT payout_type, scout_id FROM payouts WHERE payout_id = $1", payout.id)
    assert tuple(row) == ("scout_bounty", scout.reference)


async def test_a_sellers_debt_and_the_orders_that_made_it_are_shown(
    database: Database, analyst: "asyncpg.Connection[Any]"
) -> None:
    async with database.transaction() as tx:
        market = await open_market(tx)
        seller = await market.seller(by=await market.scout())
        done = await market.sold(seller, "100.00")
        await market.take(done.payout, "send", "settle")
        await market.refund(done.order)
    [row] = await analyst.fetch("SELECT paid_paise, debt_paise FROM sellers WHERE seller_id = $1", seller.reference)
    assert tuple(row) == (10_000, 10_000)
    [row] = await analyst.fetch(
        "SELECT status, price_paise, fee_paise, bounty_paise, owed_paise FROM orders WHERE order_id = $1",
        done.order.reference,
    )
    assert tuple(row) == ("refunded", 10_000, 1_000, 500, 10_000)


async def test_whoever_has_nothing_yet_is_shown_with_nothing(
    database: Database, analyst: "asyncpg.Connection[Any]"
) -> None:
    async with database.transaction() as tx:
        market = await open_market(tx)
        scout = await market.scout()
    [row] = await analyst.fetch("SELECT earnings_paise, debt_paise FROM scouts WHERE user_id = $1", scout.reference)
    assert tuple(row) == (0, 0)


async def test_who_may_read_the_views_sees_nothing_beside_them_and_changes_nothing(
    sold: Sold, analyst: "asyncpg.Connection[Any]"
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await analyst.fetch("SELECT * FROM bursar.payouts")
    await analyst.execute("SET default_transaction_read_only = off")
    with pytest.raises(asyncpg.PostgresError):
        await analyst.execute("DELETE FROM payouts")
    with pytest.raises(asyncpg.PostgresError):
        await analyst.execute("UPDATE scouts SET name = 'Mine'")
    assert await analyst.fetchval("SELECT count(*) FROM payouts") >= len(sold.payouts)


async def test_payouts_of_other_programs_holders_are_not_shown(
    database: Database, analyst: "asyncpg.Connection[Any]"
) -> None:
    async with database.transaction() as tx:
        other = (await program(tx)).program
        holder_id = await merchant(tx, other)
        desk = Marketplace(tx, other).desk
        await payouts.request(tx, [ask(holder_id, other)], desk=desk, at=AT)
    assert await analyst.fetchval("SELECT count(*) FROM payouts WHERE program = $1", other) == 0


async def test_the_questions_are_answered_after_a_restore(sold: Sold, database_url: str, restored: str) -> None:
    """From an ordinary dump, into an empty database."""
    await asyncio.to_thread(_copy, database_url, restored)
    answers = []
    for url in (database_url, restored):
        connection = await asyncpg.connect(url, server_settings={"search_path": "marketplace"})
        answers.append(sorted(map(tuple, await connection.fetch(STATISTICS))))
        await connection.close()
    assert answers[0] == answers[1]
    assert sum(row[1] for row in answers[0]) >= len(sold.payouts)


def _copy(source: str, target: str) -> None:
    dump = subprocess.run([embedded.binary("pg_dump"), "--no-owner", source], capture_output=True, check=True)
    subprocess.run([embedded.binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", target], input=dump.stdout, check=True)


@pytest.fixture
async def restored(server_url: str) -> AsyncIterator[str]:
    """An empty database."""
    name = f"r_{uuid4().hex[:16]}"
    await administer(server_url, f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    await administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def owned(server_url: str) -> Iterator[str]:
    """A database whose role may make no schemas, and has been given the one that it needs."""
    name = f"o_{uuid4().hex[:16]}"
    asyncio.run(administer(server_url, f"CREATE ROLE {name} LOGIN PASSWORD 'secret'"))
    asyncio.run(administer(server_url, f"CREATE DATABASE {name}"))
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    asyncio.run(administer(url, f"CREATE SCHEMA bursar AUTHORIZATION {name}"))
    yield url
    asyncio.run(administer(server_url, f"DROP DATABASE {name} WITH (FORCE)"))
    asyncio.run(administer(server_url, f"DROP ROLE {name}"))


def test_a_role_that_may_make_no_schemas_is_told_what_to_ask_for(owned: str) -> None:
    role = urlsplit(owned).path.removeprefix("/")
    with pytest.raises(MigrationError, match=f"CREATE SCHEMA marketplace AUTHORIZATION {role}"):
        migrations.migrate(_as(owned, role))
    assert migrations.status(_as(owned, role)).current == "0018"
    asyncio.run(administer(owned, f"CREATE SCHEMA marketplace AUTHORIZATION {role}"))
    assert migrations.migrate(_as(owned, role)).applied[0] == "0019"
