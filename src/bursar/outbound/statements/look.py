"""Drawing up a holder's statement: read from the ledger, and said in words from what payouts and earnings know."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import earnings, ledger, payouts
from bursar.foundation.db import Transaction
from bursar.holders import Holder
from bursar.ledger import Recorded, TransferKind
from bursar.outbound.statements import model, periods
from bursar.outbound.statements.errors import NoSuchPeriod, StatementTooLong
from bursar.outbound.statements.model import MEANING, Overview, Standing, Statement, Told
from bursar.outbound.statements.periods import Period
from bursar.programs import Terms

LINES_MAX: Final = 50_000  # About a thousand pages, and a few seconds of work; longer periods have months.
_AT_ONCE: Final = 1_000  # Payouts looked up together.


async def statement(tx: Transaction, holder: Holder, *, period: str, terms: Terms) -> Statement:
    """What the holder had, got and was paid in a period, which is named as in ``2026`` or ``2026-11``.

    What is over never changes: the same statement can be drawn up again at any time. Of a period that is not over, it
    is what there is by now.

    Raises:
        NoSuchPeriod: it is the name of none, or of one that has not begun.
        StatementTooLong: there are more than ``LINES_MAX`` lines.
    """
    wanted = periods.read(period, terms=terms.statements)
    at = await tx.now()
    if not wanted.has_begun(at):
        raise NoSuchPeriod(period, rule="one that has begun")
    found = await ledger.extract(
        tx,
        holder.id,
        currency=terms.currency,
        kinds=MEANING,
        since=wanted.since,
        until=wanted.until,
        limit=LINES_MAX + 1,
    )
    if len(found.recorded) > LINES_MAX:
        raise StatementTooLong(period=period, most=LINES_MAX)
    opening = Standing.nothing(terms.currency).after_all(found.before)
    told = await _told(tx, holder, found.recorded)
    return Statement(
        holder=holder,
        program_title=terms.title,
        currency=terms.currency,
        period=wanted,
        as_of=None if wanted.is_over(at) else wanted.local(at),
        opening=opening,
        lines=tuple(model.lines(told, opening=opening, holder=holder, period=wanted)),
    )


async def overview(tx: Transaction, holder: Holder, *, terms: Terms) -> list[Overview]:
    """The years and months of which the holder can have statements, newest first, a year before its months.

    From the first in which anything moved to the present; none for whom nothing has.
    """
    at = await tx.now()
    moved = await ledger.by_month(
        tx, holder.id, currency=terms.currency, kinds=MEANING, time_zone=terms.statements.time_zone
    )
    if not moved:
        return []
    of_month = {month.first: month.moved for month in moved}
    today = periods.month_of(moved[0].first, terms=terms.statements).local(at)
    months = [
        (periods.month_of(first, terms=terms.statements), of_month.get(first, {}))
        for first in periods.months_until(moved[0].first, max(today, moved[-1].first))
    ]
    opening = Standing.nothing(terms.currency)
    by_month = list(model.overviews(months, opening=opening, at=at))
    return sorted([*by_month, *_years(by_month, terms, at)], key=_newest_first)


def _years(months: Sequence[Overview], terms: Terms, at: datetime) -> list[Overview]:
    """The years that these months, which follow each other, belong to."""
    years: dict[Period, Overview] = {}
    for month in months:
        year = periods.year_of(month.period.first, terms=terms.statements)
        opening = years[year].opening if year in years else month.opening
        years[year] = Overview(year, opening, month.closing, is_over=year.is_over(at))
    return list(years.values())


def _newest_first(overview: Overview) -> tuple[int, int]:
    return -overview.period.last.toordinal(), 0 if overview.period.is_year else 1


async def _told(tx: Transaction, holder: Holder, recorded: Sequence[Recorded]) -> list[Told]:
    """These transfers with what payouts and earnings know of them."""
    paid = await _payouts(tx, {each.payout_id for each in recorded if each.payout_id})
    credited = {each.reference for each in recorded if each.reference and each.kind is TransferKind.CREDIT}
    described = await earnings.descriptions(tx, holder.id, credited)
    return [_said(each, paid, described) for each in recorded]


def _said(recorded: Recorded, paid: Mapping[UUID, payouts.Payout], described: Mapping[str, str]) -> Told:
    payout = paid.get(recorded.payout_id) if recorded.payout_id else None
    reference, description = recorded.reference or "", described.get(recorded.reference or "", "")
    if payout is not None:
        netted = recorded.kind is TransferKind.RECOVER
        description = f"from payout {payout.reference}" if netted else model.payment(payout.destination_shown)
        reference = reference or payout.reference
    return Told(recorded.at, recorded.kind, recorded.amount, reference, description, recorded.payout_id)


async def _payouts(tx: Transaction, payout_ids: set[UUID]) -> dict[UUID, payouts.Payout]:
    found: dict[UUID, payouts.Payout] = {}
    wanted = sorted(payout_ids)
    for first in range(0, len(wanted), _AT_ONCE):
        found |= await payouts.get_many(tx, wanted[first : first + _AT_ONCE])
    return found
