"""What holders, and staff about them, have said to the runs.

A holder may want larger payouts (a minimum of their own) or none for a while (a pause), staff may want a holder left
out for a reason (a hold). None of it touches payouts that were asked for already: stopping those is for kill switches.

Where runs pay what was asked for, a holder may have them ask for the whole balance on days of the holder's own choice.
"""

from bursar.holders.wishes.actions import hold, pause, payees, preferences, release, resume, set_minimum
from bursar.holders.wishes.model import Every, KeptSchedule, OwnSchedule, Payee, Preferences, Round, Wish
from bursar.holders.wishes.own import (
    drop_schedule,
    due_schedules,
    note_rounds,
    set_schedule,
)

__all__ = [
    "Every",
    "KeptSchedule",
    "OwnSchedule",
    "Payee",
    "Preferences",
    "Round",
    "Wish",
    "drop_schedule",
    "due_schedules",
    "hold",
    "note_rounds",
    "pause",
    "payees",
    "preferences",
    "release",
    "resume",
    "set_minimum",
    "set_schedule",
]
