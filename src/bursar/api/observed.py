"""What each request leaves behind beside its answer: a count, how long it took, and a span where somebody traces."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bursar.api import requests
from bursar.foundation import log, tracing
from bursar.monitoring.exposition import Requests

_log = log.get(__name__)


@dataclass(slots=True)
class Answered:
    """What is known of a request once it is answered."""

    status: int = 500  # What its caller sees if nothing else is said.
    route: str | None = None


@contextmanager
def observed(counts: Requests, scope: dict[str, Any], *, request_id: str) -> Iterator[Answered]:
    """Note one request when it is over, by what is then known of it."""
    answered, clock = Answered(), asyncio.get_running_loop().time
    began, method = clock(), scope["method"]
    with tracing.span(
        "http request", side=tracing.Side.SERVER, correlation=request_id, parent=requests.parent(scope["headers"])
    ) as span:
        try:
            yield answered
        finally:
            _log.debug(
                "request.answered", correlation_id=request_id, method=method, route=answered.route,
                http_status=answered.status,
            )  # fmt: skip
            counts.answered(method, answered.route, status=answered.status, seconds=clock() - began)
            span.rename(f"{method} {answered.route or 'unmatched'}")
            span.note(method=method, route=answered.route, http_status=answered.status)
            if answered.status >= 500:
                span.fail(str(answered.status))
