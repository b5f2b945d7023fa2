"""Cells under other scorers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_rescored"
down_revision = "0003_nulls"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talan_rescored_cells",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("benchmark", sa.Text(), nullable=False),
        sa.Column("scorer", sa.String(length=40), nullable=False),
        sa.Column("scorer_version", sa.Integer(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("n_correct", sa.Integer(), nullable=False),
        sa.Column("baseline_n_correct", sa.Integer(), nullable=True),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["talan_runs.id"], name=op.f("fk_talan_rescored_cells_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "benchmark", "scorer", name=op.f("pk_talan_rescored_cells")
        ),
    )


def downgrade() -> None:
    op.drop_table("talan_rescored_cells")
