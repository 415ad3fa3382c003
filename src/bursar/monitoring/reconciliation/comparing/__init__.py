"""Comparing our payouts against our ledger, a gateway's list, or a statement's file; a difference becomes an item."""

from bursar.monitoring.reconciliation.comparing.actions import Source, compare, compare_books
from bursar.monitoring.reconciliation.comparing.lists import LOOK_BACK, compare_all, compare_list, gateways_in_use
from bursar.monitoring.reconciliation.comparing.look import get, recent

__all__ = [
    "LOOK_BACK",
    "Source",
    "compare",
    "compare_all",
    "compare_books",
    "compare_list",
    "gateways_in_use",
    "get",
    "recent",
]
