"""Verdicts in words: helped, hurt and changed per cell, strict, tied, inert or not G1 per run.

What is on record is counted again: helped and hurt from the packed outcomes, means from the counts.
Of the responses it is known only that two cells which name the same artifact hold the same ones; of
the others `changed` stays unknown, and so does the verdict of a run that may be tied or inert. The
stored responses tell (``talan db upgrade`` reads them).
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.packing import helped_and_hurt
from storage.verdict import NOT_G1, Difference, exact_delta, exact_mean, verdict_word

revision = "0007_verdicts"
down_revision = "0006_bounds"
branch_labels = None
depends_on = None

COUNTS = ("helped", "hurt", "changed")
BEFORE = {
    "ix_talan_runs_status": ["study_id", "kind", "state", "g1"],
    "ix_talan_runs_rate": ["host_id", "kind", "state", "configuration_pk", "g1"],
}
ADDED = {
    "ix_talan_runs_verdict": ["study_id", "verdict", "position", "id"],
    "ix_talan_runs_verdict_mean": ["study_id", "verdict", "mean_delta", "position", "id"],
}
RUNS_AT_ONCE = 2_000

_runs = sa.table(
    "talan_runs",
    *(sa.column(name) for name in ("id", "host_id", "kind", "seed", "baseline_seed", "state")),
    *(sa.column(name) for name in ("g1", "verdict", "mean_delta", "worst_delta")),
)
_cells = sa.table(
    "talan_cells",
    *(sa.column(name) for name in ("run_id", "benchmark", "n_items", "n_correct", "outcomes")),
    *(sa.column(name) for name in ("responses_artifact", "baseline_n_correct", *COUNTS)),
)


def upgrade() -> None:
    op.create_table(
        "talan_response_digests",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("benchmark", sa.Text(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["talan_runs.id"], name=op.f("fk_talan_response_digests_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "benchmark", name=op.f("pk_talan_response_digests")),
    )
    op.add_column("talan_runs", sa.Column("verdict", sa.String(length=8), nullable=True))
    for name in COUNTS:
        op.add_column("talan_cells", sa.Column(name, sa.Integer(), nullable=True))
    _count_again(op.get_bind())
    for name, columns in BEFORE.items():
        op.drop_index(name, table_name="talan_runs")
        op.create_index(name, "talan_runs", [*columns, "verdict"])
    for name, columns in ADDED.items():
        op.create_index(name, "talan_runs", columns)


def downgrade() -> None:
    for name in ADDED:
        op.drop_index(name, table_name="talan_runs")
    for name, columns in BEFORE.items():
        op.drop_index(name, table_name="talan_runs")
        op.create_index(name, "talan_runs", columns)
    for name in COUNTS:
        op.drop_column("talan_cells", name)
    op.drop_column("talan_runs", "verdict")
    op.drop_table("talan_response_digests")


def _count_again(connection: sa.Connection) -> None:
    """Give the runs that have a verdict its word, and their cells their counts."""
    decided = sa.select(_runs.c.id, _runs.c.mean_delta).where(
        _runs.c.kind != "baseline", _runs.c.state == "completed", _runs.c.g1.is_not(None)
    )
    runs = connection.execute(decided.order_by(_runs.c.id)).all()
    for start in range(0, len(runs), RUNS_AT_ONCE):
        chunk = dict(tuple(run) for run in runs[start : start + RUNS_AT_ONCE])
        cells = _differences(connection, list(chunk))
        if cells:
            rows = [row for of_run in cells.values() for row in of_run]
            connection.execute(_cell_update(), [_without_delta(row) for row in rows])
        connection.execute(_run_update(), [_run(*run, cells[run[0]]) for run in chunk.items()])


def _without_delta(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "delta"}


def _differences(connection: sa.Connection, run_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(_paired_cells(run_ids)):
        helped, hurt = helped_and_hurt(row.ours, row.theirs)
        found[row.run_id].append(
            {
                "at_run": row.run_id,
                "at_benchmark": row.benchmark,
                "helped": helped,
                "hurt": hurt,
                "changed": 0 if row.our_responses == row.their_responses else None,
                "delta": exact_delta(row.n_correct, row.baseline_n_correct, n_items=row.n_items),
            }
        )
    return found


def _paired_cells(run_ids: list[str]) -> sa.Select[Any]:
    baseline, theirs = _runs.alias("baseline"), _cells.alias("theirs")
    matched = sa.and_(
        baseline.c.host_id == _runs.c.host_id,
        baseline.c.seed == _runs.c.baseline_seed,
        baseline.c.kind == "baseline",
    )
    same = sa.and_(theirs.c.run_id == baseline.c.id, theirs.c.benchmark == _cells.c.benchmark)
    return (
        sa.select(_cells.c.run_id, _cells.c.benchmark, _cells.c.n_items, _cells.c.n_correct)
        .add_columns(_cells.c.baseline_n_correct, _cells.c.outcomes.label("ours"))
        .add_columns(theirs.c.outcomes.label("theirs"))
        .add_columns(_cells.c.responses_artifact.label("our_responses"))
        .add_columns(theirs.c.responses_artifact.label("their_responses"))
        .select_from(_runs)
        .join(_cells, _cells.c.run_id == _runs.c.id)
        .join(baseline, matched)
        .join(theirs, same)
        .where(_runs.c.id.in_(run_ids))
    )


def _run(run_id: str, mean: float | None, cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The word and the exact mean of a run; one without a mean was not evaluated in full."""
    if mean is None:
        return {"at_run": run_id, "verdict": NOT_G1, "mean_delta": None}
    deltas: list[Fraction] = [cell["delta"] for cell in cells]
    found = [Difference(*(cell[name] for name in COUNTS)) for cell in cells]
    word = verdict_word(deltas, found)
    return {"at_run": run_id, "verdict": word, "mean_delta": float(exact_mean(deltas))}


def _cell_update() -> Any:
    at = sa.and_(
        _cells.c.run_id == sa.bindparam("at_run"),
        _cells.c.benchmark == sa.bindparam("at_benchmark"),
    )
    return sa.update(_cells).where(at).values({name: sa.bindparam(name) for name in COUNTS})


def _run_update() -> Any:
    values: dict[str, Any] = {name: sa.bindparam(name) for name in ("verdict", "mean_delta")}
    return sa.update(_runs).where(_runs.c.id == sa.bindparam("at_run")).values(values)
