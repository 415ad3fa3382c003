"""Runs that pay balances: what they have come to, and what holders want of them."""

from bursar.foundation.migrations import apply_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
