"""Programs: what each one allows and how it works, as terms with versions.

A program is a YAML file that people read and write (``programs/*.yaml``); applied, it becomes a version of that
program's terms. The room promises that a file with a fault is refused with every fault named by its line, that a
version never changes once it is there, and that amounts are read to the last digit.
"""

from bursar.programs.actions import Applied, Book, all, apply, current, source_of, terms, versions  # noqa: A004 - see there
from bursar.programs.errors import BadTerms, DestinationNotAllowed, EarningsStay, NoSuchProgram, Problem
from bursar.programs.files import load, ready
from bursar.programs.model import (
    About,
    Change,
    Credits,
    DestinationType,
    Dispatch,
    Funding,
    GroupBy,
    Mode,
    Notices,
    Retry,
    ReturnsTo,
    Risk,
    Severity,
    Terms,
    Unknown,
    Value,
    Version,
    Webhooks,
    diff,
    fields,
)
from bursar.programs.source import SOURCE_BYTES_MAX, Checked, check, read

__all__ = [
    "SOURCE_BYTES_MAX",
    "About",
    "Applied",
    "BadTerms",
    "Book",
    "Change",
    "Checked",
    "Credits",
    "DestinationNotAllowed",
    "DestinationType",
    "Dispatch",
    "EarningsStay",
    "Funding",
    "GroupBy",
    "Mode",
    "NoSuchProgram",
    "Notices",
    "Problem",
    "Retry",
    "ReturnsTo",
    "Risk",
    "Severity",
    "Terms",
    "Unknown",
    "Value",
    "Version",
    "Webhooks",
    "all",
    "apply",
    "check",
    "current",
    "diff",
    "fields",
    "load",
    "read",
    "ready",
    "source_of",
    "terms",
    "versions",
]
