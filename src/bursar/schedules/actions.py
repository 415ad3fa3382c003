"""What workers do about runs that have begun: carry them out piece by piece, and call them finished and over.

Each piece is one transaction that holds the run's row. Whoever finds it held leaves it to the other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar import payouts, programs
from bursar.foundation.db import Transaction
from bursar.schedules import outcomes, stopping, store
from bursar.schedules.asking import ask_for_more
from bursar.schedules.model import Run, Standing

CHUNK: Final = 5_000  # Holders or payouts that one transaction is about, so that none of them lasts long.


@dataclass(frozen=True, slots=True)
class Progress:
    """What one piece of work has made of a run: how many payouts may leave now, and whether there is more to do.

    ``is_first``: nothing of it had been done before.
    """

    run: Run
    handed_over: int = 0
    is_more: bool = True
    is_first: bool = False


async def carry_on(tx: Transaction, run_id: UUID, *, desk: payouts.Desk, at_most: int = CHUNK) -> Progress | None:
    """Do the next piece of a run: ask for payouts, or hand them over, or cancel them where the run was cancelled.

    None when there is nothing to do: it is done or stopped or not there, or somebody else is at it. Safe to do twice
    and at the same time; whatever dies in between has done nothing.
    """
    run = await store.lock_if_free(tx, run_id)
    if run is None or run.finished_at is not None:
        return None
    if run.standing is Standing.CANCELLED:
        count = await stopping.cancel_some(tx, run, book=desk.book, at_most=at_most)
        return Progress(run, is_more=count == at_most)
    if run.standing is not Standing.BEGUN:
        return None
    terms = (await desk.book.judge(tx, {run.program}))[run.program]
    if run.asked_at is None and (run.pays is programs.Pays.BALANCES or terms.runs.own_schedules):
        return Progress(await ask_for_more(tx, run, terms=terms, desk=desk, at_most=at_most), is_first=run.is_untouched)
    if run.count == 0 and await stopping.too_much(tx, run, terms):
        stopped = await stopping.stop_held(tx, run, actor=stopping.FAILSAFE, why=stopping.TOO_MUCH_MONEY)
        return Progress(stopped, is_more=False)
    after, count = await _hand_over(tx, run, at_most=at_most)
    return Progress(after, handed_over=count, is_more=after.standing is Standing.BEGUN, is_first=run.is_untouched)


async def watch(tx: Transaction, program: str, *, book: programs.Book) -> tuple[int | None, list[Run]]:
    """Before a batch of a program is sent: the batch size that a run under way wants instead of the terms', if any.

    Also the runs that the failsafe stops at this moment, because too many of their payouts have failed.
    """
    going = [run for run in await store.unfinished(tx, program) if _is_leaving(run)]
    if not going:
        return None, []
    terms = (await book.judge(tx, {program}))[program]
    failing = [run for run in going if await stopping.too_many(tx, run, terms)]
    held = [run for one in failing if (run := await store.lock_if_free(tx, one.id)) is not None]
    stopped = [
        await stopping.stop_held(tx, run, actor=stopping.FAILSAFE, why=stopping.TOO_MANY_FAILURES)
        for run in held
        if _is_leaving(run)
    ]
    return max((run.batch_size for run in going if run.batch_size), default=None), stopped


async def finish(tx: Transaction, program: str | None = None) -> list[Run]:
    """Call those runs finished that have handed everything over, and of whose program nothing is due any more.

    Of one program, or of all.
    """
    handed_over = [run for run in await store.unfinished(tx, program) if run.standing is Standing.HANDED_OVER]
    if not handed_over:
        return []
    stopped = await stopping.stopped_ids(tx)
    busy = await payouts.with_due(tx, {run.program for run in handed_over}, except_runs=stopped)
    done = await store.finish(tx, [run.id for run in handed_over if run.program not in busy])
    return [run for run in handed_over if run.id in done]


async def end(tx: Transaction, program: str | None = None) -> list[UUID]:
    """Call those finished runs over whose payouts have all come to rest, and keep what has become of them.

    Of all programs, as often as is worth it; of one, now. However late somebody looks, a run ended when the last of
    its payouts came to rest; one without payouts, when it was finished.
    """
    looked_at = await store.take_unended(tx, program)
    if not looked_at:
        return []
    found = [outcomes.of_figures(run_id, f) for run_id, f in (await payouts.count_by_run(tx, looked_at)).items()]
    over = [one for one in found if not one.waiting]
    rested_at = await payouts.last_moves(tx, [one.run_id for one in over]) if over else {}
    await store.end(tx, [(one.run_id, outcomes.to_keep(one), rested_at.get(one.run_id)) for one in over])
    return [one.run_id for one in over]


def _is_leaving(run: Run) -> bool:
    """Whether payouts of a run may be on their way: a long one is still handing over when its first ones leave."""
    return run.standing is Standing.HANDED_OVER or (run.standing is Standing.BEGUN and run.count > 0)


async def _hand_over(tx: Transaction, run: Run, *, at_most: int) -> tuple[Run, int]:
    """Hand over what waits for this locked run, and not what other runs that are under way have asked for."""
    others, room = await store.others(tx, run), run.room(at_most)
    count, money = await payouts.hand_over(
        tx, run.program, limit=room, run_id=run.id, tries_max=run.tries_max, except_runs=others
    )
    kept = await _kept_waiting(tx, run, others) if count == room < at_most else 0
    amounts = _added(run.amounts, {one.currency: one.minor for one in money})
    done = await store.note_handed_over(
        tx, run.id, count=run.count + count, amounts=amounts, kept_waiting=kept, is_all=count < at_most
    )
    return done, count


async def _kept_waiting(tx: Transaction, run: Run, others: Collection[UUID]) -> int:
    """How many payouts go on to wait for the next run, since this one is full."""
    waiting = await payouts.count_for_run(tx, run.program, except_runs=others)
    return sum(count for count, _ in waiting.values())


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {currency: left.get(currency, 0) + right.get(currency, 0) for currency in left.keys() | right.keys()}
