"""Low floats, reports that prove nothing by themselves."""

from bursar.foundation.migrations import apply_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
