"""Trials that Optuna was not told of are found by one index, whatever else is indexed.

With three columns SQLite preferred the index of a study's status, and went through every completed
run each time.
"""

from __future__ import annotations

from alembic import op

revision = "0015_untold"
down_revision = "0014_bounded_generation"
branch_labels = None
depends_on = None

_NAME = "ix_talan_runs_untold"


def upgrade() -> None:
    op.drop_index(_NAME, table_name="talan_runs")
    op.create_index(_NAME, "talan_runs", ["study_id", "kind", "state", "told_at"])


def downgrade() -> None:
    op.drop_index(_NAME, table_name="talan_runs")
    op.create_index(_NAME, "talan_runs", ["study_id", "state", "told_at"])
