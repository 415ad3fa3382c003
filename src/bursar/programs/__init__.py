"""Programs: what each one allows and how it works, as terms with versions.

A program is a YAML file that people read and write (``programs/*.yaml``); applied, it becomes a version of that
program's terms. The room promises that a file with a fault is refused with every fault named by its line, that a
version never changes once it is there, and that amounts are read to the last digit.
"""

from bursar.programs.actions import (
    Applied,
    Book,
    all,  # noqa: A004 - see there
    amend,
    apply,
    current,
    in_force,
    source_of,
    terms,
    versions,
)
from bursar.programs.crons import five_parts
from bursar.programs.destinations import DestinationType
from bursar.programs.environment import ACTOR as ENVIRONMENT
from bursar.programs.environment import overrides
from bursar.programs.errors import BadTerms, DestinationNotAllowed, EarningsStay, NoSuchProgram, Problem
from bursar.programs.files import load, ready
from bursar.programs.model import (
    About,
    Alerts,
    CatchUp,
    Change,
    Credits,
    Dispatch,
    Frequency,
    Funding,
    GroupBy,
    Mode,
    Notices,
    OnHoliday,
    Pays,
    ReturnsTo,
    Risk,
    Runs,
    Schedule,
    Severity,
    Statements,
    Terms,
    Value,
    Version,
    diff,
    fields,
)
from bursar.programs.source import SOURCE_BYTES_MAX, Checked, check, read
from bursar.programs.waits import Retry, Unknown, Webhooks
from bursar.programs.writing import Given

__all__ = [
    "ENVIRONMENT",
    "SOURCE_BYTES_MAX",
    "About",
    "Alerts",
    "Applied",
    "BadTerms",
    "Book",
    "CatchUp",
    "Change",
    "Checked",
    "Credits",
    "DestinationNotAllowed",
    "DestinationType",
    "Dispatch",
    "EarningsStay",
    "Frequency",
    "Funding",
    "Given",
    "GroupBy",
    "Mode",
    "NoSuchProgram",
    "Notices",
    "OnHoliday",
    "Pays",
    "Problem",
    "Retry",
    "ReturnsTo",
    "Risk",
    "Runs",
    "Schedule",
    "Severity",
    "Statements",
    "Terms",
    "Unknown",
    "Value",
    "Version",
    "Webhooks",
    "all",
    "amend",
    "apply",
    "check",
    "current",
    "diff",
    "fields",
    "five_parts",
    "in_force",
    "load",
    "overrides",
    "read",
    "ready",
    "source_of",
    "terms",
    "versions",
]
