"""Orders, and who recruited whom."""

from bursar.foundation.migrations import apply_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
