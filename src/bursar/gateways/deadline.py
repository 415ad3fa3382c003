"""When a gateway's verb has to be done, however many calls it takes."""

import time


class Deadline:
    """A moment on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        """From now on, ``seconds``."""
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; 0 once it has passed."""
        return max(0.0, self._ends - time.monotonic())
