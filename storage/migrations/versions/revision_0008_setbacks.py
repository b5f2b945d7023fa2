"""Why a study is where it is, and when it may be tried again after a driver that ended early."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_setbacks"
down_revision = "0007_verdicts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    setbacks = sa.Column("setbacks", sa.Integer(), nullable=False, server_default="0")
    op.add_column("talan_studies", setbacks)
    op.add_column("talan_studies", sa.Column("not_before_epoch_s", sa.Double(), nullable=True))
    op.add_column("talan_studies", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("reason", "not_before_epoch_s", "setbacks"):
        op.drop_column("talan_studies", column)
