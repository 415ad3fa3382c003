"""Debts: what holders owe their program, and how each came down.

The room promises that a debt counts once for each (holder, reference), together with its money on the program's debts
account; that it only comes down, by what is recovered from what its holder has or by what somebody forgives; and that
each part of that stays written down with the transfer that booked it. A holder's debts change only while the holder's
balance is held.
"""

from bursar.earnings.debts.actions import forgive, owe, recover, settle
from bursar.earnings.debts.errors import DebtEnded, NoSuchDebt, NothingToRecover
from bursar.earnings.debts.look import debt, debts_page, owed, parts_of_debts, parts_of_payouts
from bursar.earnings.debts.model import Debt, DebtPart, DebtQuery, How, NewDebt, Recovery

__all__ = [
    "Debt",
    "DebtEnded",
    "DebtPart",
    "DebtQuery",
    "How",
    "NewDebt",
    "NoSuchDebt",
    "NothingToRecover",
    "Recovery",
    "debt",
    "debts_page",
    "forgive",
    "owe",
    "owed",
    "parts_of_debts",
    "parts_of_payouts",
    "recover",
    "settle",
]
