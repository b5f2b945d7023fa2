"""How the answers of a cell that was not evaluated in full were generated."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014_bounded_generation"
down_revision = "0013_generation"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "generation": sa.String(16),
    "answer_tokens": sa.BigInteger(),
    "drafted_tokens": sa.BigInteger(),
    "passes": sa.BigInteger(),
    "redecoded": sa.Integer(),
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("talan_bounded_cells", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("talan_bounded_cells", name)
