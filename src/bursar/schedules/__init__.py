"""Schedules: when the payouts of a program leave that does not pay out all day.

A schedule is a cron expression in local wall time, in the program's terms. The room promises one run at most for each
occurrence of it, however many workers there are and whatever the clocks do; that a run missed while everybody slept is
made up for, once; and that whatever a run has begun is ended even if every message about it is lost.
"""

from bursar.schedules.actions import begin_due, begin_now, finish, hand_over
from bursar.schedules.clockwork import Clockwork
from bursar.schedules.errors import NotInRuns
from bursar.schedules.jobs import PROCESS, SEND, Process, Runner, Send
from bursar.schedules.look import RUNS_MAX, get, recent
from bursar.schedules.model import Run, Standing, following, latest, wall_time

__all__ = [
    "PROCESS",
    "RUNS_MAX",
    "SEND",
    "Clockwork",
    "NotInRuns",
    "Process",
    "Run",
    "Runner",
    "Send",
    "Standing",
    "begin_due",
    "begin_now",
    "finish",
    "following",
    "get",
    "hand_over",
    "latest",
    "recent",
    "wall_time",
]
