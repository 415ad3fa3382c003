"""Holders: whoever owns a balance in a program.

The room promises that a holder is one row for each (program, reference), however often and from wherever it is
registered, and that its id, program, kind and reference never change.
"""

from bursar.holders.actions import PAGE_MAX, by_reference, find, list_page, register
from bursar.holders.errors import NoSuchHolder, UnknownProgram
from bursar.holders.model import Destination, Holder, NewHolder

__all__ = [
    "PAGE_MAX",
    "Destination",
    "Holder",
    "NewHolder",
    "NoSuchHolder",
    "UnknownProgram",
    "by_reference",
    "find",
    "list_page",
    "register",
]
