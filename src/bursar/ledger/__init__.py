"""The ledger: accounts, and movements between them that are balanced by construction.

One transfer is one row: from one account to another, never changed and never deleted. A holder's two figures
(available and reserved) stand on one balance row that may not go below zero; platform accounts (funding, fees,
suspense, debts, clearing) have no such row, theirs is derived, so nothing is shared by all payouts. Every verb takes a
batch.
"""

from bursar.ledger.actions import (
    apply,
    balances,
    book,
    count_below,
    credit,
    credited_since,
    foresee,
    hold,
    holding,
    open_balances,
    platform_balances,
    snapshot,
    statement,
)
from bursar.ledger.audit import Discrepancy, discrepancies
from bursar.ledger.books import Books
from bursar.ledger.errors import InsufficientFunds
from bursar.ledger.look import in_suspense, transfers, transfers_of
from bursar.ledger.model import (
    NOBODY,
    Account,
    AccountKind,
    Balance,
    Line,
    Movement,
    PlatformBalance,
    Transfer,
    TransferKind,
)
from bursar.ledger.periods import Extract, Month, Recorded, by_month, extract

__all__ = [
    "NOBODY",
    "Account",
    "AccountKind",
    "Balance",
    "Books",
    "Discrepancy",
    "Extract",
    "InsufficientFunds",
    "Line",
    "Month",
    "Movement",
    "PlatformBalance",
    "Recorded",
    "Transfer",
    "TransferKind",
    "apply",
    "balances",
    "book",
    "by_month",
    "count_below",
    "credit",
    "credited_since",
    "discrepancies",
    "extract",
    "foresee",
    "hold",
    "holding",
    "in_suspense",
    "open_balances",
    "platform_balances",
    "snapshot",
    "statement",
    "transfers",
    "transfers_of",
]
