"""Why a holder is not to be had.

Refusal
├── NoSuchHolder    not there, or not this caller's
└── UnknownProgram  a holder belongs to a program, and this one does not exist
"""

from bursar.foundation.errors import Invalid, Missing


class NoSuchHolder(Missing):
    """There is no such holder."""

    code = "holder_not_found"


class UnknownProgram(Invalid):
    """There is no such program."""

    code = "unknown_program"
