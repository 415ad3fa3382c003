"""The HTTP requests that one process answered."""

import os
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
UNMATCHED: Final = "unmatched"
"""Stands for every address that there is not, or callers could make as many series as they like."""


class Requests:
    """Counts and times them, by the route that was found and never by the address that was asked for.

    Each process counts its own, so its series bear its ``pid``: of several behind one address, each look meets one.
    """

    def __init__(self) -> None:
        """Begin at none."""
        self.registry = CollectorRegistry()
        self._pid = str(os.getpid())
        self._series = cache(self._look_up)  # Finding a series takes longer than adding to it.
        self._count = Counter(
            "bursar_http_requests",
            "HTTP requests that were answered.",
            ("method", "route", "status", "pid"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "bursar_http_request_duration_seconds",
            "How long HTTP requests took.",
            ("method", "route", "pid"),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def answered(self, method: str, route: str | None, *, status: int, seconds: float) -> None:
        """Note one request."""
        count, times = self._series(method if method in METHODS else "OTHER", route or UNMATCHED, status)
        count.inc()
        times.observe(seconds)

    def _look_up(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self._count.labels(method, route, status, self._pid), self._seconds.labels(method, route, self._pid)
