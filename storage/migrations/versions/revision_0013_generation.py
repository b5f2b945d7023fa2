"""How a cell's answers were generated: the loop, tokens, forward passes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_generation"
down_revision = "0012_methods"
branch_labels = None
depends_on = None

_COUNTS = {
    "answer_tokens": sa.BigInteger(),
    "drafted_tokens": sa.BigInteger(),
    "passes": sa.BigInteger(),
    "redecoded": sa.Integer(),
}


def upgrade() -> None:
    op.add_column("talan_cells", sa.Column("generation", sa.String(16), nullable=True))
    for name, kind in _COUNTS.items():
        op.add_column("talan_cells", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in (*reversed(_COUNTS), "generation"):
        op.drop_column("talan_cells", name)
