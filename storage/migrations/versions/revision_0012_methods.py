"""Methods other than TALAN: which one a run is of, with its settings, as canonical JSON."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_methods"
down_revision = "0010_analyses"
branch_labels = None
depends_on = None

ALONE, METHODS = "uq_talan_runs_without_configuration", "uq_talan_runs_of_methods"


def upgrade() -> None:
    op.add_column("talan_runs", sa.Column("method", sa.Text(), nullable=True))
    op.drop_index(ALONE, table_name="talan_runs")
    _index(ALONE, [], where="configuration_pk IS NULL AND method IS NULL")
    _index(METHODS, ["method"], where="method IS NOT NULL")


def downgrade() -> None:
    for table in (
        "talan_cells",
        "talan_bounded_cells",
        "talan_rescored_cells",
        "talan_response_digests",
    ):
        op.execute(
            f"DELETE FROM {table} WHERE run_id IN "
            "(SELECT id FROM talan_runs WHERE method IS NOT NULL)"
        )
    op.execute("DELETE FROM talan_runs WHERE method IS NOT NULL")
    op.drop_index(METHODS, table_name="talan_runs")
    op.drop_index(ALONE, table_name="talan_runs")
    _index(ALONE, [], where="configuration_pk IS NULL")
    op.drop_column("talan_runs", "method")


def _index(name: str, further: list[str], *, where: str) -> None:
    op.create_index(
        name,
        "talan_runs",
        ["study_id", "host_id", "kind", "seed", *further],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
