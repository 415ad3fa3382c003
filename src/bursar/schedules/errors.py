"""Refusals of this room.

Refusal
├── NoSuchRun
├── NotInRuns
├── OwnSchedulesNotOffered  this program's holders are paid as its terms say
├── RunIsOver               nothing of it is left to stop or to cancel
└── RunNotStopped           it goes on already
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchRun(Missing):
    """There is no such run."""

    code = "run_not_found"


class NotInRuns(Conflict):
    """This program pays out all day and not in runs."""

    code = "program_has_no_runs"


class OwnSchedulesNotOffered(Conflict):
    """Nobody in this program can choose when to be paid."""

    code = "own_schedules_not_offered"


class RunIsOver(Conflict):
    """Nothing of this run is left that could be stopped."""

    code = "run_is_over"


class RunNotStopped(Conflict):
    """This run is not stopped."""

    code = "run_not_stopped"
