"""Analyses of runs and of studies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_analyses"
down_revision = "0009_distances"
branch_labels = None
depends_on = None

_TABLE = "talan_analyses"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=16), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owned_until_epoch_s", sa.Double(), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.Column("artifact", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'completed', 'failed')",
            name=op.f("ck_talan_analyses_state"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["talan_runs.id"], name=op.f("fk_talan_analyses_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["talan_studies.id"], name=op.f("fk_talan_analyses_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talan_analyses")),
    )
    for columns in (["run_id", "name"], ["study_id", "name"], ["state", "queued_at"]):
        op.create_index(op.f(f"ix_{_TABLE}_{'_'.join(columns)}"), _TABLE, columns)


def downgrade() -> None:
    op.drop_table(_TABLE)
