"""What a run costs the driver's record is the same after ten runs and after a thousand.

Counted and not timed: statements, and instructions of SQLite's virtual machine, which grow with the
rows that a statement visits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_executor import Script, outcomes_of

from search.driving.audits import Engine, drive, launch
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from search.study.plan import Audit, resolve, treatments
from storage import AuditStore, CellOutcome, RunFilter, RunOutcome

Scripted = Callable[..., tuple[Engine, Script]]
OWNER = "driver-0"
NUM_DRIVEN = 8
FEW, MANY = 10, 1_000
STUDY: dict[str, Any] = {
    "name": "growing",
    "benchmarks": ["tiny_code", "tiny_choice"],
    "resources": {"workers": 1},
    "axes": {
        "layer": [0, 1, 2],
        "slots": list(range(1, 33)),
        "mixer": ["multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"],
        "writeback": [
            {"rule": "gate", "gate": "vector", "alpha": alpha / 1000} for alpha in range(1, 8)
        ],
    },
}
# The record as it is after so many runs, each a copy of one that a driver did.
COPIES = [
    """INSERT INTO talan_cells SELECT r.id, c.benchmark, {cells} FROM talan_cells c, talan_runs r
       WHERE c.run_id = :done AND r.kind = 'treatment' AND r.state = 'pending'
       AND r.position < :upto""",
    """INSERT INTO talan_events (study_id, at, kind, payload)
       SELECT e.study_id, e.at, e.kind, e.payload FROM talan_events e, talan_runs r
       WHERE r.kind = 'treatment' AND r.state = 'pending' AND r.position < :upto""",
    """UPDATE talan_runs SET ({runs}) = (SELECT {runs} FROM talan_runs WHERE id = :done)
       WHERE kind = 'treatment' AND state = 'pending' AND position < :upto""",
    "UPDATE talan_runs SET told_at = finished_at WHERE kind = 'treatment' AND position < :upto",
]
RUN_COLUMNS = (
    "state, attempt, started_at, finished_at, compute_s, g1, verdict, mean_delta, worst_delta, "
    "losses, checkpoint_artifact, provenance_hash"
)


@dataclass
class Work:
    """What the record was asked to do."""

    statements: int = 0
    instructions: int = 0

    def __sub__(self, other: Work) -> Work:
        return Work(self.statements - other.statements, self.instructions - other.instructions)


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_a_run_costs_the_same_after_many_runs(
    tmp_path: Path, scripted: Scripted, sampler: str
) -> None:
    few, many = (
        work_of_a_few_runs(tmp_path / str(done), scripted, sampler=sampler, done=done)
        for done in (FEW, MANY)
    )

    assert many.statements == few.statements
    assert many.instructions < 1.1 * few.instructions


def work_of_a_few_runs(folder: Path, scripted: Scripted, *, sampler: str, done: int) -> Work:
    """Drive the rest of a study of which so many treatments are done."""
    folder.mkdir()
    engine, _ = scripted()
    work, marks = Work(), []

    def watch(_: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished":
            marks.append(Work(work.statements, work.instructions))

    design = {"sampler": sampler, "max_runs": done + NUM_DRIVEN}
    with AuditStore.open(f"sqlite:///{folder}/talan.db") as store:
        launch(store, parse_study({**STUDY, "design": design}), artifact_url=str(folder))
        leave_done(store, resolve(parse_study({**STUDY, "design": design})), done=done)
        count_work(store, work)
        assert drive(store, STUDY["name"], engine=engine, observer=watch) == "completed"
        assert store.studies.status(STUDY["name"]).runs.completed == done + NUM_DRIVEN
    assert len(marks) == NUM_DRIVEN
    return marks[-1] - marks[0]


def leave_done(store: AuditStore, audit: Audit, *, done: int) -> None:
    """A baseline and so many treatments, as a driver that stopped leaves them."""
    name = audit.file.name
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    if audit.adaptive:
        points = [audit.spaces[0].point(index) for index in range(done)]
        plans = treatments(audit, host=0, points=points, first_position=1)
        store.studies.add_runs(name, owner=OWNER, runs=plans)
    due = store.dispatch.next_pending(name, limit=2)
    for run in due:
        cells = [
            CellOutcome(
                benchmark,
                outcomes_of(run.configuration, seed=run.seed, benchmark=benchmark),
                f"responses of {run.id}",
                1.0,
            )
            for benchmark in audit.benchmarks
        ]
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
        outcome = RunOutcome(cells, (1.0,), None, 1.0, {})
        store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=outcome)
    positions = [run.position for run in store.runs.iterate(name, RunFilter(kind="treatment"))]
    columns = [
        column["name"] for column in sa.inspect(store.database.engine).get_columns("talan_cells")
    ]
    names = {"cells": ", ".join(f"c.{column}" for column in columns[2:]), "runs": RUN_COLUMNS}
    values = {"done": due[1].id, "upto": sorted(positions)[0] + done}
    with store.database.engine.begin() as connection:
        for statement in COPIES:
            connection.execute(sa.text(statement.format(**names)), values)
    store.leases.release(name, owner=OWNER, state="stopped")


def count_work(store: AuditStore, work: Work) -> None:
    """Have the record's own connections counted from now on."""

    def instruction() -> None:
        work.instructions += 1

    def begin(connection: Any, _: object) -> None:
        connection.set_progress_handler(instruction, 1)

    def statement(*_: object) -> None:
        work.statements += 1

    engine = store.database.engine
    sa.event.listen(engine, "connect", begin)
    sa.event.listen(engine, "before_cursor_execute", statement)
    engine.dispose()
