"""What holders owe, and earnings that are taken back."""

from bursar.foundation.migrations import apply_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
