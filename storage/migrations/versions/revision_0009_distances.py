"""How far a run is from its baseline on held-out examples, and what matched nulls are given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_distances"
down_revision = "0008_setbacks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("talan_runs", sa.Column("kl_to_baseline", sa.Double(), nullable=True))
    op.add_column("talan_runs", sa.Column("null_scale", sa.Double(), nullable=True))
    op.add_column("talan_runs", sa.Column("held_out_artifact", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("held_out_artifact", "null_scale", "kl_to_baseline"):
        op.drop_column("talan_runs", column)
