"""Null runs: the seed of the baseline that a run is matched with, apart from its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_nulls"
down_revision = "0002_order"
branch_labels = None
depends_on = None

MATCH = "ix_talan_runs_match"


def upgrade() -> None:
    # A default, so that SQLite adds the column without copying the table; every row gets its own.
    column = sa.Column("baseline_seed", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("talan_runs", column)
    op.execute("UPDATE talan_runs SET baseline_seed = seed")
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("talan_runs", "baseline_seed", server_default=None)
    _index("baseline_seed")


def downgrade() -> None:
    _index("seed")
    op.drop_column("talan_runs", "baseline_seed")


def _index(column: str) -> None:
    op.drop_index(MATCH, table_name="talan_runs", if_exists=True)
    op.create_index(MATCH, "talan_runs", ["host_id", column, "kind"])
