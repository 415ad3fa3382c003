"""What is known about payouts when they are judged: facts for a whole batch, in a constant number of statements.

Only what the terms ask about is looked up. Every fact is one of a moment, so that a decision can be replayed later with
what could have been known when it was made.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from bursar import holders, programs, risk
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.payouts.judging import store
from bursar.payouts.model import NEVER, Payout

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
OTHERS: Final = 10  # Other holders of a destination are counted up to so many more than its terms let pass.

_LAST: Final = UUID(int=2**128 - 1)

Spot = tuple[UUID, bytes]
"""A holder and the blind index of a destination."""


class Seen(Enum):
    """From when payouts are looked at."""

    JUST_ASKED = "just asked"  # Not stored yet: all that is stored was before them, and they were asked in this order.
    AGAIN = "again"  # Stored: the requests before each, but otherwise what is known by now.
    BACK_THEN = "back then"  # Stored: as it was known when each was asked for.


@dataclass(frozen=True, slots=True)
class _Case:
    """One payout, the thresholds it is judged by, and what counts as before it."""

    payout: Payout
    risk: programs.Risk
    as_of: datetime  # Outcomes, destinations and lists as they stood before this.
    ending: UUID  # Requests with lower ids than this.

    @property
    def spot(self) -> Spot:
        return self.payout.holder_id, self.payout.destination_index

    @property
    def title(self) -> str:
        return str(self.payout.destination_shown.get("accountTitle", ""))


async def gather(
    tx: Transaction, asked: Sequence[Payout], terms: Mapping[str, programs.Terms], *, seen: Seen
) -> list[risk.Facts]:
    """What the rules of each payout's terms, by its program, have to know; in the order given. At most ten statements.

    Payouts that were just asked for count each other: the second of a holder is the second in its hour. Their holders'
    balances are locked by then, so that two batches at once cannot both overlook the other.
    """
    cases = [_case(payout, terms[payout.program].risk, seen) for payout in asked]
    suspects = await _suspects(tx, _that_ask(cases, lambda r: r.denied), seen=seen)
    owners = await _owners(
        tx, _that_ask(cases, lambda r: r.verified or r.name_score_min is not None or (r.denied and bool(suspects)))
    )
    pasts = await _pasts(
        tx, _that_ask(cases, lambda r: r.successes_min or r.failures_max is not None or r.amount_factor is not None)
    )
    paces = await _paces(tx, _that_ask(cases, _asks_for_pace), together=seen is Seen.JUST_ASKED)
    targets = await _targets(tx, cases, seen=seen)
    lists = await _denied(tx, suspects, owners, targets)
    return [
        risk.Facts(
            amount=payout.amount,
            at=payout.created_at,
            owner=owners.get(payout.id),
            past=pasts.get(payout.id),
            pace=paces.get(payout.id),
            target=targets.get(payout.id),
            denied=lists.get(payout.id, ()),
        )
        for payout in asked
    ]


def _case(payout: Payout, thresholds: programs.Risk, seen: Seen) -> _Case:
    return _Case(
        payout,
        thresholds,
        as_of=payout.created_at if seen is Seen.BACK_THEN else NEVER,
        ending=_LAST if seen is Seen.JUST_ASKED else payout.id,
    )


def _that_ask(cases: Sequence[_Case], asks: Callable[[programs.Risk], object]) -> list[_Case]:
    return [case for case in cases if asks(case.risk)]


def _asks_for_pace(thresholds: programs.Risk) -> bool:
    rules = (thresholds.per_hour_max, thresholds.per_day_max, thresholds.frequency_factor)
    return any(rule is not None for rule in rules)


def _is_before(moment: datetime | None, case: _Case) -> bool:
    return moment is not None and moment < case.as_of


async def _owners(tx: Transaction, cases: Sequence[_Case]) -> dict[UUID, risk.Owner]:
    """Whose money each is, and since when they were verified by then."""
    if not cases:
        return {}
    found = await holders.find(tx, {case.payout.holder_id for case in cases})
    owners = {}
    for case in cases:
        holder = found[case.payout.holder_id]
        verified_at = holder.verified_at if _is_before(holder.verified_at, case) else None
        owners[case.payout.id] = risk.Owner(holder.name, verified_at)
    return owners


async def _pasts(tx: Transaction, cases: Sequence[_Case]) -> dict[UUID, risk.Past]:
    """How each holder's payouts ended."""
    if not cases:
        return {}
    rows = await store.outcomes(tx, [_outcome_asked(case) for case in cases])
    return {
        case.payout.id: risk.Past(
            completed=row["completed"],
            failed=row["failed"],
            largest=Money(row["largest"], case.payout.amount.currency) if row["largest"] is not None else None,
            comparable=row["comparable"],
        )
        for case, row in zip(cases, rows, strict=True)
    }


def _outcome_asked(case: _Case) -> store.OutcomeAsked:
    thresholds, at = case.risk, case.payout.created_at
    failures = thresholds.failures_max
    failures_since = at - timedelta(days=thresholds.failures_days) if failures is not None else None
    history_since = at - timedelta(days=thresholds.history_days) if thresholds.amount_factor is not None else None
    return (
        case.payout.holder_id, case.payout.amount.currency, thresholds.successes_min, _telling(failures),
        failures_since, history_since, case.as_of,
    )  # fmt: skip


def _telling(threshold: int | None) -> int:
    """Up to where counting tells something: beyond twice a threshold no rule says anything else."""
    return 2 * max(threshold, 1) + 1 if threshold is not None else 0


async def _paces(tx: Transaction, cases: Sequence[_Case], *, together: bool) -> dict[UUID, risk.Pace]:
    """How often each holder asked; ``together``: those of one batch came one after the other."""
    if not cases:
        return {}
    rows = await store.paces(tx, [_pace_asked(case) for case in cases])
    before: Counter[UUID] = Counter()
    found = {}
    for case, row in zip(cases, rows, strict=True):
        holder_id, at = case.payout.holder_id, case.payout.created_at
        this_far = before[holder_id] + 1
        found[case.payout.id] = risk.Pace(
            in_hour=row["in_hour"] + this_far,
            in_day=row["in_day"] + this_far,
            in_week=row["in_week"] + this_far,
            earlier=row["earlier"],
            weeks=max((at - WEEK - row["began"]) / WEEK, 1.0) if row["earlier"] else 0.0,
        )
        before[holder_id] += together
    return found


def _pace_asked(case: _Case) -> store.PaceAsked:
    thresholds, at = case.risk, case.payout.created_at
    looks_far = thresholds.frequency_factor is not None
    week = at - WEEK if looks_far else at - DAY
    history = at - max(timedelta(days=thresholds.history_days), WEEK) if looks_far else week
    most = max(store.REQUESTS_MAX, _telling(thresholds.per_hour_max), _telling(thresholds.per_day_max))
    return (
        case.payout.holder_id, ids.first(at - HOUR), ids.first(at - DAY), ids.first(week), ids.first(history),
        case.ending, most,
    )  # fmt: skip


async def _targets(tx: Transaction, cases: Sequence[_Case], *, seen: Seen) -> dict[UUID, risk.Target]:
    """Where the money of each is to go, as far as its terms ask: what is stored, since when, and with whom else."""
    stored = await _stored(tx, _that_ask(cases, lambda r: r.changed_hours is not None or r.name_score_min is not None))
    first = await _first_uses(tx, _that_ask(cases, lambda r: r.changed_hours is not None))
    shared = await _others(tx, _that_ask(cases, lambda r: r.shared_max is not None), seen=seen)
    targets = {}
    for case in cases:
        kept = stored.get(case.payout.id)
        since = [moment for moment in (kept.added_at if kept else None, first.get(case.payout.id)) if moment]
        targets[case.payout.id] = risk.Target(
            title=case.title,
            title_found=kept.account_title_found if kept and _is_before(kept.checked_at, case) else None,
            since=min(since, default=None),
            usable_at=kept.usable_at if kept else None,
            others=len(shared.get(case.payout.id, ())),
        )
    return targets


async def _stored(tx: Transaction, cases: Sequence[_Case]) -> dict[UUID, holders.StoredDestination]:
    """The destinations that holders had stored by then; what they have removed since is forgotten."""
    if not cases:
        return {}
    found = await holders.at_indexes(tx, {case.spot for case in cases})
    kept = ((case, found.get(case.spot)) for case in cases)
    return {case.payout.id: one for case, one in kept if one is not None and one.added_at < case.as_of}


async def _first_uses(tx: Transaction, cases: Sequence[_Case]) -> dict[UUID, datetime | None]:
    if not cases:
        return {}
    found = await store.first_uses(tx, [(*case.spot, case.ending) for case in cases])
    return {case.payout.id: since for case, since in zip(cases, found, strict=True)}


async def _others(tx: Transaction, cases: Sequence[_Case], *, seen: Seen) -> Mapping[UUID, Collection[UUID]]:
    """The other holders who asked to be paid there or have stored it; those of one batch see the ones before them."""
    if not cases:
        return {}
    paid = await store.others(tx, [(*case.spot, case.ending, (case.risk.shared_max or 0) + OTHERS) for case in cases])
    storing = await _storing(tx, cases, seen=seen)
    together: dict[bytes, set[UUID]] = defaultdict(set)
    found = {}
    for case, elsewhere in zip(cases, paid, strict=True):
        holder_id, index = case.spot
        found[case.payout.id] = (elsewhere | storing[case.payout.id] | together[index]) - {holder_id}
        if seen is Seen.JUST_ASKED:
            together[index].add(holder_id)
    return found


async def _storing(tx: Transaction, cases: Sequence[_Case], *, seen: Seen) -> Mapping[UUID, frozenset[UUID]]:
    """Who has stored each destination; back then, who had."""
    sharers = await holders.sharers(tx, {case.payout.destination_index for case in cases})
    if seen is not Seen.BACK_THEN:
        return {case.payout.id: sharers[case.payout.destination_index] for case in cases}
    spots = await holders.at_indexes(tx, {(one, index) for index, found in sharers.items() for one in found})
    return {
        case.payout.id: frozenset(
            holder_id
            for holder_id in sharers[case.payout.destination_index]
            if spots[holder_id, case.payout.destination_index].added_at < case.as_of
        )
        for case in cases
    }


async def _suspects(tx: Transaction, cases: Sequence[_Case], *, seen: Seen) -> Sequence[_Case]:
    """Those of these that the denied list may be about: none, as long as it is empty; then no name is taken apart.

    How things stood back then, an empty list does not say.
    """
    is_empty = bool(cases) and seen is not Seen.BACK_THEN and not await holders.denied_since(tx, EPOCH)
    return [] if is_empty else cases


async def _denied(
    tx: Transaction, cases: Sequence[_Case], owners: Mapping[UUID, risk.Owner], targets: Mapping[UUID, risk.Target]
) -> dict[UUID, tuple[risk.Denied, ...]]:
    """Entries of the denied list that may be about each; names are compared by the rule."""
    if not cases:
        return {}
    titles = {case.title for case in cases} | {t.title_found for t in targets.values() if t.title_found}
    entries = await holders.denied_about(
        tx,
        holder_ids={case.payout.holder_id for case in cases},
        indexes={case.payout.destination_index for case in cases},
        names={owner.name for owner in owners.values()} | titles,
        since=min(case.as_of for case in cases),
    )
    if not entries:
        return {}
    return {
        case.payout.id: tuple(
            risk.Denied(entry.what, entry.reason, entry.name or "")
            for entry in entries
            if entry.stood(case.as_of) and _may_mean(entry, case)
        )
        for case in cases
    }


def _may_mean(entry: holders.Denial, case: _Case) -> bool:
    holder_id, index = case.spot
    return entry.name is not None or entry.holder_id == holder_id or entry.destination_index == index
