"""Which analyses a request comes to: a run's own, and those of its nulls that it is read beside.

Owns: what a run can be asked, and which null runs are its references. Does not cover: carrying them
out (``search.driving.analysing``), reading them beside each other (``search.analyses.references``).
"""

from __future__ import annotations

from collections.abc import Sequence

from search.analyses.catalogue import (
    CATALOGUE,
    DISTANCES,
    ITEMS,
    NULLS_PER_KIND,
    AnalysisKind,
    find_analysis,
    parameters_of,
)
from search.errors import AnalysisError
from storage import BASELINE, NULL_KINDS, SEED_NULL, SHAM_NULL, Asked, AuditStore, Run, RunFilter
from workers.analyses.jobs import COMPONENTS


def asked_of_run(
    store: AuditStore,
    run: Run,
    *,
    names: Sequence[str] | None = None,
    items: int = ITEMS,
    with_nulls: bool = True,
) -> list[Asked]:
    """A run's analyses; those of its null runs come first, so that they are there in time.

    Args:
        store: The record.
        run: The run.
        names: Which analyses; None: all that it can be asked.
        items: How many items are looked at, over all benchmarks.
        with_nulls: Whether its null runs are analysed, too.

    Raises:
        AnalysisError: The run is not done, is a baseline, or has no block for what is asked.
    """
    _require_done(run)
    named = [find_analysis(name) for name in dict.fromkeys(names or ())]
    kinds = named or kinds_of(store, run)
    for kind in kinds:
        _require_block(store, run, kind)
    beside = [kind for kind in kinds if kind.name in DISTANCES]
    nulls = null_runs_of(store, run) if with_nulls and beside else []
    return [
        *(_asked(null, kind, items) for null in nulls for kind in beside),
        *(_asked(run, kind, items) for kind in kinds),
    ]


def null_runs_of(store: AuditStore, run: Run) -> list[Run]:
    """A few completed null runs of each kind: what a run is read beside."""
    found = matched_nulls(store, run)
    of_kind = [[null for null in found if null.kind == kind] for kind in NULL_KINDS]
    return [null for nulls in of_kind for null in nulls[:NULLS_PER_KIND]]


def matched_nulls(store: AuditStore, run: Run) -> list[Run]:
    """All completed null runs of the run's host and baseline, in the order of the plan."""
    return [
        other
        for kind in NULL_KINDS
        for other in store.runs.iterate(
            run.study,
            RunFilter(kind=kind, state="completed", backbone=run.backbone, adapter=run.adapter),
        )
        if other.baseline_seed == run.baseline_seed and other.id != run.id
    ]


def another_seed_of(store: AuditStore, run: Run) -> Run | None:
    """The adapter alone at another seed on the same host: a seed null, else another baseline."""
    for kind in (SEED_NULL, BASELINE):
        wanted = RunFilter(kind=kind, state="completed", backbone=run.backbone, adapter=run.adapter)
        for other in store.runs.iterate(run.study, wanted):
            if other.seed != run.seed:
                return other
    return None


def has_block(run: Run) -> bool:
    """Whether a TALAN block is part of the run: shams have a configuration, and no block."""
    return run.configuration is not None and run.kind != SHAM_NULL


def kinds_of(store: AuditStore, run: Run) -> list[AnalysisKind]:
    """What a run can be asked: blocks of one component have nothing to be taken apart."""
    several = store.studies.get(run.study).spec.get("talan", {}).get("components", 1) > 1
    return [
        kind
        for kind in CATALOGUE
        if not kind.of_study
        and (has_block(run) or not kind.needs_block)
        and (several or kind.name != COMPONENTS)
    ]


def _asked(run: Run, kind: AnalysisKind, items: int) -> Asked:
    return Asked(run.study, run.id, kind.name, parameters_of(kind, items=items))


def _require_done(run: Run) -> None:
    if run.state != "completed":
        raise AnalysisError(
            f"run {run.id} is {run.state}; allowed: completed runs, which have a checkpoint"
        )
    if run.kind == BASELINE:
        raise AnalysisError(
            f"run {run.id} is a baseline, and there is nothing that it is matched with; allowed "
            "are runs of configurations, of methods, and null runs"
        )


def _require_block(store: AuditStore, run: Run, kind: AnalysisKind) -> None:
    if kind.needs_block and not has_block(run):
        allowed = ", ".join(one.name for one in kinds_of(store, run))
        raise AnalysisError(
            f"{kind.name} looks at a TALAN block, and run {run.id} ({run.kind}) has none; allowed "
            f"for it: {allowed}"
        )
