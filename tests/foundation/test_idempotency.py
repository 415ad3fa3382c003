"""The same key gives the same answer, byte for byte; another body is refused; twins do the work once."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from bursar.foundation import idempotency
from bursar.foundation.db import Database, Transaction
from bursar.foundation.idempotency import Answer, Key, KeyReused, MissingKey

HEADER = "X-IDEMPOTENCY-KEY"


def key(text: str = "k1", body: bytes = b"{}", *, caller: object = None) -> Key:
    return idempotency.key(caller or uuid4(), text, body, header=HEADER)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, "", "k" * 256, "schlüssel", "tab\t", "line\n", "nul\0"])
def test_what_is_no_key_is_refused(text: str | None) -> None:
    with pytest.raises(MissingKey) as refusal:
        idempotency.key(uuid4(), text, b"", header=HEADER)
    assert refusal.value.facts["field"] == HEADER


def test_a_key_of_the_greatest_length_is_one() -> None:
    assert key("k" * 255).text == "k" * 255


async def test_a_new_key_has_no_answer(tx: Transaction) -> None:
    assert await idempotency.recall(tx, [key()]) == [None]


async def test_the_stored_answer_comes_back_byte_for_byte(tx: Transaction) -> None:
    asked, answer = key(), Answer(201, b'{"id": "\xc3\xbc", "amount":"1000.00" }')
    await idempotency.remember(tx, [(asked, answer)])
    assert await idempotency.recall(tx, [asked]) == [answer]


async def test_another_body_under_the_same_key_is_refused(tx: Transaction) -> None:
    caller = uuid4()
    await idempotency.remember(tx, [(key(body=b'{"amount":1}', caller=caller), Answer(201, b"first"))])
    told = (await idempotency.recall(tx, [key(body=b'{"amount":2}', caller=caller)]))[0]
    assert isinstance(told, KeyReused)


async def test_another_callers_same_key_is_another_key(tx: Transaction) -> None:
    await idempotency.remember(tx, [(key("same"), Answer(201, b"mine"))])
    assert await idempotency.recall(tx, [key("same")]) == [None]


async def test_a_batch_is_answered_in_its_order(tx: Transaction) -> None:
    caller = uuid4()
    known = [key(f"known-{n}", caller=caller) for n in range(3)]
    await idempotency.remember(tx, [(k, Answer(200 + n, b"%d" % n)) for n, k in enumerate(known)])
    asked = [known[2], key("new", caller=caller), known[0], key("known-1", b"other", caller=caller)]
    told = await idempotency.recall(tx, asked)
    assert told[:3] == [Answer(202, b"2"), None, Answer(200, b"0")]
    assert isinstance(told[3], KeyReused)


async def test_of_two_twins_one_writes_and_the_other_finds_its_answer(database: Database) -> None:
    """Two processes with the same key: the second waits for the first's commit, then has lost its transaction."""
    asked, first_wrote = key(), asyncio.Event()

    async def first() -> None:
        async with database.transaction() as tx:
            await idempotency.remember(tx, [(asked, Answer(201, b"first"))])
            first_wrote.set()
            await asyncio.sleep(0.1)

    async def second() -> None:
        await first_wrote.wait()
        async with database.transaction() as tx:
            assert await idempotency.recall(tx, [asked]) == [None], "the first has not committed"
            await idempotency.remember(tx, [(asked, Answer(201, b"second"))])

    results = await asyncio.gather(first(), second(), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), asyncpg.UniqueViolationError]
    async with database.transaction() as tx:
        assert await idempotency.recall(tx, [asked]) == [Answer(201, b"first")]


async def test_old_keys_are_forgotten_and_young_ones_are_not(tx: Transaction) -> None:
    old, young = key("old"), key("young")
    await idempotency.remember(tx, [(old, Answer(201, b"")), (young, Answer(201, b""))])
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    await tx.run("UPDATE idempotency_keys SET recorded_at = $1 WHERE key = 'old' AND caller = $2", long_ago, old.caller)
    await tx.run(
        """
        UPDATE idempotency_keys SET recorded_at = now() - make_interval(days => $1) + interval '1 hour'
        WHERE caller = $2
        """,
        idempotency.KEPT_DAYS, young.caller,
    )  # fmt: skip
    assert await idempotency.forget_old(tx) == 1
    assert await idempotency.recall(tx, [old, young]) == [None, Answer(201, b"")]
