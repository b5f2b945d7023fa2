"""``talan importance``: shares and intervals, or why there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished_study import finished
from talan_command import Talan

from search.driving.optuna_record import (
    HostStudy,
    TrialResult,
    host_study_name,
    open_optuna_storage,
)
from search.study.file import parse_study
from search.study.keys import TUNE
from search.study.plan import resolve, study_plan
from storage import AuditStore, RunFilter


@pytest.fixture
def _told(folder: Path) -> None:
    """Six layers, the mean delta growing with them, in Optuna's record as a driver leaves it."""
    finished(
        lambda run: (10, 5 + (run.configuration["layer"] if run.configuration else 0)),
        axes={"layer": [0, 1, 2, 3, 4, 5], "slots": [2, 4]},
    )
    with AuditStore.open("sqlite:///talan.db") as store:
        host = HostStudy(
            open_optuna_storage(store.sibling_url("optuna")),
            name=host_study_name("finished", backbone="tiny-qwen3", adapter="lora-r8"),
            sampler="grid",
            seed=0,
            space=resolve(parse_study(store.studies.get("finished").spec)).spaces[0],
        )
        for run in store.runs.iterate("finished", RunFilter(kind="treatment")):
            assert run.configuration is not None
            deltas = {name: cell.delta or 0.0 for name, cell in run.cells.items()}
            host.tell(
                TrialResult(run.configuration_id or "", run.configuration, deltas, run.mean_delta)
            )


@pytest.mark.usefixtures("_told")
def test_the_axis_that_decides_comes_first(talan: Talan) -> None:
    (exact,) = json.loads(talan("importance", "finished", "--json").out)
    assert (exact["method"], exact["axes"][0]["interval"]) == ("anova", None)
    assert exact["axes"][0]["importance"] == pytest.approx(1)
    assert exact["axes"][0]["important"]
    assert exact["together"] == pytest.approx(0)
    asked = ["importance", "finished", "--method", "fanova", "--resamples", "3", "--shuffles", "19"]
    (host,) = json.loads(talan(*asked, "--json").out)
    assert (host["trials"], host["feasible"], host["design"]) == (12, 12, "grid")
    first = host["axes"][0]
    assert first["axis"] == "layer"
    assert first["importance"] > 0.9
    low, high = first["interval"]
    assert low <= high
    assert (host["shuffles"], first["important"]) == (19, True)
    assert host["r2"] > 0
    assert first["reference"] < first["importance"]
    lines = talan(*asked).out.splitlines()
    assert lines[0] == "tiny-qwen3 lora-r8  12 trials (grid), 12 G1 at every seed"
    assert lines[2].split()[0] == "layer"
    assert lines[2].endswith("more than chance")
    assert "reference: the 95% point of 19 shuffles" in lines[8]


@pytest.mark.usefixtures("_told")
def test_what_does_not_vary_is_told(talan: Talan) -> None:
    out = talan("importance", "finished", "--by", "feasibility").out
    assert "feasibility is the same in all trials" in out
    answer = talan("importance", "finished", "--by", "g1")
    assert answer.code == 2
    assert "allowed: mean_delta, feasibility" in answer.err


def test_trials_that_tune_chose_are_told_to_be_no_sample(talan: Talan) -> None:
    file = parse_study({"name": "tuned", "design": {"sampler": TUNE}})
    with AuditStore.open("sqlite:///talan.db") as store:
        store.studies.create(study_plan(resolve(file), artifact_url="artifacts"))
    out = talan("importance", "tuned").out
    assert "tune chose trials by results: they are not a sample of the space." in out
