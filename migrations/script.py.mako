"""${message.capitalize()}."""

from bursar.foundation.migrations import apply_sql

revision = ${repr(up_revision).replace("'", '"')}
down_revision = ${repr(down_revision).replace("'", '"')}


def upgrade() -> None:
    """Run the SQL file of the same name."""
    apply_sql(__file__)
