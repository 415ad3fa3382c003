"""Schedules: when the payouts of a program leave that does not pay out all day.

A schedule is a calendar or a cron expression in local wall time, in the program's terms. The room promises one run at
most for each occurrence of it, however many workers there are and whatever the clocks do; that runs missed while
everybody slept are made up for as the terms say; that a run over balances asks for each payout once, wherever a crash
interrupts it; and that whatever a run has begun is ended even if every message about it is lost.
"""

from bursar.schedules.actions import Progress, carry_on, end, finish, watch
from bursar.schedules.begin import begin_now, begin_once
from bursar.schedules.clockwork import Clockwork
from bursar.schedules.dry_run import Line, Plan, plan, plan_page
from bursar.schedules.due import begin_due
from bursar.schedules.errors import NoSuchRun, NotInRuns, OwnSchedulesNotOffered, RunIsOver, RunNotStopped
from bursar.schedules.jobs import PROCESS, SEND, Process, Runner, Send
from bursar.schedules.look import RUNS_MAX, ended_since, get, recent, stopped
from bursar.schedules.model import Overrides, Run, Standing
from bursar.schedules.occurrences import (
    Occurrence,
    Schedule,
    between,
    following,
    in_words,
    latest,
    next_time,
    schedule_of,
)
from bursar.schedules.outcomes import Failure, Results, failures, results
from bursar.schedules.own import choose, insist_offered
from bursar.schedules.stopping import cancel, leaving, resume, stop
from bursar.schedules.walk import LeftOut

__all__ = [
    "PROCESS",
    "RUNS_MAX",
    "SEND",
    "Clockwork",
    "Failure",
    "LeftOut",
    "Line",
    "NoSuchRun",
    "NotInRuns",
    "Occurrence",
    "Overrides",
    "OwnSchedulesNotOffered",
    "Plan",
    "Process",
    "Progress",
    "Results",
    "Run",
    "RunIsOver",
    "RunNotStopped",
    "Runner",
    "Schedule",
    "Send",
    "Standing",
    "begin_due",
    "begin_now",
    "begin_once",
    "between",
    "cancel",
    "carry_on",
    "choose",
    "end",
    "ended_since",
    "failures",
    "finish",
    "following",
    "get",
    "in_words",
    "insist_offered",
    "latest",
    "leaving",
    "next_time",
    "plan",
    "plan_page",
    "recent",
    "results",
    "resume",
    "schedule_of",
    "stop",
    "stopped",
    "watch",
]
