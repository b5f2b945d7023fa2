"""Null runs driven beside treatments: scored as they are, counted apart, resumed as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from expected_cells import BENCHMARKS
from scripted_executor import ITEMS, Script, outcomes_of

from search.driving.audits import Engine, drive, launch
from search.driving.optuna_record import open_optuna_storage
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from storage import SEED_NULL, SHAM_NULL, AuditStore, Run, RunFilter

Scripted = Callable[..., tuple[Engine, Script]]
SLOTS = [1, 2, 3]


def put_on_record(store: AuditStore, **keys: Any) -> None:
    spec = {"name": "nulls", "benchmarks": list(BENCHMARKS), "seeds": [9, 8], **keys}
    file = parse_study(
        {"axes": {"slots": SLOTS}, "null_runs": {"seed": 5, "sham": 4}, **spec},
    )
    launch(store, file, artifact_url="artifacts")


def of_kind(store: AuditStore, kind: str) -> list[Run]:
    return list(store.runs.iterate("nulls", RunFilter(kind=kind)))


def assert_matched(run: Run) -> None:
    """Hold a null run to its outcomes and to those of the baseline at seed 9."""
    sham = run.seed if run.kind == SHAM_NULL else None
    trained_at = 9 if run.kind == SHAM_NULL else run.seed
    assert (run.baseline_seed, run.state) == (9, "completed")
    for name in BENCHMARKS:
        ours = outcomes_of(run.configuration, seed=trained_at, benchmark=name, sham=sham)
        theirs = outcomes_of(None, seed=9, benchmark=name)
        assert run.cells[name].n_correct == sum(ours)
        assert run.cells[name].delta == 100 * (sum(ours) - sum(theirs)) / ITEMS
    assert run.g1 == all((cell.delta or 0) >= 0 for cell in run.cells.values())


def test_they_are_scored_and_kept_apart(store: AuditStore, scripted: Scripted) -> None:
    engine, _ = scripted()
    put_on_record(store)
    seen: list[Progress] = []
    assert drive(store, "nulls", engine=engine, observer=lambda p, _: seen.append(p)) == "completed"
    for kind, number in {SEED_NULL: 5, SHAM_NULL: 4}.items():
        runs = of_kind(store, kind)
        assert len(runs) == number
        for run in runs:
            assert_matched(run)
    status = store.studies.status("nulls")
    assert (status.runs.total, status.baselines.total, status.scored) == (6, 2, 6)
    assert (seen[-1].done, seen[-1].total, seen[-1].scored) == (17, 17, 6)
    assert seen[-1].g1 == status.g1 == sum(bool(run.g1) for run in of_kind(store, "treatment"))
    trials = optuna.load_study(
        study_name="nulls/tiny-qwen3/lora-r8",
        storage=open_optuna_storage(store.sibling_url("optuna")),
    ).trials
    assert len(trials) == len(SLOTS)


def test_interrupted_and_failing_they_go_on_as_other_runs(
    store: AuditStore, scripted: Scripted
) -> None:
    put_on_record(store)
    engine, script = scripted(kills={1: 1}, diverges=frozenset({2}))

    def interrupt(progress: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished" and progress.done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(store, "nulls", engine=scripted()[0], observer=interrupt)
    before = {run.id: run for run in store.runs.iterate("nulls") if run.state == "completed"}
    assert len(before) == 7
    assert drive(store, "nulls", engine=engine) == "completed"
    for run in store.runs.iterate("nulls"):
        diverged = run.configuration and run.configuration["slots"] == 2 and run.id not in before
        assert run.state == ("failed" if diverged else "completed")
    assert drive(store, "nulls", engine=scripted()[0]) == "completed"
    runs = {run.id: run for run in store.runs.iterate("nulls")}
    assert {run.state for run in runs.values()} == {"completed"}
    for run_id, run in before.items():  # its trial or its verdict may have come since
        again = runs[run_id]
        assert (again.attempt, again.finished_at) == (1, run.finished_at)
    for kind in (SEED_NULL, SHAM_NULL):
        for run in of_kind(store, kind):
            assert_matched(run)
    begun = Counter(script.begun())
    assert all(begun[run_id] == 1 for run_id in before)


def test_without_their_baseline_they_fail(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted(diverges=frozenset({0}))
    put_on_record(store, seeds=[9], resources={"workers": 1})
    assert drive(store, "nulls", engine=engine) == "failed"
    assert {run.state for run in store.runs.iterate("nulls")} == {"failed"}
    assert len(script.begun()) == 1
