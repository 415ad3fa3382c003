"""Reconciliation: whether what we believe was paid is what was paid.

Our payouts are compared four ways: with our own ledger, with what dispatch came upon, with each gateway's list, and
with statements. A difference is an item: opened once, closed by itself when it is gone, or by a correction on which two
people agree. Comparing moves nothing but a break that keeps a payout from being sent again.
"""

from bursar.monitoring.reconciliation.comparing import (
    LOOK_BACK,
    Source,
    compare,
    compare_all,
    compare_books,
    compare_list,
    gateways_in_use,
    get,
    recent,
)
from bursar.monitoring.reconciliation.corrections import approve, propose, reject
from bursar.monitoring.reconciliation.errors import (
    AlreadyComparing,
    CannotCompare,
    CorrectionWaits,
    ItemClosed,
    NoSuchComparison,
    NoSuchCorrection,
    NoSuchItem,
    NotForThisItem,
    StatementReadBefore,
    UnreadableStatement,
)
from bursar.monitoring.reconciliation.jobs import ask, daily, handlers
from bursar.monitoring.reconciliation.look import Open, item, items, open_items
from bursar.monitoring.reconciliation.model import (
    RULES,
    Action,
    Comparison,
    Correction,
    Finding,
    Item,
    Kind,
    Owner,
    Query,
    Span,
    Way,
)
from bursar.monitoring.reconciliation.statements import Columns, Format, compare_statement

__all__ = [
    "LOOK_BACK",
    "RULES",
    "Action",
    "AlreadyComparing",
    "CannotCompare",
    "Columns",
    "Comparison",
    "Correction",
    "CorrectionWaits",
    "Finding",
    "Format",
    "Item",
    "ItemClosed",
    "Kind",
    "NoSuchComparison",
    "NoSuchCorrection",
    "NoSuchItem",
    "NotForThisItem",
    "Open",
    "Owner",
    "Query",
    "Source",
    "Span",
    "StatementReadBefore",
    "UnreadableStatement",
    "Way",
    "approve",
    "ask",
    "compare",
    "compare_all",
    "compare_books",
    "compare_list",
    "compare_statement",
    "daily",
    "gateways_in_use",
    "get",
    "handlers",
    "item",
    "items",
    "open_items",
    "propose",
    "recent",
    "reject",
]
