"""The spine: everything a payout needs from request to proof."""

from bursar.foundation.migrations import apply_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
