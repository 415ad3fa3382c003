"""What holders, and staff about them, have said to the runs that pay balances.

A holder may want larger payouts (a minimum of their own) or none for a while (a pause), staff may want a holder left
out for a reason (a hold). None of it touches payouts that were asked for already: stopping those is for kill switches.
"""

from bursar.holders.wishes.actions import hold, pause, payees, preferences, release, resume, set_minimum
from bursar.holders.wishes.model import Payee, Preferences, Wish

__all__ = [
    "Payee",
    "Preferences",
    "Wish",
    "hold",
    "pause",
    "payees",
    "preferences",
    "release",
    "resume",
    "set_minimum",
]
