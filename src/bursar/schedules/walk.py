"""Walking through those whom a run is to pay: what each would be paid, and who is left out and why.

They are a program's balances that are large enough, or the holders whose own schedule has come round.

A run and a dry run take the same steps, so that the one does what the other has shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bursar import dispatch, holders, ledger, programs
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import AccountVerdict, OwnSchedule


class LeftOut(StrEnum):
    """Why a run leaves out a holder whom it looks at, beside what was said of them (``holders.Wish``).

    What the terms or the denied list have against a payout is the refusal's own code.
    """

    STOPPED = "stopped"  # A kill switch is set for this holder.
    CUT_OFF = "cut_off"  # Without what was credited after the cut-off it is not enough.
    NO_DESTINATION = "no_destination"  # None is stored and the default.
    ACCOUNT_DENIED = "account_denied"  # The gateway has said that there is no such account.
    UNREADABLE = "destination_unreadable"  # Its envelope does not open: altered, or its key is gone.
    BELOW_MINIMUM = "below_minimum"  # Not enough. Of balances, only a dry run counts these.
    NOTHING = "nothing_to_pay"  # An own schedule has come round, and nothing is there.


@dataclass(frozen=True, slots=True)
class Candidate:
    """A holder whom a run looks at: what they would be paid, or why they are left out."""

    payee: holders.Payee
    available: Money
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of the holders in order, and the one to go on after; None: these were the last.

    ``wishes`` are the schedules that have come round, where that is why a run looks at them.
    """

    candidates: tuple[Candidate, ...]
    last: UUID | None
    wishes: Mapping[UUID, OwnSchedule] = field(default_factory=dict)


def pays_balances(terms: programs.Terms) -> bool:
    """Whether the runs of a program pay every balance that is large enough."""
    return terms.runs.pays is programs.Pays.BALANCES


def asks_itself(terms: programs.Terms) -> bool:
    """Whether the runs of a program ask for payouts: for balances, or for those whose own schedule has come round."""
    return pays_balances(terms) or terms.runs.own_schedules


async def walk(
    tx: Transaction, terms: programs.Terms, *, after: UUID | None, limit: int, at: datetime, hold: bool = False
) -> Stretch:
    """The next ``limit`` holders whom a run is to pay, by rising id.

    With ``hold``, nobody else moves their money until the end. Three statements, and one more where the terms have a
    cut-off or own schedules.
    """
    through = _balances if pays_balances(terms) else _own_schedules
    return await through(tx, terms, after=after, limit=limit, at=at, hold=hold)


async def _balances(
    tx: Transaction, terms: programs.Terms, *, after: UUID | None, limit: int, at: datetime, hold: bool
) -> Stretch:
    """Holders with enough."""
    least = terms.limits.minimum
    assert least is not None, "no program file may leave it out where runs pay balances"
    held = await ledger.holding(tx, terms.program, at_least=least, after=after, limit=limit, hold=hold)
    available = {balance.holder_id: Money(balance.available, balance.currency) for balance in held}
    late = await _late(tx, list(available), terms, at=at)
    candidates = await _candidates(tx, available, late, terms=terms, at=at)
    return Stretch(candidates, held[-1].holder_id if len(held) == limit else None)


async def _own_schedules(
    tx: Transaction, terms: programs.Terms, *, after: UUID | None, limit: int, at: datetime, hold: bool
) -> Stretch:
    """Holders whose own schedule has come round, whatever they have. Schedules are locked before balances."""
    wishes = await holders.due_schedules(tx, terms.program, at=at, after=after, limit=limit, hold=hold)
    if not wishes:
        return Stretch((), None)
    owners = list(wishes)
    places = [(owner, terms.currency) for owner in owners]
    held = await ledger.hold(tx, places) if hold else await ledger.balances(tx, owners)
    found = {one.holder_id: Money(one.available, one.currency) for one in held if one.currency == terms.currency}
    available = {owner: found.get(owner, Money.zero(terms.currency)) for owner in owners}
    candidates = await _candidates(tx, available, {}, terms=terms, at=at)
    return Stretch(candidates, owners[-1] if len(owners) == limit else None, wishes)


async def _late(tx: Transaction, owners: list[UUID], terms: programs.Terms, *, at: datetime) -> Mapping[UUID, Money]:
    """What came in too late for this run."""
    if not terms.runs.cut_off_hours:
        return {}
    since = at - timedelta(hours=terms.runs.cut_off_hours)
    return await ledger.credited_since(tx, owners, currency=terms.currency, since=since)


async def _candidates(
    tx: Transaction,
    available: Mapping[UUID, Money],
    late: Mapping[UUID, Money],
    *,
    terms: programs.Terms,
    at: datetime,
) -> tuple[Candidate, ...]:
    """What would become of each of these holders, in their order."""
    payees = await holders.payees(tx, list(available))
    stopped = (await dispatch.standing(tx)).holders
    return tuple(
        _candidate(payees[owner], has, late=late.get(owner), stopped=owner in stopped, terms=terms, at=at)
        for owner, has in available.items()
    )


def _candidate(
    payee: holders.Payee, available: Money, *, late: Money | None, stopped: bool, terms: programs.Terms, at: datetime
) -> Candidate:
    free = available
    if late is not None:
        free = available - late if available.covers(late) else Money.zero(available.currency)
    most = terms.limits.maximum
    amount = free if most is None or most.covers(free) else most  # The rest is left for the next run.
    reason = _reason(payee, available, free, terms=terms, at=at)
    return Candidate(payee, available, amount, LeftOut.STOPPED if stopped else reason)


def _reason(payee: holders.Payee, available: Money, free: Money, *, terms: programs.Terms, at: datetime) -> str | None:
    """Why this holder is left out, by what is known without opening anything; None: they are not."""
    if (too_little := _too_little(available, free, terms.limits.minimum)) is not None:
        return too_little
    if payee.preferences is not None and (wish := payee.preferences.against(free, at=at)) is not None:
        return wish
    if payee.destination is None:
        return LeftOut.NO_DESTINATION
    if terms.destinations.validate and payee.destination.check is AccountVerdict.DENIED:
        return LeftOut.ACCOUNT_DENIED
    return None


def _too_little(available: Money, free: Money, least: Money | None) -> str | None:
    """Why that is not enough for a payout, or None."""
    if not available.minor:
        return LeftOut.NOTHING
    if least is None or free.covers(least):
        return None
    return LeftOut.CUT_OFF if available.covers(least) else LeftOut.BELOW_MINIMUM
