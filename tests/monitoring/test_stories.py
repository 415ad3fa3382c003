"""Whichever id somebody has in hand, it leads to the whole story, and through an index."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from monitoring_house import Books

from bursar import monitoring, payouts
from bursar.foundation import ids, journal, log
from bursar.foundation.db import Database
from bursar.monitoring import stories
from bursar.monitoring.stories import store
from ground import AT


async def tell(database: Database, given: object) -> stories.Story:
    """The story that an id leads to."""
    async with database.transaction(readonly=True) as tx:
        return await monitoring.trace(tx, str(given))


def kinds(story: stories.Story) -> set[str]:
    """As what the id was known."""
    return {match.what for match in story.matches}


async def sent(books: Books, payout: payouts.Payout, *, reference: str = "GW-4711") -> UUID:
    """Write down an attempt for a payout, as dispatch does; its id, which follows its batch's."""
    batch, attempt = ids.series(AT, 2)
    async with books.database.transaction() as tx:
        await tx.run(
            """
            INSERT INTO attempts (id, payout_id, holder_id, program, terms_version, amount, currency, generation,
                gateway, key, batch_id, outcome, look_at, window_ends_at, gateway_reference, correlation_id)
            VALUES ($1, $2, $3, 'merchants', 1, 100000, 'PKR', 1, 'mockbank', $4, $5, 'accepted', now(), now(), $6, $7)
            """,
            attempt, payout.id, payout.holder_id, f"{payout.id.hex}-1", batch, reference, payout.correlation_id,
        )  # fmt: skip
    return attempt


async def test_a_payouts_story_is_told_by_each_of_its_names(books: Books) -> None:
    payout = await books.ask(correlation_id="corr_abc123")
    attempt = await sent(books, payout)
    names = {
        payout.id: "payout",
        payout.id.hex: "payout",
        f"{payout.id.hex}-1": "payout",
        f"evt_{payout.id.hex}_2": "payout",
        attempt: "attempt",
        UUID(int=attempt.int - 1): "batch",
        "GW-4711": "gateway reference",
        "order 7": "reference",
        "corr_abc123": "correlation",
    }
    for name, what in names.items():
        story = await tell(books.database, name)
        assert what in kinds(story), name
        assert [one.id for one in story.payouts] == [payout.id]
        assert story.correlation_ids == ("corr_abc123",)
        assert {"move", "money", "attempt"} <= {line.kind for line in story.lines}
        assert [line.at for line in story.lines] == sorted(line.at for line in story.lines)


async def test_what_a_gateway_reported_is_found_by_its_own_event(books: Books) -> None:
    payout = await books.ask()
    await sent(books, payout)
    async with books.database.transaction() as tx:
        await tx.run(
            """
            INSERT INTO reports (gateway, event_id, attempt_key, outcome, body_hash, facts)
            VALUES ('aaa', 'other', 'x', 'paid', '', '{}'), ('mockbank', 'evt-9', $1, 'paid', '', '{}'),
                   ('zzz', 'evt-10', 'x', 'paid', '', '{}')
            """,
            f"{payout.id.hex}-1",
        )
    assert [one.id for one in (await tell(books.database, "evt-9")).payouts] == [payout.id]
    unmatched = await tell(books.database, "evt-10")
    assert (kinds(unmatched), unmatched.payouts) == ({"report"}, ())
    assert [line.text for line in unmatched.lines] == ["report zzz evt-10, which belongs to no payout"]


async def test_an_idempotency_key_leads_to_what_it_was_answered_with(books: Books) -> None:
    payout = await books.ask()
    async with books.database.transaction() as tx:
        await tx.run(
            """
            INSERT INTO idempotency_keys (caller, key, body_hash, status, answer)
            VALUES ($1, 'order-7/pay', '', 201, $2), ($3, 'order-7/pay', '', 422, '')
            """,
            uuid4(), json.dumps({"id": str(payout.id)}).encode(), uuid4(),
        )  # fmt: skip
    assert [one.id for one in (await tell(books.database, "order-7/pay")).payouts] == [payout.id]


async def test_what_people_did_is_found_by_their_own_request(books: Books) -> None:
    payout = await books.ask(correlation_id="corr_first")
    with log.correlated("corr_second"):
        await books.cancel(payout)
        async with books.database.transaction() as tx:
            await journal.note(tx, "key.revoked", actor="person:1", subject="key:1")
    story = await tell(books.database, "corr_second")
    assert [one.id for one in story.payouts] == [payout.id]
    assert set(story.correlation_ids) == {"corr_first", "corr_second"}
    assert [line.text for line in story.lines if line.kind == "note"] == ["key.revoked: key:1, by person:1"]


async def test_a_run_leads_to_its_payouts_and_they_lead_to_it(books: Books) -> None:
    async with books.database.transaction() as tx:
        run_id = ids.new(AT)
        await tx.run(
            """
            INSERT INTO runs (id, program, occurrence, due_at, begun_by, correlation_id)
            VALUES ($1, 'merchants', 'by hand', now(), 'cli:amina', 'run-1')
            """,
            run_id,
        )
    payout = await books.ask(correlation_id="run-1", run_id=run_id)
    for name in (run_id, "run-1", payout.id):
        story = await tell(books.database, name)
        assert [one.id for one in story.payouts] == [payout.id]
        assert [line.text for line in story.lines if line.kind == "run"] == ["run begun by hand, by cli:amina"]


async def test_of_very_many_payouts_the_latest_are_told(books: Books) -> None:
    for _ in range(stories.PAYOUTS_MAX + 1):
        await books.ask("10.00", correlation_id="corr_many")
    story = await tell(books.database, "corr_many")
    assert (len(story.payouts), story.has_more) == (stories.PAYOUTS_MAX, True)


@pytest.mark.parametrize("given", ["", "corr_nobody", "x" * 501, "a\0b", "0" * 32])
async def test_an_id_that_nothing_goes_by_is_refused(given: str, database: Database) -> None:
    with pytest.raises(stories.NothingFound):
        await tell(database, given)


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [(store.BY_ID, ([UUID(int=7)], [UUID(int=9)], 20)), (store.BY_TEXT, ("corr_1", 20))],
    ids=["by id", "by text"],
)
async def test_each_part_of_a_search_takes_an_index(
    statement: str, arguments: Sequence[object], database: Database
) -> None:
    async with database.transaction() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")  # Empty tables would be read whole; this asks what is possible.
        plan = json.loads(await tx.value(f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", *arguments))
    assert list(whole_reads(plan)) == []


def whole_reads(plan: Any) -> list[str]:
    """The tables that a plan reads from one end to the other: by no index, or by one without a condition."""
    if isinstance(plan, list):
        return [table for part in plan for table in whole_reads(part)]
    if not isinstance(plan, dict):
        return []
    if plan.get("Node Type") == "Limit" and not {"Index Cond", "Filter"} & plan["Plans"][0].keys():
        return []  # The first entry of an index, as ``min`` takes it.
    inner = [table for part in plan.values() for table in whole_reads(part)]
    is_table = "Relation Name" in plan and not {"Index Cond", "Recheck Cond"} & plan.keys()
    return [*inner, plan["Relation Name"]] if is_table else inner
