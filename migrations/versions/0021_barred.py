"""Payouts that nobody may try again."""

from bursar.foundation.migrations import apply_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
