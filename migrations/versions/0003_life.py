"""An approval that is void sends its payout back to review."""

from bursar.foundation.migrations import apply_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
