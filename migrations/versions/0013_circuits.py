"""Circuits of gateways, by stages."""

from bursar.foundation.migrations import apply_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
