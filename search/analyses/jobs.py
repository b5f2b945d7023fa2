"""From an analysis on record to what a worker is handed.

Owns: the stored hosts that an analysis needs, and where the answers are. Does not cover: dispatch
(``search.driving.analysing``).
"""

from __future__ import annotations

from search.analyses.asking import another_seed_of
from search.analyses.catalogue import DISTANCES
from search.errors import AnalysisError
from search.study.draw import FIRST_DRAW
from search.study.file import recorded_file
from storage import Analysis, AuditStore, Run
from storage.records import Study
from talan.vocabulary import BLOCK_DRAW
from workers.analyses import jobs
from workers.analyses.jobs import SCALE, AnalysisJob, CellSource
from workers.job.recipe import Recipe
from workers.suites.registry import resolve_benchmarks


def analysis_job(store: AuditStore, analysis: Analysis) -> AnalysisJob:
    """The job of an analysis of a run.

    Raises:
        AnalysisError: A checkpoint that it needs is not on record.
        SuiteError: The study's suite is not there any more.
    """
    assert analysis.run_id is not None
    run, study = store.runs.get(analysis.run_id), store.studies.get(analysis.study)
    baseline = store.runs.baseline_of(run)
    checkpoints = {jobs.RUN: _checkpoint(run)}
    if analysis.name in DISTANCES:
        if baseline is None:
            raise AnalysisError(f"run {run.id} has no matched baseline on record")
        checkpoints[jobs.BASELINE] = _checkpoint(baseline)
    if analysis.name == SCALE and (other := another_seed_of(store, run)):
        checkpoints[jobs.OTHER_SEED] = _checkpoint(other)
    return AnalysisJob(
        key=analysis.id,
        name=analysis.name,
        parameters=analysis.parameters,
        backbone=run.backbone,
        recipe=_recipe(study),
        artifact_url=study.artifact_url,
        checkpoints=checkpoints,
        cells=_cells(run, baseline),
        seed=run.seed,
        redrawn=study.spec.get("draw", FIRST_DRAW) == BLOCK_DRAW,
    )


def _cells(run: Run, baseline: Run | None) -> tuple[CellSource, ...]:
    """Benchmarks that both have in full."""
    return tuple(
        CellSource(
            name,
            cell.responses_artifact,
            baseline.cells[name].responses_artifact if baseline else None,
        )
        for name, cell in run.cells.items()
        if baseline is None or name in baseline.cells
    )


def _checkpoint(run: Run) -> str:
    if run.checkpoint_artifact is None:
        raise AnalysisError(f"run {run.id} has no checkpoint on record; allowed: runs with one")
    return run.checkpoint_artifact


def _recipe(study: Study) -> Recipe:
    file = recorded_file(study.spec)
    suite, _ = resolve_benchmarks(file.benchmarks)
    return suite.recipe.replace(**file.training)
