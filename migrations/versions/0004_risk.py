"""What risk looks at and found."""

from bursar.foundation.migrations import apply_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
