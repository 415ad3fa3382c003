"""Runs at set times."""

from bursar.foundation.migrations import apply_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
