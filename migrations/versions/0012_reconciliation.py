"""Reconciliation: what was compared, what differs, and corrections."""

from bursar.foundation.migrations import apply_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
