"""Earnings: what holders are credited for, paid off oldest first.

The room promises that an earning is credited once for each (holder, source reference), together with its money; that
a payout takes a holder's earnings in the order in which they were earned, the last one in part where that is enough;
and that what each payout took of which earning, and what became of it, stays written down for good. So does what is
taken back, or kept for what the holder owes (``earnings.debts``).
"""

from bursar.earnings.actions import credit, follow
from bursar.earnings.debts import (
    Debt,
    DebtEnded,
    DebtPart,
    DebtQuery,
    How,
    NewDebt,
    NoSuchDebt,
    NothingToRecover,
    Recovery,
    debt,
    debts_page,
    forgive,
    owe,
    owed,
    parts_of_debts,
    parts_of_payouts,
    recover,
    settle,
)
from bursar.earnings.errors import NoSuchEarning, NotCredited, SourceReferenceReused
from bursar.earnings.look import PAGE_MAX, descriptions, get, of_earnings, of_payouts, page, withheld_of
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
    TakeBack,
    Why,
    Withholding,
)
from bursar.earnings.newborn import Newborn
from bursar.earnings.queue import Purse
from bursar.earnings.withholding import take_back

__all__ = [
    "DESCRIPTION_LENGTH_MAX",
    "PAGE_MAX",
    "REFERENCE_LENGTH_MAX",
    "Credited",
    "Debt",
    "DebtEnded",
    "DebtPart",
    "DebtQuery",
    "Earning",
    "EarningState",
    "How",
    "NewDebt",
    "NewEarning",
    "Newborn",
    "NoSuchDebt",
    "NoSuchEarning",
    "NotCredited",
    "NothingToRecover",
    "Payoff",
    "PayoffState",
    "Purse",
    "Query",
    "Recovery",
    "SourceReferenceReused",
    "TakeBack",
    "Why",
    "Withholding",
    "credit",
    "debt",
    "debts_page",
    "descriptions",
    "follow",
    "forgive",
    "get",
    "of_earnings",
    "of_payouts",
    "owe",
    "owed",
    "page",
    "parts_of_debts",
    "parts_of_payouts",
    "recover",
    "settle",
    "take_back",
    "withheld_of",
]
