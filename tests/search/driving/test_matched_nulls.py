"""Matched null runs wait for the treatments, are told their median, and share the first's scale."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from expected_cells import BENCHMARKS
from scripted_executor import Script, kl_of

from search.driving.audits import Engine, drive, launch
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from storage import BASELINE, JITTER_NULL, SEED_NULL, SHAM_NULL, TREATMENT, AuditStore, Run
from storage.new_rows import SELF_CHECK
from storage.records import RunFilter

Scripted = Callable[..., tuple[Engine, Script]]
SLOTS = [1, 2, 3, 4]
FROZEN = {"trainability": {"scope": "frozen"}}


def put_on_record(store: AuditStore, **keys: Any) -> None:
    nulls = {"seed": 2, "jitter": 3, "sham": {"count": 2, "match": "kl"}, "at": "every_seed"}
    spec = {
        "name": "matched",
        "benchmarks": list(BENCHMARKS),
        "seeds": [9, 8],
        "axes": {"slots": SLOTS},
        "null_runs": nulls,
        **keys,
    }
    launch(store, parse_study(spec), artifact_url="artifacts")


def of_kind(store: AuditStore, kind: str, *, at: int | None = None) -> list[Run]:
    runs = store.runs.iterate("matched", RunFilter(kind=kind))
    return [run for run in runs if at in (None, run.baseline_seed)]


def assert_all_matched(store: AuditStore) -> None:
    for seed, first in ((9, 0), (8, 3)):
        target = median(kl_of(slots, seed) for slots in SLOTS)
        jitters = of_kind(store, JITTER_NULL, at=seed)
        assert [run.seed for run in jitters] == [first, first + 1, first + 2]
        assert {run.kl_to_baseline for run in jitters} == {target}
        assert {run.null_scale for run in jitters} == {0.25 + first / 100}
        shams = of_kind(store, SHAM_NULL, at=seed)
        assert {run.kl_to_baseline for run in shams} == {target}
        assert {run.null_scale for run in shams} == {0.25 + shams[0].seed / 100}
        for run in of_kind(store, TREATMENT, at=seed):
            assert run.configuration is not None
            assert run.kl_to_baseline == kl_of(run.configuration["slots"], seed)
    assert all(run.held_out_artifact for run in of_kind(store, BASELINE))
    for run in of_kind(store, SEED_NULL):
        assert (run.kl_to_baseline, run.null_scale, run.held_out_artifact) == (None, None, None)


def test_they_come_last_and_are_told_the_treatments_median(
    store: AuditStore, scripted: Scripted
) -> None:
    engine, script = scripted()
    put_on_record(store)
    assert drive(store, "matched", engine=engine) == "completed"
    assert_all_matched(store)
    begun = script.begun()
    treated = {run.id for run in of_kind(store, TREATMENT)}
    matched = {run.id for kind in (JITTER_NULL, SHAM_NULL) for run in of_kind(store, kind)}
    assert max(begun.index(run) for run in treated) < min(begun.index(run) for run in matched)
    status = store.studies.status("matched")
    counts = {kind: status.kinds[kind].completed for kind in status.kinds}
    assert counts == {
        BASELINE: 2,
        TREATMENT: 8,
        SEED_NULL: 4,
        SHAM_NULL: 4,
        JITTER_NULL: 6,
    }


@pytest.mark.parametrize("done", [5, 15, 19])
def test_interrupted_anywhere_they_come_to_the_same(
    store: AuditStore, scripted: Scripted, done: int
) -> None:
    def interrupt(progress: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished" and progress.done == done:
            raise KeyboardInterrupt

    put_on_record(store)
    with pytest.raises(KeyboardInterrupt):
        drive(store, "matched", engine=scripted()[0], observer=interrupt)
    assert drive(store, "matched", engine=scripted()[0]) == "completed"
    assert_all_matched(store)


def test_where_the_first_dies_the_others_begin_afresh(
    store: AuditStore, scripted: Scripted
) -> None:
    """A jitter has no slots: a script that diverges at 0 slots fails it, and the baselines too."""
    engine, _ = scripted(diverges=frozenset({0}))
    put_on_record(store)
    assert drive(store, "matched", engine=engine) == "failed"
    assert drive(store, "matched", engine=scripted()[0]) == "completed"
    assert_all_matched(store)


def test_without_a_treatment_there_is_nothing_to_match(
    store: AuditStore, scripted: Scripted
) -> None:
    engine, _ = scripted(diverges=frozenset(SLOTS))
    put_on_record(store, seeds=[9], null_runs={"jitter": 3}, resources={"workers": 1})
    assert drive(store, "matched", engine=engine) == "completed"
    for run in of_kind(store, JITTER_NULL):
        assert run.state == "failed"
        assert "there is no distance to match" in (run.error or "")
    assert drive(store, "matched", engine=scripted()[0]) == "completed"
    assert {run.state for run in store.runs.iterate("matched")} == {"completed"}
    assert {run.null_scale for run in of_kind(store, JITTER_NULL)} == {0.25}


def test_a_block_that_cannot_act_is_no_treatment_to_be_matched(
    store: AuditStore, scripted: Scripted
) -> None:
    still = {"writeback": {"rule": "gate", "gate": "vector", "alpha": 0}, **FROZEN}
    acting = [{"slots": slots, **FROZEN} for slots in SLOTS]
    nulls = {"jitter": 1, "sham": {"count": 1, "match": "kl"}}
    put_on_record(store, seeds=[9], axes={}, configurations=[still, *acting], null_runs=nulls)
    assert drive(store, "matched", engine=scripted()[0]) == "completed"
    (checked,) = of_kind(store, SELF_CHECK)
    assert (checked.state, checked.kl_to_baseline) == ("completed", None)
    target = median(kl_of(slots, 9) for slots in SLOTS)
    for kind in (JITTER_NULL, SHAM_NULL):
        (run,) = of_kind(store, kind)
        assert run.kl_to_baseline == target


def test_an_adaptive_design_is_over_first(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted()
    design = {"sampler": "tpe", "max_runs": 3}
    put_on_record(store, seeds=[9], design=design, null_runs={"jitter": 2})
    assert drive(store, "matched", engine=engine) == "completed"
    begun = script.begun()
    treated = [begun.index(run.id) for run in of_kind(store, TREATMENT)]
    jitters = [begun.index(run.id) for run in of_kind(store, JITTER_NULL)]
    assert (len(treated), len(jitters)) == (3, 2)
    assert max(treated) < min(jitters)
    found = [run.kl_to_baseline for run in of_kind(store, TREATMENT)]
    assert {run.kl_to_baseline for run in of_kind(store, JITTER_NULL)} == {median(found)}
