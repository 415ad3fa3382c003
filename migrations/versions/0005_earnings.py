"""Earnings and what paid them off."""

from bursar.foundation.migrations import apply_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
