"""dashboards.study_frames, narrowing and rates: frames by value."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drawn_studies import BENCHMARKS, DORA, ERROR, LORA, NAME, record_study

from dashboards.errors import RecordError
from dashboards.rates import rate_rows
from dashboards.study_frames import StudyRecord, load_record, together
from search.follow_ups.importance import affordable
from search.rates.g1_rates import g1_rows
from storage import AuditStore, StudyNotFound


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditStore]:
    path = tmp_path_factory.mktemp("record") / "talan.db"
    with AuditStore.open(f"sqlite:///{path}") as opened:
        record_study(opened)
        yield opened


@pytest.fixture(scope="module")
def record(store: AuditStore) -> StudyRecord:
    return load_record(store, NAME)


def test_runs_are_rows_in_the_order_of_the_plan(record: StudyRecord, store: AuditStore) -> None:
    runs = list(store.runs.iterate(NAME))
    assert record.runs["id"].tolist() == [run.id for run in runs]
    assert record.runs["state"].tolist() == [run.state for run in runs]
    assert record.runs["error"].dropna().tolist() == [ERROR]
    third = record.runs.iloc[3]
    assert (third["layer"], third["num_layers"], third["depth"]) == (3, 6, 0.5)
    assert (third["writeback"], third["trainability"]) == ("gate:vector:0.1", "all")
    assert (third["mean_delta"], third["worst_delta"], third["g1"]) == (10.0, 0.0, True)
    assert third["host"] == LORA
    assert str(record.runs["started_at"].dt.tz) == "UTC"


def test_cells_are_rows(record: StudyRecord) -> None:
    assert record.benchmarks == tuple(BENCHMARKS)
    run_id = record.runs["id"].iloc[2]
    cells = record.cells[record.cells["run_id"] == run_id].set_index("benchmark")
    assert cells["delta"].to_dict() == pytest.approx({"tiny_choice": -5.0, "tiny_code": 40.0})
    assert cells["n_correct"].to_dict() == {"tiny_choice": 9, "tiny_code": 9}
    assert cells["baseline_score"].to_dict() == {"tiny_choice": 50.0, "tiny_code": 50.0}


def test_a_run_that_ended_early_has_a_verdict_and_no_mean(record: StudyRecord) -> None:
    early = record.runs.iloc[5]
    assert early["g1"] is False or not bool(early["g1"])
    assert pd.isna(early["mean_delta"])
    assert record.num_ended_early == 1
    assert len(record.scored) == 6


def test_champions_are_the_records(record: StudyRecord, store: AuditStore) -> None:
    assert list(record.champions["id"]) == [run.id for run in store.rates.champions(NAME)]
    assert record.champions["mean_delta"].tolist() == [10.0]  # DoRA's G1 run is inert


@pytest.mark.parametrize("by", [None, "mixer", "slots"])
def test_rates_are_those_of_the_command(
    record: StudyRecord, store: AuditStore, by: str | None
) -> None:
    assert rate_rows(record, by=by) == g1_rows(store, NAME, by=by)


def test_narrowing_an_axis_keeps_baselines_and_nulls(record: StudyRecord) -> None:
    found = record.narrowed(slots=2, mixer=["cross_attn", "multihead_local"])
    assert found.scored["mean_delta"].tolist() == [5.0, 10.0, 0.0]
    assert found.runs["kind"].value_counts().to_dict() == {
        "treatment": 3,
        "baseline": 2,
        "seed_null": 2,
    }
    assert set(found.cells["run_id"]) <= set(found.runs["id"])
    (lora, dora) = rate_rows(found)
    assert (lora.count.g1, lora.count.runs, lora.null["seed"].runs) == (2, 2, 2)
    assert lora.rotation is not None
    assert lora.rotation.runs == 2  # only those that are left
    assert dora.null == {}
    assert dora.expected is not None
    # It answers every item as its baseline does.
    assert (dora.expected.rate, dora.expected.strict) == (1.0, 0.0)


def test_narrowing_a_host_keeps_only_it_but_its_place_in_the_order(record: StudyRecord) -> None:
    found = record.narrowed(adapter="dora-r8", layer="0")
    assert found.runs["host"].unique().tolist() == [DORA]
    assert found.host_labels == [LORA, DORA]
    assert found.narrowed(slots=None) is not None


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"mixr": "x"}, "a record cannot be narrowed by 'mixr'; allowed: .*mixer"),
        ({"layer": 4}, "layer: no run has '4'; allowed: 0, 3, 1, 2, 5"),
        ({"g1": "maybe"}, "g1: no run has 'maybe'; allowed: true, false"),
    ],
)
def test_what_no_run_has_is_refused(
    record: StudyRecord, wanted: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecordError, match=message):
        record.narrowed(**wanted)


def test_choices_are_what_runs_have(record: StudyRecord) -> None:
    choices = record.choices()
    assert choices["layer"] == [0, 1, 2, 3, 5]
    assert choices["adapter"] == ["dora-r8", "lora-r8"]


def test_studies_side_by_side_keep_their_runs_apart(store: AuditStore) -> None:
    record_study(store, "again")
    both = together([load_record(store, NAME), load_record(store, "again")])
    assert both.name == "drawn + again"
    assert both.host_labels == [
        f"{study}: {host}" for study in (NAME, "again") for host in (LORA, DORA)
    ]
    assert [row.count.runs for row in rate_rows(both)] == [5, 1, 5, 1]


def test_a_study_that_is_not_there(store: AuditStore) -> None:
    with pytest.raises(StudyNotFound):
        load_record(store, "drwn")


def test_figures_start_without_torch_and_ray() -> None:
    loads = "import dashboards.figures, sys; print({'torch', 'ray'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("trials", "resamples"), [(0, 20), (142, 20), (200, 14), (273, 0)])
def test_intervals_of_importance_only_where_they_take_seconds(trials: int, resamples: int) -> None:
    assert affordable(trials)[0] == resamples
