"""Passes of a few payouts, and schedules that holders choose themselves."""

from bursar.foundation.migrations import apply_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
