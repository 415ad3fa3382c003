"""Statements and analytics."""

from bursar.foundation.migrations import apply_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
