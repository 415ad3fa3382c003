"""Banks that cannot be reached for a while, as a tester wants it."""

from dataclasses import dataclass, field

from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx.events import Events
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.objects import Downtime


@dataclass(slots=True)
class Downtimes:
    """Those that go on."""

    events: Events
    clock: Clock
    ids: Ids
    _open: dict[str, Downtime] = field(default_factory=dict)  # By the bank.

    def start(self, bank: str, methods: list[str]) -> Downtime:
        """Let a bank not be reached by these modes from now on, and tell of it."""
        now = self.clock.now_ms() // 1000
        downtime = Downtime(
            self.ids.new("poutdown"), methods, {"bank": bank}, begin=now, created_at=now, updated_at=now
        )
        self._open[bank] = downtime
        self.events.tell("payout.downtime.started", downtime, about=bank)
        return downtime

    def resolve(self, bank: str) -> Downtime | None:
        """Let it be reached again, and tell of it; None where it could be."""
        downtime = self._open.pop(bank, None)
        if downtime is not None:
            downtime.end = downtime.updated_at = self.clock.now_ms() // 1000
            downtime.status = "resolved"
            self.events.tell("payout.downtime.resolved", downtime, about=bank)
        return downtime

    def concern(self, bank: str, mode: str) -> bool:
        """This bank cannot be reached by this mode."""
        downtime = self._open.get(bank)
        return downtime is not None and mode in downtime.method
