"""Not doing something more often than is allowed."""

import asyncio
from collections.abc import Callable


class Pace:
    """A token bucket of one process: so many ``per_second`` on average, bursts of at most one second's.

    Several workers each keep their own pace, so what a gateway allows altogether is divided by their number.
    """

    def __init__(self, per_second: float | None, now: Callable[[], float]) -> None:
        """Allow so many ``per_second`` (None: as many as come); ``now`` is a monotonic clock in seconds."""
        self._per_second = per_second
        self._now = now
        self._tokens = per_second or 0.0
        self._filled_at = now()

    async def wait(self) -> None:
        """Wait until one more is allowed."""
        if self._per_second is None:
            return
        now = self._now()
        self._tokens = min(self._per_second, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        self._tokens -= 1.0
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._per_second)
