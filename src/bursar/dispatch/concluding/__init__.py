"""Making our books agree with what was really paid, once people have agreed what that was."""

from bursar.dispatch.concluding.actions import ACTOR, Lost, adopt, conclude
from bursar.dispatch.concluding.disputes import close_breaks, close_disputes, dispute

__all__ = ["ACTOR", "Lost", "adopt", "close_breaks", "close_disputes", "conclude", "dispute"]
