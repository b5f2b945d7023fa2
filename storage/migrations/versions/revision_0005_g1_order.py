"""Pages of G1 runs: indices that hold their order, however rare such runs are."""

from __future__ import annotations

from alembic import op

revision = "0005_g1_order"
down_revision = "0004_rescored"
branch_labels = None
depends_on = None

INDICES = {
    "ix_talan_runs_g1": ["study_id", "g1", "position", "id"],
    "ix_talan_runs_g1_mean": ["study_id", "g1", "mean_delta", "position", "id"],
}


def upgrade() -> None:
    for name, columns in INDICES.items():
        op.create_index(name, "talan_runs", columns)


def downgrade() -> None:
    for name in INDICES:
        op.drop_index(name, table_name="talan_runs")
