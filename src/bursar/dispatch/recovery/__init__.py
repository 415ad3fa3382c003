"""Recovery: sending is off because payments may have been made that these books do not know.

That is so once the database was restored from a backup, or a copy took over that had not heard everything. It is seen
in the claim itself, by PostgreSQL's own identity, so that not one payout leaves before anybody has noticed. ``go`` does
not lift it: it ends with a reconciliation.
"""

from bursar.dispatch.recovery.actions import BLOCKER, begin, current, end, notice
from bursar.dispatch.recovery.model import Recovery

__all__ = ["BLOCKER", "Recovery", "begin", "current", "end", "notice"]
