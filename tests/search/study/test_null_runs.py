"""Which null runs a study has: their seeds, what shams stand in for, what they are matched with."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from same_words import LORA
from small_spaces import DIRECT, GATE

from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.keys import StudyFile
from search.study.null_runs import null_seeds, sham_points
from search.study.plan import resolve, study_plan
from storage import BASELINE, JITTER_NULL, SEED_NULL, SHAM_NULL, TREATMENT, RunPlan
from talan import TalanConfig

NO_STRENGTH = {"rule": "gate", "gate": "vector", "alpha": 0}


def study(**keys: Any) -> StudyFile:
    return parse_study({"name": "small", "axes": {"layer": [0, 3, 5], "slots": [2, 4]}, **keys})


def planned(**keys: Any) -> list[RunPlan]:
    return list(study_plan(resolve(study(**keys)), artifact_url="here").runs)


def test_none_unless_asked_for() -> None:
    assert Counter(run.kind for run in planned()) == {BASELINE: 1, TREATMENT: 6}


def test_each_host_has_both_kinds_against_its_first_seed() -> None:
    runs = planned(
        seeds=[5, 3], adapters=[LORA, {**LORA, "r": 4}], null_runs={"seed": 4, "sham": 3}
    )
    for host in (0, 1):
        of_host = [run for run in runs if run.host == host]
        counts = Counter(run.kind for run in of_host)
        assert counts == {BASELINE: 2, TREATMENT: 12, SEED_NULL: 4, SHAM_NULL: 3}
        nulls = [run for run in of_host if run.kind in (SEED_NULL, SHAM_NULL)]
        assert {run.baseline_seed for run in nulls} == {5}
        assert [run.seed for run in nulls if run.kind == SHAM_NULL] == [0, 1, 2]
        seeds = {run.seed for run in nulls if run.kind == SEED_NULL}
        assert len(seeds) == 4
        assert not seeds & {5, 3}
        for run in nulls:
            assert (run.configuration is None) == (run.kind == SEED_NULL)
            if run.configuration:
                config = TalanConfig.from_axes(run.configuration)
                assert run.configuration_id == config.configuration_id
    assert [run.position for run in runs] == list(range(len(runs)))
    assert all(run.baseline_seed is None for run in runs if run.kind in (BASELINE, TREATMENT))


def test_at_every_seed_each_baseline_has_as_many_of_each_kind() -> None:
    nulls = {"seed": 2, "sham": {"count": 3, "match": "kl"}, "jitter": 4, "at": "every_seed"}
    runs = planned(seeds=[5, 3], null_runs=nulls)
    found = Counter((run.kind, run.baseline_seed) for run in runs if run.baseline_seed is not None)
    assert found == {
        (kind, seed): number
        for kind, number in ((SEED_NULL, 2), (SHAM_NULL, 3), (JITTER_NULL, 4))
        for seed in (5, 3)
    }
    for kind, number in ((SHAM_NULL, 6), (JITTER_NULL, 8)):  # numbers tell all of a host apart
        assert [run.seed for run in runs if run.kind == kind] == list(range(number))
    seeds = [run.seed for run in runs if run.kind == SEED_NULL]
    assert len(set(seeds)) == 4
    assert not {5, 3} & set(seeds)
    assert all(run.configuration is None for run in runs if run.kind == JITTER_NULL)
    file = study(seeds=[5, 3], null_runs=nulls)
    assert file.null_runs.total(file.seeds) == 18 == found.total()


def test_the_first_seed_has_the_same_nulls_when_every_seed_has_some() -> None:
    nulls = {"seed": 2, "sham": 3, "jitter": 1}
    once, each = (
        {(r.kind, r.seed, r.configuration_id) for r in planned(seeds=[5, 3], null_runs=keys)}
        for keys in (nulls, {**nulls, "at": "every_seed"})
    )
    assert once < each


def test_matched_null_runs_need_examples_that_are_not_trained_on() -> None:
    for nulls in ({"jitter": 1}, {"sham": {"count": 1, "match": "kl"}}):
        with pytest.raises(StudyFileError, match=r"null_runs: .* 78 steps take 1248 of 1000;"):
            planned(training={"num_examples": 1000}, null_runs=nulls)
        assert len(planned(null_runs=nulls)) == 8
    assert len(planned(training={"num_examples": 1000}, null_runs={"sham": 1})) == 8


def test_asking_for_more_keeps_those_there_were() -> None:
    few, many = (study(null_runs={"seed": n, "sham": n}) for n in (3, 30))
    assert null_seeds(many)[:3] == null_seeds(few)
    space = resolve(few).spaces[0]
    assert sham_points(many, points=space)[:3] == sham_points(few, points=space)
    other = study(null_runs={"seed": 30, "sham": 30}, design={"seed": 1})
    assert null_seeds(other) != null_seeds(many)
    assert sham_points(other, points=space) != sham_points(many, points=space)


def test_shams_follow_the_space_and_leave_out_what_disturbs_nothing() -> None:
    file = study(
        axes={"layer": [0, 3, 5], "writeback": [NO_STRENGTH, GATE, DIRECT]},
        null_runs={"sham": 300},
    )
    drawn = sham_points(file, points=resolve(file).spaces[0])
    layers = Counter(point["layer"] for point in drawn)
    assert set(layers) == {0, 3, 5}
    assert min(layers.values()) > 70
    rules = Counter((point["writeback"]["rule"], point["writeback"]["alpha"]) for point in drawn)
    assert set(rules) == {("gate", 0.008), ("direct", 0.008)}
    assert min(rules.values()) > 110


def test_shams_of_a_list_are_drawn_from_it() -> None:
    listed = [{"layer": 1, "writeback": NO_STRENGTH}, {"layer": 2}, {"layer": 3, "slots": 7}]
    runs = [
        run
        for run in planned(axes={}, configurations=listed, null_runs={"sham": 40})
        if run.kind == SHAM_NULL
    ]
    drawn = {(run.configuration["layer"], run.configuration["slots"]) for run in runs}
    assert drawn == {(2, 2), (3, 7)}


def test_a_study_without_any_strength_has_no_sham() -> None:
    with pytest.raises(StudyFileError, match=r"null_runs\.sham: 2 shams need .* allowed: 0"):
        planned(axes={"writeback": [NO_STRENGTH]}, null_runs={"sham": 2})
    assert len(planned(axes={"writeback": [NO_STRENGTH]}, null_runs={"seed": 2})) == 4


def test_an_adaptive_study_has_its_nulls_from_the_start() -> None:
    runs = planned(design={"sampler": "tpe", "max_runs": 4}, null_runs={"seed": 1, "sham": 2})
    assert Counter(run.kind for run in runs) == {BASELINE: 1, SEED_NULL: 1, SHAM_NULL: 2}
