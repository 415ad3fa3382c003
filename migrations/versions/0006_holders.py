"""Holders' destinations, the people who act for them, and keys of whole programs."""

from bursar.foundation.migrations import apply_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
