"""Tallies count each move once, and a look at them costs the same however much there is."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from watch_house import LEADS, WatchedHouse, open_watched

from bursar import monitoring, payouts
from bursar.foundation.db import Database, Transaction
from bursar.monitoring import tallies
from bursar.monitoring.tallies import BOUNDS, quantile
from bursar.payouts import PayoutState as S

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def states(house: WatchedHouse) -> dict[S, tuple[int, int]]:
    """What the tallies say stands where."""
    found: list[tallies.StateTally] = await house.do(tallies.states, house.program)
    return {one.state: (one.count, one.amount) for one in found}


async def test_tallies_say_what_counting_every_payout_says(watched: WatchedHouse) -> None:
    """Any mixture of lives, counted in any portions, comes to what the table itself holds."""
    chance = random.Random(4711)
    for _ in range(6):
        await watched.pay(*chance.choices(list(LEADS), k=chance.randint(1, 12)), amount=f"{chance.randint(1, 900)}.25")
        if chance.random() < 0.5:
            await watched.count()
    await watched.count()
    counted = await watched.do(payouts.count_by_state, watched.program)
    assert await states(watched) == {state: (n, sum(m.minor for m in sums)) for state, (n, sums) in counted.items()}


async def test_each_move_is_counted_once_however_many_read(watched: WatchedHouse) -> None:
    await watched.pay(*["completed"] * 20)
    await asyncio.gather(*(watched.count() for _ in range(4)))
    await watched.count()
    assert (await watched.metrics()).moves == {"request": 20, "approve": 20, "send": 20, "settle": 20}


async def test_what_was_counted_and_rolled_back_is_counted_again(watched: WatchedHouse) -> None:
    await watched.pay("completed", "failed")

    class ItFailed(Exception):
        pass

    with pytest.raises(ItFailed):
        async with watched.database.transaction() as tx:
            assert await tallies.read_on(tx) == 8
            raise ItFailed
    assert await watched.count() == 8
    assert (await states(watched))[S.COMPLETED][0] == 1


async def test_the_oldest_open_payout_is_known_to_the_minute_until_it_ends(watched: WatchedHouse) -> None:
    [old, new] = await watched.pay("sending", "sending")
    await watched.run("UPDATE payouts SET created_at = created_at - interval '30 hours' WHERE id = $1", old.id)
    before = await watched.metrics()
    assert before.oldest_open_seconds is not None
    assert timedelta(hours=30) <= timedelta(seconds=before.oldest_open_seconds) < timedelta(hours=30, minutes=2)
    await watched.move([(old.id, "settle")])
    after = await watched.metrics()
    assert after.oldest_open_seconds is not None
    assert after.oldest_open_seconds < 120
    await watched.move([(new.id, "settle")])
    assert (await watched.metrics()).oldest_open_at is None
    assert await watched.value("SELECT count(*) FROM open_tallies") == 0, "minutes with nothing open are dropped"


async def test_a_retry_opens_a_payout_again(watched: WatchedHouse) -> None:
    [payout] = await watched.pay("failed")
    assert (await watched.metrics()).pending == 0
    await watched.move([(payout.id, "retry")])
    again = await watched.metrics()
    assert again.pending == 1
    assert again.oldest_open_at is not None


async def test_figures_of_a_window(watched: WatchedHouse) -> None:
    paid = await watched.pay(*["completed"] * 6, *["failed"] * 2, "retrying", "returned", "approved", amount="250.00")
    hours = [1, 1, 1, 1, 1, 13, 1, 1]
    for payout, age in zip(paid, hours, strict=False):
        await watched.run(
            "UPDATE payouts SET created_at = created_at - make_interval(hours => $2) WHERE id = $1", payout.id, age
        )
    figures = await watched.metrics()
    assert (figures.succeeded, figures.failed, figures.ended) == (7, 2, 9)
    assert (figures.success_rate, figures.failure_rate) == (77.78, 22.22)
    assert figures.retry_rate == 10.0, "one of ten tries led to another one"
    assert (figures.pending, figures.count(S.APPROVED), figures.count(S.RETURNED)) == (2, 1, 1)
    assert [str(money) for money in figures.paid] == ["1,750.00 PKR"]
    assert [str(money) for money in figures.requested] == ["2,750.00 PKR"]
    assert [str(money) for money in figures.pending_money] == ["500.00 PKR"]
    assert figures.average_seconds == pytest.approx((7 * 1 + 13 * 1) / 9 * 3600, rel=0.01)
    assert figures.p50_seconds == pytest.approx(3600, rel=0.2)
    assert figures.p99_seconds == pytest.approx(13 * 3600, rel=0.2)


async def test_what_is_outside_the_window_does_not_count(watched: WatchedHouse) -> None:
    await watched.pay("completed")
    await watched.metrics()
    for table in ("flow_tallies", "duration_tallies"):
        await watched.run(f"UPDATE {table} SET since = since - interval '5 hours' WHERE span <> 'ever'")
    assert (await watched.metrics(window=timedelta(hours=4))).succeeded == 0
    assert (await watched.metrics(window=timedelta(hours=7))).succeeded == 1


async def test_a_program_is_told_apart_from_the_others(watched: WatchedHouse, database: Database) -> None:
    other = await open_watched(database)
    await watched.pay("completed")
    await other.pay("failed", "failed")
    assert ((await watched.metrics()).succeeded, (await watched.metrics()).failed) == (1, 0)
    everything: monitoring.Metrics = await watched.do(monitoring.metrics)
    assert (everything.succeeded, everything.failed) == (1, 2)


async def test_minutes_are_forgotten_and_what_there_ever_was_is_not(watched: WatchedHouse) -> None:
    await watched.pay("completed")
    await watched.count()
    for table in ("flow_tallies", "duration_tallies"):
        await watched.run(f"UPDATE {table} SET since = since - interval '500 days' WHERE span <> 'ever'")
    await watched.do(tallies.forget_old)
    assert {await watched.value(f"SELECT max(span) FROM {t}") for t in ("flow_tallies", "duration_tallies")} == {"ever"}
    flows, durations = await watched.do(tallies.ever)
    assert {flow.verb: flow.count for flow in flows}["settle"] == 1
    assert tallies.cumulative(durations, [BOUNDS[0], 60.0])[-1] == 1


# ---- What a look costs ----------------------------------------------------------------------------------------------


async def rows_touched(tx: Transaction) -> int:
    """How many rows of payouts and what belongs to them this transaction has read so far, by scan or by index."""
    found: int = await tx.value(
        """
        SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
        WHERE relname IN ('payouts', 'payout_events', 'attempts', 'balances')
        """
    )
    return found or 0


async def fabricate(house: WatchedHouse, moves: int) -> None:
    """Write tallies as they would be after so many completed payouts, over the last day."""
    await house.run(
        """
        INSERT INTO flow_tallies (span, since, program, currency, verb, count, amount, seconds)
        SELECT 'hour', date_trunc('hour', now()) - make_interval(hours => h), $1, 'PKR', verb, $2::bigint, 1000, 60
        FROM generate_series(0, 23) h, unnest(ARRAY['request', 'send', 'settle']) verb
        ON CONFLICT (span, since, program, currency, verb) DO UPDATE SET count = excluded.count
        """,
        house.program,
        moves // 24,
    )


async def statements(tx: Transaction, program: str) -> Sequence[str]:
    """The plans of all that a look at figures and health reads, as PostgreSQL says them."""
    seen: list[str] = []
    look = tx.many

    async def explained(sql: str, *args: object) -> object:
        if "tallies" in sql:
            seen.extend(row[0] for row in await look(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {sql}", *args))
        return await look(sql, *args)

    tx.many = explained  # type: ignore[method-assign,assignment] # To read along; nothing is changed.
    await monitoring.metrics(tx, program)
    return seen


async def test_a_look_reads_no_payout_whatever_there_is(watched: WatchedHouse) -> None:
    """All of it comes from tallies: not one row of payouts or their events is read for the figures."""
    await watched.pay(*["completed"] * 40, *["failed"] * 10, *["sending"] * 10)
    await watched.count()
    async with watched.database.transaction() as tx:
        before = await rows_touched(tx)
        await monitoring.metrics(tx, watched.program)
        await monitoring.metrics(tx)
        assert await rows_touched(tx) == before
        await payouts.count_by_state(tx)
        assert await rows_touched(tx) == before + 60, "counting them would have read each"


async def test_a_look_costs_the_same_at_ten_thousand_and_at_ten_million(watched: WatchedHouse) -> None:
    """The tallies' rows grow with hours and not with payouts, so the same blocks are read."""

    async def blocks() -> int:
        async with watched.database.transaction() as tx:
            plans = await statements(tx, watched.program)
        hits = [line.split("hit=")[1].split()[0] for line in plans if line.strip().startswith("Buffers: shared hit=")]
        assert hits, plans
        return sum(map(int, hits))

    await fabricate(watched, 10_000)
    await blocks()
    small = await blocks()
    await fabricate(watched, 10_000_000)
    assert await blocks() <= small + 8, "an update may have moved a row to another block, no more"
    figures: monitoring.Metrics = await watched.do(monitoring.metrics, watched.program)
    assert figures.succeeded > 9_000_000


async def test_counting_takes_a_few_statements_however_many_moves(watched: WatchedHouse) -> None:
    async def counted() -> tuple[int, int]:
        async with watched.database.transaction() as tx:
            calls = Counter[str]()
            run, many = tx.run, tx.many
            tx.run = lambda *a: (calls.update(["run"]), run(*a))[1]  # type: ignore[method-assign] # Counts only.
            tx.many = lambda *a: (calls.update(["many"]), many(*a))[1]  # type: ignore[method-assign] # Likewise.
            return await tallies.read_on(tx), calls.total()

    await watched.count()
    await watched.pay("completed")
    assert await counted() == (4, 8)
    await watched.pay(*["completed"] * 200)
    assert await counted() == (800, 8)


# ---- Percentiles ----------------------------------------------------------------------------------------------------


def test_percentiles_are_right_to_a_tenth() -> None:
    chance = random.Random(7)
    times = sorted(chance.lognormvariate(4, 2) for _ in range(5_000))
    counts = Counter(sum(bound <= time for bound in BOUNDS) for time in times)
    for share in (0.5, 0.95, 0.99):
        assert quantile(counts, share) == pytest.approx(times[int(share * len(times))], rel=0.12)


def test_nothing_has_no_percentile() -> None:
    assert quantile({}, 0.5) is None


def test_what_took_longer_than_the_last_bound_took_that_long() -> None:
    assert quantile({len(BOUNDS): 3}, 0.5) == BOUNDS[-1]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, NOON + timedelta(hours=24)),
        (NOON + timedelta(minutes=17), NOON + timedelta(hours=5, minutes=3)),
        (NOON + timedelta(minutes=17), NOON + timedelta(minutes=42)),
        (NOON + timedelta(minutes=17), NOON + timedelta(hours=1, minutes=3)),
        (NOON, NOON + timedelta(minutes=1)),
    ],
)
def test_a_window_is_covered_by_hours_and_minutes_without_gap_or_overlap(since: datetime, until: datetime) -> None:
    from bursar.monitoring.tallies.look import _edges

    begin, first, last, end = _edges(since, until)
    minutes = [*each(begin, first, 1), *each(last, end, 1)]
    hours = [minute for hour in each(first, last, 60) for minute in each(hour, hour + timedelta(hours=1), 1)]
    assert sorted([*minutes, *hours]) == list(each(since, until, 1))


def each(since: datetime, until: datetime, minutes: int) -> list[datetime]:
    """The beginnings of all spans of so many minutes."""
    found = []
    while since < until:
        found.append(since)
        since += timedelta(minutes=minutes)
    return found
