"""What a run is worth at fresh seeds, from recorded studies and from driven ones."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import pytest
from expected_cells import deltas
from expected_cells import mean as exact_mean
from scripted_executor import Script
from seeded_study import finish, seed_study

from api.views.confirmation import Confirmation
from search.driving.audits import Engine, drive, launch
from search.errors import StudyFileError
from search.follow_ups.confirmation import confirmation, launch_confirmation
from search.follow_ups.studies import seeds_of
from search.study.file import parse_study
from storage import BASELINE, TREATMENT, AuditStore, Run, RunFilter

Scripted = Callable[..., tuple[Engine, Script]]
# Right answers beyond the baseline's 10 of 20 on the two benchmarks, by seed: 5 pp an item.
FRESH = [(2, 0), (1, -1), (-1, 1), (3, 2)]


def champion(store: AuditStore) -> Run:
    """Of four configurations the best, at +25 pp on average."""

    def score(run: Run) -> tuple[int, int]:
        layer = run.configuration["layer"] if run.configuration else 0
        return (10, 10) if run.kind == BASELINE else (10 + 5 * (layer == 2), 10 + 5 * (layer == 2))

    seed_study(store, score, axes={"layer": [0, 1, 2, 3]})
    (best,) = store.rates.champions("seeded")
    assert best.mean_delta == 25.0
    return best


def confirm(store: AuditStore, best: Run, *, failing: int | None = None) -> dict[str, Any]:
    (name,) = launch_confirmation(store, best.id, num_seeds=4)
    seeds = store.studies.get(name).spec["seeds"]

    def score(run: Run) -> tuple[int, int] | None:
        more = FRESH[seeds.index(run.seed)]
        if run.kind == BASELINE:
            return (10, 10)
        return None if run.seed == failing else (10 + more[0], 10 + more[1])

    finish(store, name, score)
    return Confirmation.from_record(confirmation(store, best.id)).model_dump()


def test_columns_over_fresh_seeds(store: AuditStore) -> None:
    best = champion(store)
    shape = confirm(store, best)
    assert (shape["run"], shape["study"]) == (best.id, "seeded")
    assert shape["studies"] == [f"seeded-confirm-{best.id[:6]}"]
    assert [seed["deltas"] for seed in shape["seeds"]] == [
        {"tiny_choice": 5.0 * a, "tiny_code": 5.0 * b} for a, b in FRESH
    ]
    choice, over = shape["cells"]["tiny_choice"], shape["mean_delta"]
    expected = [10.0, 5.0, -5.0, 15.0]
    assert (choice["n"], choice["mean"], choice["positive"]) == (4, 6.25, 3)
    assert choice["std"] == pytest.approx(stdev(expected))
    assert choice["t"] == pytest.approx(mean(expected) / (stdev(expected) / 2))
    means = [5.0, 0.0, 0.0, 12.5]
    half = 3.182446 * stdev(means) / 2  # t at 97.5% with 3 degrees of freedom
    assert over["mean"] == 4.375
    assert over["interval"] == pytest.approx((4.375 - half, 4.375 + half), rel=1e-6)
    assert over["positive"] == 2
    assert (shape["pooled"]["n"], shape["pooled"]["mean"]) == (8, 4.375)
    assert shape["g1_seeds"] == 2
    assert shape["failed"] == []


def test_the_winning_delta_stands_beside_the_confirmed_one(store: AuditStore) -> None:
    selection = confirm(store, champion(store))["selection"]
    assert (selection["winning"], selection["seed"], selection["selected_from"]) == (25.0, 42, 4)
    assert (selection["confirmed"], selection["optimism"]) == (4.375, 20.625)


def test_a_failed_seed_is_named_and_in_no_number(store: AuditStore) -> None:
    best = champion(store)
    failing = seeds_of(confirmation_origin(store, best), 4)[3]
    shape = confirm(store, best, failing=failing)
    assert shape["failed"] == [failing]
    assert shape["mean_delta"]["n"] == 3
    assert shape["mean_delta"]["mean"] == pytest.approx(5 / 3)


def confirmation_origin(store: AuditStore, best: Run) -> Any:
    from search.follow_ups.studies import origin_of

    return origin_of(store, best.id)


def test_before_any_seed_is_done(store: AuditStore) -> None:
    best = champion(store)
    with pytest.raises(StudyFileError, match="no completed confirmation run yet"):
        confirmation(store, best.id)
    launch_confirmation(store, best.id, num_seeds=2)
    with pytest.raises(StudyFileError, match="no completed confirmation run yet"):
        confirmation(store, best.id)


def test_driven_by_workers_it_is_what_they_measured(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted()
    axes = {"slots": [1, 2, 3]}
    spec = {"name": "driven", "benchmarks": ["tiny_choice", "tiny_code"], "axes": axes}
    launch(store, parse_study(spec), artifact_url="artifacts")
    drive(store, "driven", engine=engine)
    run = next(iter(store.runs.iterate("driven", RunFilter(kind=TREATMENT))))
    for num_seeds in (2, 5):
        for name in launch_confirmation(store, run.id, num_seeds=num_seeds):
            assert drive(store, name, engine=engine) == "completed"
    found = confirmation(store, run.id)
    assert len(found.studies) == 2
    seeds = seeds_of(found.origin, 5)
    assert [confirmed.seed for confirmed in found.runs] == seeds
    assert run.configuration is not None
    expected = [float(exact_mean(deltas(run.configuration, seed=s).values())) for s in seeds]
    assert [confirmed.mean_delta for confirmed in found.runs] == pytest.approx(expected)
    assert found.table.seeds.mean == pytest.approx(mean(expected))
    begun = script.begun()
    assert len(begun) == len(set(begun)) == 4 + 2 * 5
