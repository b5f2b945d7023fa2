"""How Alembic runs here: on a connection it is given, in that connection's transaction.

Owns: our own version table, and leaving every table that is not ours (Optuna's) alone.
Does not cover: running from the command line of Alembic; `Database.upgrade()` is the way.
"""

from __future__ import annotations

from alembic import context

from storage.database import VERSION_TABLE
from storage.migrations.scope import include_object
from storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    include_object=include_object,
    transactional_ddl=True,
)
context.run_migrations()
