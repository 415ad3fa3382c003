"""The marketplace's own words for its payouts."""

from bursar.foundation.migrations import apply_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
