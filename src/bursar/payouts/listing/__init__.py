"""Payouts as lists show them: those that somebody wants to see, page by page, and what all of them come to."""

from bursar.payouts.listing.store import count, ids_waiting, page

__all__ = ["count", "ids_waiting", "page"]
