"""What Alembic runs around the migrations; the connection comes from ``bursar.foundation.migrations``."""

from alembic import context

from bursar.foundation.migrations import SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
