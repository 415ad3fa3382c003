"""Following one id through all rooms."""

from bursar.foundation.migrations import apply_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
