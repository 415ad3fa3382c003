"""Earnings: what holders are credited for, paid off oldest first.

The room promises that an earning is credited once for each (holder, source reference), together with its money; that
a payout takes a holder's earnings in the order in which they were earned, the last one in part where that is enough;
and that what each payout took of which earning, and what became of it, stays written down for good.
"""

from bursar.earnings.actions import credit, follow
from bursar.earnings.errors import NoSuchEarning, NotCredited, SourceReferenceReused
from bursar.earnings.look import PAGE_MAX, get, of_earnings, of_payouts, page
from bursar.earnings.model import (
    DESCRIPTION_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Credited,
    Earning,
    EarningState,
    NewEarning,
    Payoff,
    PayoffState,
    Query,
)

__all__ = [
    "DESCRIPTION_LENGTH_MAX",
    "PAGE_MAX",
    "REFERENCE_LENGTH_MAX",
    "Credited",
    "Earning",
    "EarningState",
    "NewEarning",
    "NoSuchEarning",
    "NotCredited",
    "Payoff",
    "PayoffState",
    "Query",
    "SourceReferenceReused",
    "credit",
    "follow",
    "get",
    "of_earnings",
    "of_payouts",
    "page",
]
