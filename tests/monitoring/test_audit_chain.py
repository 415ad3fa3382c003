"""The audit chain names whatever was done to the history behind our backs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitoring_house import Books, tamper

from bursar.monitoring import audit
from bursar.monitoring.audit import chain


async def seal(books: Books) -> int:
    async with books.database.transaction() as tx:
        await audit.seal(tx)  # The first reading only makes the reader's place.
    async with books.database.transaction() as tx:
        return await audit.seal(tx)


async def verify(books: Books) -> tuple[int, audit.Fault | None]:
    async with books.database.transaction(readonly=True) as tx:
        return await audit.verify(tx)


@pytest.fixture
async def sealed(books: Books) -> Books:
    for _ in range(3):
        await books.cancel(await books.ask())
    await seal(books)
    await books.ask()
    await seal(books)
    return books


async def test_an_untouched_history_verifies(sealed: Books) -> None:
    assert await verify(sealed) == (3 * 3 + 2, None)


async def test_what_is_not_sealed_yet_is_no_fault(sealed: Books) -> None:
    await sealed.ask()
    assert await verify(sealed) == (11, None)


async def test_an_empty_history_verifies(books: Books) -> None:
    assert await verify(books) == (0, None)


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("UPDATE payout_events SET actor = 'system:nobody' WHERE id = 2", "altered or out of order"),
        ("UPDATE payout_events SET at = at - interval '1 day' WHERE id = 5", "altered or out of order"),
        ("""UPDATE payout_events SET facts = '{"forged": true}' WHERE id = 11""", "altered or out of order"),
        ("DELETE FROM payout_events WHERE id = 3", "missing"),
        ("DELETE FROM payout_events WHERE id = 1", "missing"),
    ],
)
async def test_a_changed_history_is_named(sealed: Books, deed: str, what: str) -> None:
    await tamper(sealed.database, deed)
    _, fault = await verify(sealed)
    assert fault is not None
    assert fault.what == what
    assert "payout" in fault.event or fault.event == "the first event"


async def test_a_row_slipped_in_is_named(sealed: Books) -> None:
    await tamper(
        sealed.database,
        "UPDATE payout_events SET seq = seq + 10 WHERE id = 3",
        """
        INSERT INTO payout_events (id, xid, payout_id, holder_id, seq, verb, from_state, to_state, actor)
        OVERRIDING SYSTEM VALUE
        SELECT 2, xid, payout_id, holder_id, 9, 'approve', 'requested', 'approved', 'system:nobody'
        FROM payout_events WHERE id = 3
        """,
        "UPDATE payout_events SET seq = seq - 10 WHERE id = 3",
    )
    _, fault = await verify(sealed)
    assert fault is not None


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("UPDATE audit_blocks SET root = sha256('forged') WHERE number = 1", "altered"),
        ("UPDATE audit_blocks SET leaves = leaves || leaves WHERE number = 2", "altered"),
        ("DELETE FROM audit_blocks WHERE number = 1", "missing"),
        ("DELETE FROM audit_blocks WHERE number = 2", "missing: more was sealed than the chain holds"),
    ],
)
async def test_a_changed_chain_is_named(sealed: Books, deed: str, what: str) -> None:
    await tamper(sealed.database, deed)
    _, fault = await verify(sealed)
    assert fault is not None
    assert fault.what == what


async def test_history_and_chain_refuse_ordinary_changes(sealed: Books) -> None:
    for table in ("payout_events", "audit_blocks"):
        with pytest.raises(Exception, match="append-only"):
            async with sealed.database.transaction() as tx:
                await tx.run(f"DELETE FROM {table}")


@given(st.lists(st.binary(min_size=1), min_size=2, max_size=40))
def test_no_two_lists_of_leaves_share_a_root(contents: list[bytes]) -> None:
    leaves = [hashlib.sha256(content).digest() for content in contents]
    root = chain.merkle_root(leaves)
    assert chain.merkle_root([*leaves, leaves[-1]]) != root
    assert chain.merkle_root(leaves[:-1]) != root
    if leaves[0] != leaves[1]:
        assert chain.merkle_root([leaves[1], leaves[0], *leaves[2:]]) != root
