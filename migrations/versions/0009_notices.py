"""Notices to people."""

from bursar.foundation.migrations import apply_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
