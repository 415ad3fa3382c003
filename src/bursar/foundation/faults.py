"""Named fault points: places where a test may make the process die or stall.

Each point is a call that does nothing unless ``BURSAR_FAULTS`` names it, for example
``BURSAR_FAULTS=dispatch.after_intent:kill``. The crash matrix in the tests kills real workers at
each of them and then asks the gateway simulator's own book whether anybody was paid twice.
"""

import os
import signal
import time
from typing import Final

_STALL_SECONDS: Final = 30.0

POINTS: Final = frozenset(
    {
        "dispatch.before_intent",
        "dispatch.after_intent",
        "dispatch.after_answer",
        "dispatch.before_record_commit",
        "dispatch.after_record",
        "reports.after_inbox",
        "outbound.after_delivery",
        "outbound.after_notice",
        "runs.before_asked",
        "runs.after_asked",
    }
)
"""Every point there is; the tests fail when one of them is never hit."""


def _read_plan(text: str) -> dict[str, str]:
    plan = dict(entry.split(":", 1) for entry in text.split(",") if entry)
    unknown = plan.keys() - POINTS
    assert not unknown, f"BURSAR_FAULTS names points that do not exist: {sorted(unknown)}"
    return plan


_PLAN: Final = _read_plan(os.environ.get("BURSAR_FAULTS", ""))


def fault(point: str) -> None:
    """Do what the test asked for at this point; in production, nothing."""
    if not _PLAN:
        return
    assert point in POINTS, "a fault point is listed before it is used"
    match _PLAN.get(point):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stall":
            time.sleep(_STALL_SECONDS)  # Deliberately blocks the loop, as a frozen machine would.
