"""Events in the order in which they were committed: for those who tell the world of them, and for the audit."""

from bursar.payouts.feeds.model import MovesTally
from bursar.payouts.feeds.store import (
    AUDITED_COLUMNS,
    audit_feed,
    audit_position,
    audited_between,
    feed,
    feeds_behind,
    tally_feed,
)

__all__ = [
    "AUDITED_COLUMNS",
    "MovesTally",
    "audit_feed",
    "audit_position",
    "audited_between",
    "feed",
    "feeds_behind",
    "tally_feed",
]
