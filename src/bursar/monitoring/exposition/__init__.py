"""The figures in the format that Prometheus reads: of the whole installation, and of the process that is asked.

A look costs a dozen small statements, however many payouts there are. No series is about one holder, payee or payout.
"""

from bursar.monitoring.exposition.families import CONTENT_TYPE, expose
from bursar.monitoring.exposition.requests import Requests

__all__ = ["CONTENT_TYPE", "Requests", "expose"]
