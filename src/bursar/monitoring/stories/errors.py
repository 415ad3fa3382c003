"""Refusals.

Missing
└── NothingFound
"""

from bursar.foundation.errors import Missing


class NothingFound(Missing):
    """Nothing here goes by this id."""

    code = "nothing_found"
