"""The doctor finds every breach that is made on purpose, and none where there is none."""

import pytest
from monitoring_house import NUMBER, Books, tamper

from bursar import monitoring
from bursar.monitoring import Breach


async def breaches(books: Books) -> list[Breach]:
    async with books.database.transaction(readonly=True) as tx:
        return await monitoring.check_laws(tx, keyring=books.desk.keyring)


async def test_sound_books_have_no_breach(books: Books) -> None:
    await books.cancel(await books.ask())
    await books.ask()
    await books.ask("150000.00")
    assert await breaches(books) == []


@pytest.mark.parametrize(
    ("law", "deed"),
    [
        (2, "UPDATE balances SET available = available + 1"),
        (2, "UPDATE balances SET reserved = reserved + 1"),
        (2, "DELETE FROM transfers WHERE kind = 'reserve'"),
        (2, "UPDATE payouts SET state = 'failed'"),
        (4, "UPDATE payouts SET state = 'sending'"),
        (5, "UPDATE payouts SET state = 'retrying'"),
        (5, "DELETE FROM payout_events WHERE seq = 1"),
        (5, "UPDATE payouts SET version = version + 1"),
        (6, "UPDATE payouts SET amount = amount + 1"),
        (7, """
            INSERT INTO idempotency_keys (caller, key, body_hash, status, answer)
            VALUES (gen_random_uuid(), 'k', '', 201, '{"id": "01a1f84c-9492-7a87-8b43-f2b3758d6ffb"}')
            """),
        (10, f"UPDATE payouts SET destination_shown = destination_shown || '{{\"note\": \"{NUMBER}\"}}'"),
        (10, f"UPDATE payout_events SET reason = 'account {NUMBER} is closed'"),
    ],
)  # fmt: skip
async def test_a_broken_law_is_found(books: Books, law: int, deed: str) -> None:
    await books.ask()
    await tamper(books.database, deed)
    assert law in {breach.law for breach in await breaches(books)}


async def test_a_sent_payout_without_approval_is_found(books: Books) -> None:
    payout = await books.ask("150000.00")
    await tamper(
        books.database,
        f"""
        INSERT INTO attempts (id, payout_id, holder_id, program, terms_version, amount, currency, generation, gateway,
                              key, batch_id, outcome, window_ends_at, look_at)
        VALUES ('{payout.id}', '{payout.id}', '{payout.holder_id}', 'merchants', 1, 1, 'PKR', 1, 'mockbank', 'k',
                '{payout.id}', 'open', now(), now())
        """,
    )
    assert 6 in {breach.law for breach in await breaches(books)}
