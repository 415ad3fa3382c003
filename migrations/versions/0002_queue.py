"""The queue library's tables."""

from bursar.foundation.migrations import apply_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
