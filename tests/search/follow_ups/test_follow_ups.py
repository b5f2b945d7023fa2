"""Follow-ups as studies: their names, their seeds, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from same_words import LORA
from seeded_study import BENCHMARKS, finish, seed_study

from search.errors import StudyFileError
from search.follow_ups.studies import (
    follow_ups,
    launch_follow_up,
    origin_of,
    seeds_of,
    treatments_of,
)
from search.study.file import parse_study
from search.study.null_runs import null_seeds
from storage import BASELINE, SEED_NULL, TREATMENT, AuditStore, Run, RunFilter, RunNotFound


def score(run: Run) -> tuple[int, int]:
    return (10, 10) if run.kind == BASELINE else (11, 12)


def one_of(store: AuditStore, kind: str = TREATMENT, *, host: int = 0) -> Run:
    runs = store.runs.iterate("seeded", RunFilter(kind=kind))
    return next(run for run in runs if run.host == host)


def follow(store: AuditStore, run: Run, number: int, **keys: Any) -> list[str]:
    origin = origin_of(store, run.id)
    keys = {"stem": origin.stem("confirm"), "configurations": [origin.configuration], **keys}
    return launch_follow_up(store, origin, num_seeds=number, **keys)


def test_it_is_the_same_but_for_seeds_points_and_host(store: AuditStore) -> None:
    seed_study(
        store,
        score,
        seeds=[4, 5],
        adapters=[LORA, {**LORA, "r": 4}],
        axes={"layer": [0, 2], "trainability": [{"scope": "all"}, {"scope": "frozen"}]},
        training={"max_steps": 6},
        talan={"summary_scope": "prefix"},
        resources={"workers": 3},
        null_runs={"seed": 3, "sham": 2},
    )
    run = one_of(store, host=1)
    (name,) = follow(store, run, 3)
    assert name == f"seeded-confirm-{run.id[:6]}"
    file = parse_study(store.studies.get(name).spec)
    assert file.benchmarks == list(BENCHMARKS)
    assert [adapter["r"] for adapter in file.adapters] == [4]
    assert (file.training, file.resources.workers) == ({"max_steps": 6}, 3)
    assert file.talan["summary_scope"] == "prefix"
    assert (file.null_runs.seed, file.null_runs.sham) == (0, 0)
    runs = list(store.runs.iterate(name))
    assert {run.configuration_id for run in runs if run.kind == TREATMENT} == {run.configuration_id}
    assert {r.seed for r in runs if r.kind == TREATMENT} == {
        r.seed for r in runs if r.kind == BASELINE
    }
    assert len(runs) == 6
    assert store.studies.get(name).artifact_url == store.studies.get("seeded").artifact_url


def test_its_seeds_were_never_used(store: AuditStore) -> None:
    file = seed_study(store, score, null_runs={"seed": 50})
    origin = origin_of(store, one_of(store).id)
    seeds = seeds_of(origin, 1000)
    used = {run.seed for run in store.runs.iterate("seeded") if run.kind != TREATMENT}
    assert used == {42, *null_seeds(file)}
    assert not set(seeds) & used
    assert len(set(seeds)) == 1000


def test_asking_for_more_runs_only_what_is_missing(store: AuditStore) -> None:
    seed_study(store, score)
    run = one_of(store)
    origin = origin_of(store, run.id)
    (first,) = follow(store, run, 3)
    assert follow(store, run, 3) == follow(store, run, 2) == [first]
    assert follow(store, run, 5) == [first, f"{first}-2"]
    assert follow(store, run, 6) == [first, f"{first}-2", f"{first}-3"]
    parts = follow_ups(store, origin.stem("confirm"))
    assert [part.spec["seeds"] for part in parts] == [
        seeds_of(origin, 6)[:3],
        seeds_of(origin, 6)[3:5],
        seeds_of(origin, 6)[5:],
    ]
    for part in parts:
        finish(store, part.name, score)
    assert [run.seed for run in treatments_of(store, parts)] == seeds_of(origin, 6)


def test_a_follow_up_can_be_followed_up(store: AuditStore) -> None:
    seed_study(store, score)
    (name,) = follow(store, one_of(store), 2)
    finish(store, name, score)
    again = next(iter(store.runs.iterate(name, RunFilter(kind=TREATMENT))))
    (further,) = follow(store, again, 2)
    old, new = (set(store.studies.get(n).spec["seeds"]) for n in (name, further))
    assert not old & new


def test_long_names_stay_names(store: AuditStore) -> None:
    seed_study(store, score, name="s" * 49 + "-" + "t" * 30)
    (run,) = store.runs.iterate("s" * 49 + "-" + "t" * 30, RunFilter(kind=TREATMENT))
    (name,) = follow(store, run, 1)
    assert name == "s" * 49 + f"-confirm-{run.id[:6]}"


def test_what_cannot_be_followed_up(store: AuditStore) -> None:
    seed_study(
        store, lambda run: None if run.kind == TREATMENT else score(run), null_runs={"seed": 1}
    )
    for kind, match in {
        BASELINE: "is a baseline; allowed: a treatment",
        SEED_NULL: "is a seed null; allowed: a treatment",
        TREATMENT: "is failed and has no verdict",
    }.items():
        with pytest.raises(StudyFileError, match=match):
            origin_of(store, one_of(store, kind).id)
    with pytest.raises(RunNotFound):
        origin_of(store, "0123456789abcdef")


def test_another_study_of_that_name_is_left_alone(store: AuditStore) -> None:
    seed_study(store, score)
    run = one_of(store)
    follow(store, run, 1, configurations=[{"layer": 3}])
    with pytest.raises(StudyFileError, match="exists and asks for something else"):
        follow(store, run, 1)
    with pytest.raises(StudyFileError, match=r"seeds: 0 is not allowed; .* from 1 up"):
        follow(store, run, 0)
