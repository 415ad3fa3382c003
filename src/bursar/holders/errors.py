"""Why a holder is not to be had.

Refusal
├── NoSuchHolder         not there, or not this caller's
├── UnknownProgram       a holder belongs to a program, and this one does not exist
├── NoSuchDestination    not there, removed, or not this holder's
├── NoDefaultDestination nothing was said about where the money is to go, and nothing is known
├── TooManyDestinations  this holder has stored as many as anybody may, or added them too quickly
├── AlreadyDenied        it stands on the denied list
└── NoSuchDenial         it does not
"""

from bursar.foundation.errors import Conflict, Invalid, Missing


class NoSuchHolder(Missing):
    """There is no such holder."""

    code = "holder_not_found"


class UnknownProgram(Invalid):
    """There is no such program."""

    code = "unknown_program"


class NoSuchDestination(Missing):
    """There is no such destination."""

    code = "destination_not_found"


class NoDefaultDestination(Invalid):
    """Say where the money is to go, or make one of your stored destinations the default."""

    code = "no_default_destination"


class TooManyDestinations(Conflict):
    """There are as many destinations stored, or were added within a day, as one holder may have."""

    code = "too_many_destinations"


class AlreadyDenied(Conflict):
    """This stands on the denied list already."""

    code = "already_denied"


class NoSuchDenial(Missing):
    """No such entry stands on the denied list."""

    code = "denial_not_found"
