"""Looking at comparisons."""

from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.monitoring.reconciliation.comparing import store
from bursar.monitoring.reconciliation.errors import NoSuchComparison
from bursar.monitoring.reconciliation.model import Comparison


async def get(tx: Transaction, comparison_id: UUID) -> Comparison:
    """One comparison.

    Raises:
        NoSuchComparison: not there.
    """
    found = await store.by_id(tx, comparison_id)
    if found is None:
        raise NoSuchComparison(comparison=str(comparison_id))
    return found


async def recent(tx: Transaction, *, limit: int, before: UUID | None = None) -> list[Comparison]:
    """The latest comparisons, newest first; continue with ``before`` set to the last one's id."""
    return await store.recent(tx, before=before, limit=limit)
