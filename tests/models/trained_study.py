"""A study of two runs, really trained and scored, and the command line in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from same_words import OWNER

from api.cli import main
from search.driving.audits import launch
from search.driving.run_outcomes import run_outcome
from search.study.file import parse_study
from search.study.keys import StudyFile
from search.study.plan import resolve
from storage import AuditStore
from workers.job.jobs import AdapterSpec, CellResult, RunJob, TrainResult
from workers.run.executor import RunExecutor

STUDY: dict[str, Any] = {
    "name": "two",
    "benchmarks": ["tiny_arithmetic", "tiny_code"],
    "axes": {
        "layer": [1],
        "mixer": ["per_token_mix"],
        "writeback": [{"rule": "direct", "alpha": 0.3}],
        "trainability": [{"scope": "all"}],
    },
    "training": {"max_steps": 4, "num_examples": 96},
}


@dataclass(frozen=True)
class TrainedStudy:
    """Where it is, its file, and the treatment's results."""

    folder: Path
    file: StudyFile
    run_id: str
    baseline_id: str
    job: RunJob
    trained: TrainResult
    cells: tuple[CellResult, ...]

    @property
    def storage(self) -> str:
        return f"sqlite:///{self.folder / 'talan.db'}"


def train_study(folder: Path, executor: RunExecutor) -> TrainedStudy:
    """Train and score the baseline and the treatment, and record both; the treatment."""
    file = parse_study(STUDY)
    audit = resolve(file)
    artifacts = str(folder / "artifacts")
    found: dict[str, TrainedStudy] = {}
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        launch(store, file, artifact_url=artifacts, audit=audit)
        store.leases.acquire(file.name, owner=OWNER, ttl_s=600)
        due = store.dispatch.next_pending(file.name, limit=10)
        baseline_id = next(run.id for run in due if run.kind == "baseline")
        for run in due:
            attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
            job = RunJob(
                key=run.id,
                backbone=audit.hosts[0].backbone,
                adapter=AdapterSpec.from_record(audit.hosts[0].adapter),
                configuration=run.configuration,
                block=file.talan,
                seed=run.seed,
                recipe=audit.recipe,
                suite=audit.suite.name,
                benchmarks=audit.benchmarks,
                artifact_url=artifacts,
            )
            trained = executor.begin(job)
            cells = tuple(executor.evaluate(name) for name in job.benchmarks)
            store.results.finish(
                run.id, owner=OWNER, attempt=attempt, outcome=run_outcome(job, trained, cells)
            )
            found[run.kind] = TrainedStudy(folder, file, run.id, baseline_id, job, trained, cells)
        store.leases.release(file.name, owner=OWNER, state="completed")
    return found["treatment"]


def call(*arguments: str) -> int:
    """Call the command line as the ``talan`` script does, in this process; its exit code."""
    before, sys.argv = sys.argv, ["talan", *arguments]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        sys.argv = before
    raise AssertionError("a command ends with an exit code")
