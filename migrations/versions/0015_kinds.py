"""What a payout is for."""

from bursar.foundation.migrations import apply_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
