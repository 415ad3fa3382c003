"""Refusals of this room.

Refusal
├── NoSuchRun
└── NotInRuns
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchRun(Missing):
    """There is no such run."""

    code = "run_not_found"


class NotInRuns(Conflict):
    """This program pays out all day and not in runs."""

    code = "program_has_no_runs"
