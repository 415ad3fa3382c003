"""What has become of runs: how far their payouts are, and which of them failed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar import payouts
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money, totals
from bursar.payouts import PayoutState
from bursar.schedules import store

ERRORS: Final = 10  # Failures that are shown beside the figures; ``failures`` pages through all of them.
FAILURES_MAX: Final = 1_000

SUCCEEDED: Final = frozenset({PayoutState.COMPLETED})
FAILED: Final = frozenset({PayoutState.FAILED, PayoutState.RETURNED})
CALLED_OFF: Final = frozenset({PayoutState.CANCELLED, PayoutState.REJECTED})


@dataclass(frozen=True, slots=True)
class Failure:
    """A payout of a run that failed, or came back: whose, how much, the reason's code, and since when."""

    payout_id: UUID
    holder_id: UUID
    reference: str
    amount: Money
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """What has become of the payouts of one run.

    ``waiting`` is everything that has not ended, wherever it stands. ``amounts`` is what all of them add up to and
    ``paid`` what has arrived, in each currency. ``errors`` are the latest failures, newest first.
    """

    run_id: UUID
    total: int
    succeeded: int
    failed: int
    waiting: int
    called_off: int
    amounts: tuple[Money, ...]
    paid: tuple[Money, ...]
    states: Mapping[PayoutState, int]
    errors: tuple[Failure, ...] = ()

    @property
    def amount(self) -> Money | None:
        """What all of them add up to, in the run's one currency; None for a run without payouts."""
        return self.amounts[0] if self.amounts else None


async def results(tx: Transaction, run_ids: Collection[UUID]) -> dict[UUID, Results]:
    """What has become of these runs; of a run that is over, as it was then, and else as it is now.

    At most three statements, however many runs there are. What is under way is counted, which takes a second for a
    million payouts; what is over is not.
    """
    kept = await store.kept_results(tx, run_ids)
    open_ids = [run_id for run_id in run_ids if run_id not in kept]
    counted = await payouts.count_by_run(tx, open_ids) if open_ids else {}
    found = {run_id: of_figures(run_id, figures) for run_id, figures in counted.items()}
    found |= {run_id: _read(run_id, raw) for run_id, raw in kept.items()}
    return await _with_errors(tx, found)


async def failures(tx: Transaction, run_id: UUID, *, limit: int = 50, before: UUID | None = None) -> list[Failure]:
    """The failures of a run, latest asked for first; continue with ``before`` set to the last one's payout."""
    failed = await payouts.failures_by_run(tx, [run_id], before=before, limit=min(limit, FAILURES_MAX))
    return [_failure(payout) for payout in failed[run_id]]


def to_keep(found: Results) -> dict[str, Any]:
    """The figures as a run's row keeps them, in minor units."""
    return {
        "states": {state.value: count for state, count in found.states.items()},
        "amounts": {one.currency: one.minor for one in found.amounts},
        "paid": {one.currency: one.minor for one in found.paid},
    }


def of_figures(run_id: UUID, figures: payouts.Figures) -> Results:
    """What has become of a run by these figures; without its errors."""
    return _results(
        run_id,
        {state: count for state, (count, _) in figures.items()},
        amounts=totals(one for _, sums in figures.values() for one in sums),
        paid=totals(one for state, (_, sums) in figures.items() if state in SUCCEEDED for one in sums),
    )


def _read(run_id: UUID, raw: Mapping[str, Any]) -> Results:
    states = {PayoutState(state): count for state, count in raw["states"].items()}
    return _results(run_id, states, amounts=_money(raw["amounts"]), paid=_money(raw["paid"]))


def _results(
    run_id: UUID, states: Mapping[PayoutState, int], *, amounts: tuple[Money, ...], paid: tuple[Money, ...]
) -> Results:
    count = sum(states.values())
    return Results(
        run_id=run_id,
        total=count,
        succeeded=_sum(states, SUCCEEDED),
        failed=_sum(states, FAILED),
        waiting=count - _sum(states, payouts.RESTING),
        called_off=_sum(states, CALLED_OFF),
        amounts=amounts,
        paid=paid,
        states=states,
    )


def _sum(states: Mapping[PayoutState, int], which: Collection[PayoutState]) -> int:
    return sum(count for state, count in states.items() if state in which)


def _money(minor: Mapping[str, int]) -> tuple[Money, ...]:
    return tuple(Money(amount, currency) for currency, amount in sorted(minor.items()))


async def _with_errors(tx: Transaction, found: Mapping[UUID, Results]) -> dict[UUID, Results]:
    failing = [run_id for run_id, one in found.items() if one.failed]
    latest = await payouts.failures_by_run(tx, failing, limit=ERRORS) if failing else {}
    return {run_id: replace(one, errors=tuple(map(_failure, latest.get(run_id, ())))) for run_id, one in found.items()}


def _failure(payout: payouts.Payout) -> Failure:
    return Failure(
        payout_id=payout.id,
        holder_id=payout.holder_id,
        reference=payout.reference,
        amount=payout.amount,
        reason=payout.reason or payout.state.value,
        at=payout.processed_at or payout.updated_at,
    )
