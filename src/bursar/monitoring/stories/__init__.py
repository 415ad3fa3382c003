"""Stories: whichever id somebody has in hand, what it belongs to and everything that happened there.

The room promises that any id that we or a gateway ever gave out is found through an index, however much there is.
"""

from bursar.monitoring.stories.errors import NothingFound
from bursar.monitoring.stories.model import PAYOUTS_MAX, Line, Match, Story
from bursar.monitoring.stories.tracing import trace

__all__ = ["PAYOUTS_MAX", "Line", "Match", "NothingFound", "Story", "trace"]
