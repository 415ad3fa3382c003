"""Events in the order in which they were committed: for those who tell the world of them, and for the audit."""

from bursar.payouts.feeds.store import AUDITED_COLUMNS, audit_feed, audit_position, audited_between, feed

__all__ = ["AUDITED_COLUMNS", "audit_feed", "audit_position", "audited_between", "feed"]
