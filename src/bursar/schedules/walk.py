"""Walking through a program's balances: who has enough, what each would be paid, and who is left out and why.

A run and a dry run take the same steps, so that the one does what the other has shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bursar import dispatch, holders, ledger, programs
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import AccountVerdict


class LeftOut(StrEnum):
    """Why a run leaves out a holder who has enough, beside what was said of them (``holders.Wish``).

    What the terms or the denied list have against a payout is the refusal's own code.
    """

    STOPPED = "stopped"  # A kill switch is set for this holder.
    CUT_OFF = "cut_off"  # Without what was credited after the cut-off it is not enough.
    NO_DESTINATION = "no_destination"  # None is stored and the default.
    ACCOUNT_DENIED = "account_denied"  # The gateway has said that there is no such account.
    UNREADABLE = "destination_unreadable"  # Its envelope does not open: altered, or its key is gone.
    BELOW_MINIMUM = "below_minimum"  # Not enough. Only a dry run counts these.


@dataclass(frozen=True, slots=True)
class Candidate:
    """A holder with enough: what they would be paid, or why they are left out."""

    payee: holders.Payee
    available: Money
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of the balances in order, and the holder to go on after; None: these were the last."""

    candidates: tuple[Candidate, ...]
    last: UUID | None


def pays_balances(terms: programs.Terms) -> bool:
    """Whether the runs of a program ask for payouts themselves."""
    return terms.runs.pays is programs.Pays.BALANCES


async def walk(
    tx: Transaction, terms: programs.Terms, *, after: UUID | None, limit: int, at: datetime, hold: bool = False
) -> Stretch:
    """The next ``limit`` holders with enough, by rising id; with ``hold``, nobody else moves their money until the end.

    Three statements, and one more where the terms have a cut-off.
    """
    least = terms.limits.minimum
    assert least is not None, "no program file may leave it out where runs pay balances"
    held = await ledger.holding(tx, terms.program, at_least=least, after=after, limit=limit, hold=hold)
    owners = [balance.holder_id for balance in held]
    payees = await holders.payees(tx, owners)
    late = await _late(tx, owners, terms, at=at)
    stopped = (await dispatch.standing(tx)).holders
    candidates = tuple(
        _candidate(
            payees[balance.holder_id],
            Money(balance.available, balance.currency),
            late=late.get(balance.holder_id),
            stopped=balance.holder_id in stopped,
            terms=terms,
            at=at,
        )
        for balance in held
    )
    return Stretch(candidates, owners[-1] if len(owners) == limit else None)


async def _late(tx: Transaction, owners: list[UUID], terms: programs.Terms, *, at: datetime) -> Mapping[UUID, Money]:
    """What came in too late for this run."""
    if not terms.runs.cut_off_hours:
        return {}
    since = at - timedelta(hours=terms.runs.cut_off_hours)
    return await ledger.credited_since(tx, owners, currency=terms.currency, since=since)


def _candidate(
    payee: holders.Payee, available: Money, *, late: Money | None, stopped: bool, terms: programs.Terms, at: datetime
) -> Candidate:
    free = available
    if late is not None:
        free = available - late if available.covers(late) else Money.zero(available.currency)
    most = terms.limits.maximum
    amount = free if most is None or most.covers(free) else most  # The rest is left for the next run.
    return Candidate(payee, available, amount, _reason(payee, free, stopped=stopped, terms=terms, at=at))


def _reason(payee: holders.Payee, free: Money, *, stopped: bool, terms: programs.Terms, at: datetime) -> str | None:
    """Why this holder is left out, by what is known without opening anything; None: they are not."""
    least = terms.limits.minimum
    assert least is not None, "see walk()"
    if stopped:
        return LeftOut.STOPPED
    if not free.covers(least):
        return LeftOut.CUT_OFF
    if payee.preferences is not None and (wish := payee.preferences.against(free, at=at)) is not None:
        return wish
    if payee.destination is None:
        return LeftOut.NO_DESTINATION
    if terms.destinations.validate and payee.destination.check is AccountVerdict.DENIED:
        return LeftOut.ACCOUNT_DENIED
    return None
