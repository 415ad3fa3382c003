"""Tallies of what happened to payouts, and alerts."""

from bursar.foundation.migrations import apply_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
