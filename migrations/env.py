"""Alembic's entry point: it runs on the connection that ``xprojdb.db.schema`` hands over."""

from __future__ import annotations

from alembic import context

from xprojdb.db.schema import VERSION_TABLE
from xprojdb.db.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("these migrations run through: xprojdb --db URL db upgrade")

context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
