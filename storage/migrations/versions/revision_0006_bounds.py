"""Cells that were not evaluated in full, as bounds; what a failed run's error came with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_bounds"
down_revision = "0005_g1_order"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talan_bounded_cells",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("benchmark", sa.Text(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("n_evaluated", sa.Integer(), nullable=False),
        sa.Column("n_right", sa.Integer(), nullable=False),
        sa.Column("baseline_n_correct", sa.Integer(), nullable=False),
        sa.Column("evaluated", sa.LargeBinary(), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("responses_artifact", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["talan_runs.id"], name=op.f("fk_talan_bounded_cells_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "benchmark", name=op.f("pk_talan_bounded_cells")),
    )
    op.add_column("talan_runs", sa.Column("error_detail", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("talan_runs", "error_detail")
    op.drop_table("talan_bounded_cells")
