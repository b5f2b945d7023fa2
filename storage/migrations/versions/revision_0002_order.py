"""Pages by delta: indices that hold the whole order, ties included."""

from __future__ import annotations

from alembic import op

revision = "0002_order"
down_revision = "0001_record"
branch_labels = None
depends_on = None

INDICES = {"ix_talan_runs_mean": "mean_delta", "ix_talan_runs_worst": "worst_delta"}


def upgrade() -> None:
    for name, column in INDICES.items():
        op.drop_index(name, table_name="talan_runs", if_exists=True)
        op.create_index(name, "talan_runs", ["study_id", column, "position", "id"])


def downgrade() -> None:
    for name, column in INDICES.items():
        op.drop_index(name, table_name="talan_runs")
        op.create_index(name, "talan_runs", ["study_id", column])
