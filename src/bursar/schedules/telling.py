"""What log lines tell of a run, with the marketplace document's sentences beside the facts."""

from typing import Final

from bursar.foundation import log
from bursar.schedules.model import Run, Standing

STARTED: Final = "🔄 Starting automated payout processing..."
COMPLETED: Final = "✅ Automated payout processing completed"

_log = log.get(__name__)


def carried_on(run: Run, *, handed_over: int, is_first: bool) -> None:
    """A piece of a run was done, after its commit; with it the run may have begun, or found all that it takes."""
    if is_first:
        _log.info("run.started", run=str(run.id), program=run.program, text=STARTED)
    _log.info("run.carried_on", run=str(run.id), program=run.program, status=run.standing.value, count=handed_over)
    if run.standing is Standing.HANDED_OVER:
        waiting, text = run.kept_waiting, f"📋 Found {run.count:,} pending {'payout' if run.count == 1 else 'payouts'}"
        _log.info("run.found", run=str(run.id), program=run.program, count=run.count, waiting=waiting, text=text)


def completed(run: Run) -> None:
    """Nothing of a run is due to leave any more; what gateways have yet to say is the payouts' story."""
    _log.info("run.completed", run=str(run.id), program=run.program, count=run.count, text=COMPLETED)
