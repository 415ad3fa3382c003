"""What payouts came to: those that were asked for in some days, counted by what they have in common."""

from bursar.payouts.analytics.errors import TooManyGroups
from bursar.payouts.analytics.look import GROUPS_MAX, analyse
from bursar.payouts.analytics.model import DAYS_MAX, TIMES, Days, Dimension, Group

__all__ = ["DAYS_MAX", "GROUPS_MAX", "TIMES", "Days", "Dimension", "Group", "TooManyGroups", "analyse"]
