"""A run is asked with its own baseline's responses as drafts, and with nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from expected_cells import BENCHMARKS
from scripted_executor import BASELINE, Script
from test_driver import put_on_record

from search.driving.audits import Engine, drive
from storage import AuditStore, Run, RunFilter

Scripted = Callable[..., tuple[Engine, Script]]
STUDY: dict[str, Any] = {
    "axes": {"slots": [1, 2, 3]},
    "seeds": [7, 8],
    "null_runs": {"seed": 1, "sham": 1},
    "resources": {"workers": 3},
}


def _runs(store: AuditStore, **wanted: Any) -> list[Run]:
    return list(store.runs.iterate("scripted", RunFilter(**wanted)))


def _baselines(store: AuditStore) -> dict[int, dict[str, str]]:
    return {
        run.seed: {name: cell.responses_artifact for name, cell in run.cells.items()}
        for run in _runs(store, kind="baseline")
    }


@pytest.mark.parametrize("lost", [0, 2])
def test_each_run_has_the_answers_of_its_matched_baseline(
    store: AuditStore, scripted: Scripted, lost: int
) -> None:
    """Also where the worker of each baseline dies first, and runs wait for it."""
    engine, script = scripted(kills={BASELINE: lost})
    put_on_record(store, **STUDY)
    assert drive(store, "scripted", engine=engine) == "completed"

    artifacts = _baselines(store)
    assert len({name for cells in artifacts.values() for name in cells.values()}) == 4
    asked = script.drafts()
    for run in _runs(store):
        drafts = artifacts[run.baseline_seed] if run.kind != "baseline" else {}
        last = [found for found in asked if found[0] == run.id][-len(BENCHMARKS) :]
        assert last == [(run.id, name, drafts.get(name)) for name in BENCHMARKS]
    assert {run.kind for run in _runs(store)} > {"baseline", "treatment", "seed_null"}


def test_a_study_that_goes_on_reads_them_from_the_record(
    store: AuditStore, scripted: Scripted, tmp_path: Path
) -> None:
    engine, _ = scripted(breaks=frozenset({1, 2, 3}))
    put_on_record(store, **STUDY)
    drive(store, "scripted", engine=engine)
    (tmp_path / "drafts").unlink()
    engine, script = scripted()
    assert drive(store, "scripted", engine=engine) == "completed"

    artifacts = _baselines(store)
    baseline_of = {run.id: run.baseline_seed for run in _runs(store)}
    assert script.drafts()
    for run, benchmark, draft in script.drafts():
        assert draft == artifacts[baseline_of[run]][benchmark]


def test_runs_whose_baseline_failed_have_none(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted(diverges=frozenset({BASELINE}))
    put_on_record(store, **STUDY)
    drive(store, "scripted", engine=engine)

    assert all(draft is None for _, _, draft in script.drafts())
    assert [run.kind for run in _runs(store, state="completed")].count("baseline") == 0


def test_a_recipe_without_drafts_hands_out_none(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted()
    put_on_record(store, **STUDY, training={"generation": "continuous"})
    assert drive(store, "scripted", engine=engine) == "completed"

    assert {draft for _, _, draft in script.drafts()} == {None}
