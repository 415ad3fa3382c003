"""The queue library's own tables, as the version that is locked in ``requirements`` lays them out."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let the library write its statements; they run in our schema, through the search path."""
    op.get_bind().connection.driver_connection.execute(QueryBuilderEnvironment().build_install_query())
