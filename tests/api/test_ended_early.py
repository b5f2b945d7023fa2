"""Runs that ended early, everywhere they are shown: bounds and a verdict, never a score."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from recorded_study import NAME, OWNER, outcome, study_plan
from stored_answers import store_answers
from talan_command import Talan

from api.rest import Settings, create_app
from benchmarks.replay import ReplayTable
from search.errors import ReplayError
from storage import AuditStore, PartialOutcome
from storage.generation import COLUMNS, Generation

ASKED = {item: item >= 18 for item in range(8, 20)}  # 10 wrong, 2 right: 10 of 20 at most
LOST: dict[str, Any] = {
    "score": None,
    "delta": None,
    "baseline_score": 60.0,
    "n_items": 20,
    "n_evaluated": 12,
    "bounds": {"n_correct": [2, 10], "delta": [-50.0, -10.0]},
    "generation": {
        "mode": "drafted",
        "answer_tokens": 400,
        "drafted_tokens": 380,
        "passes": 30,
        "redecoded": 1,
    },
}
UNASKED = {
    "score": None,
    "delta": None,
    "baseline_score": 50.0,
    "n_items": 10,
    "n_evaluated": 0,
    "bounds": {"n_correct": [0, 10], "delta": [-50.0, 50.0]},
    "generation": None,
}


def complete(store: AuditStore, run_id: str, ended: Any) -> None:
    attempt = store.dispatch.start(run_id, owner=OWNER, worker="worker-0")
    store.results.finish(run_id, owner=OWNER, attempt=attempt, outcome=ended)


@pytest.fixture
def runs(folder: Path) -> list[str]:
    """Ids of the baseline, a G1 run, one that ended early at once, and one that failed."""
    part = store_answers("talan-artifacts", list(ASKED.values()), word="part")
    counted = Generation(**LOST["generation"])
    lost = PartialOutcome("tiny_choice", 20, ASKED, part, seconds=0.5, generation=counted)
    unasked = PartialOutcome("tiny_code", 10, {}, responses_artifact=None, seconds=0.0)
    with AuditStore.open("sqlite:///talan.db") as store:
        store.studies.create(study_plan(NAME))
        store.leases.acquire(NAME, owner=OWNER, ttl_s=60)
        ids = [run.id for run in store.runs.iterate(NAME)][:4]
        complete(store, ids[0], outcome(12, 5))
        complete(store, ids[1], outcome(13, 6))
        complete(store, ids[2], replace(outcome(1, 1), cells=[], partial=[lost, unasked]))
        attempt = store.dispatch.start(ids[3], owner=OWNER, worker="worker-0")
        store.dispatch.fail(
            ids[3], owner=OWNER, attempt=attempt, error="bad", retry=False, detail="Traceback: [x]"
        )
        store.leases.release(NAME, owner=OWNER, state="stopped")
    return ids


@pytest.fixture
def api(runs: list[str]) -> Iterator[TestClient]:
    application = create_app("sqlite:///talan.db", Settings(artifact_url="talan-artifacts"))
    with TestClient(application) as client:
        yield client


def test_for_programs(runs: list[str], talan: Talan) -> None:
    listed = json.loads(talan("runs", NAME, "--json").out)
    assert listed[2]["cells"] == {"tiny_choice": LOST, "tiny_code": UNASKED}
    assert (listed[2]["mean_delta"], listed[2]["g1"]) == (None, False)
    assert set(listed[1]["cells"]["tiny_choice"]) == {
        "score",
        "baseline_score",
        "delta",
        "n_items",
        "n_correct",
        "helped",
        "hurt",
        "changed",
        "generation",
    }
    assert [run["baseline_seed"] for run in listed] == [42] * 6
    one = json.loads(talan("run", runs[2], "--json").out)
    assert one["cells"] == listed[2]["cells"]
    assert list(one["responses"]) == ["tiny_choice"]
    assert [run["id"] for run in json.loads(talan("champions", "--json").out)] == [runs[1]]
    (rate,) = json.loads(talan("g1", NAME, "--json").out)
    assert (rate["runs"], rate["g1"], rate["expected"]) == (2, 1, None)


def test_for_people(runs: list[str], talan: Talan) -> None:
    listing = talan("runs", NAME).out
    assert "<= -10.00" in listing
    assert "1 of 6 runs ended early" in listing
    one = talan("run", runs[2]).out
    assert "2 to 10 of 20, 12 asked" in one
    assert "-50.00 to -10.00" in one
    assert "not evaluated" in one
    assert "not G1: a cell cannot reach its baseline" in one
    assert "ended early" not in talan("runs", NAME, "--g1").out


def test_a_failed_run_shows_where_it_failed(runs: list[str], talan: Talan, api: TestClient) -> None:
    assert "Traceback: [x]" in talan("run", runs[3]).out
    assert json.loads(talan("run", runs[3], "--json").out)["error_detail"] == "Traceback: [x]"
    assert api.get(f"/api/v1/runs/{runs[3]}").json()["error_detail"] == "Traceback: [x]"
    assert api.get(f"/api/v1/runs/{runs[1]}").json()["error_detail"] is None


def test_an_export_has_bounds_in_columns_of_their_own(runs: list[str], talan: Talan) -> None:
    text = talan("export", NAME, "--format", "csv").out
    rows = {(row["run_id"], row["benchmark"]): row for row in csv.DictReader(io.StringIO(text))}
    lost, whole = rows[runs[2], "tiny_choice"], rows[runs[1], "tiny_choice"]
    for column in ("score", "delta", "n_correct", "mean_delta"):
        assert (lost[column], whole[column] != "") == ("", True)
    bounds = ("n_correct_low", "n_correct_high", "delta_low", "delta_high")
    assert [lost[column] for column in bounds] == ["2", "10", "-50.0", "-10.0"]
    assert [whole[column] for column in bounds] == [""] * 4
    assert (lost["n_evaluated"], whole["n_evaluated"], lost["g1"]) == ("12", "20", "False")
    assert {name: lost[name] for name in COLUMNS} == {
        **{name: str(count) for name, count in LOST["generation"].items() if name != "mode"},
        "generation": "drafted",
    }
    assert {rows[runs[2], "tiny_code"][name] for name in COLUMNS} == {""}
    assert {row["baseline_seed"] for row in rows.values()} == {"42"}


def test_rest_answers_are_the_same_and_as_the_document_says(
    runs: list[str], api: TestClient, talan: Talan
) -> None:
    listed = api.get(f"/api/v1/studies/{NAME}/runs").json()
    assert listed == json.loads(talan("runs", NAME, "--json").out)
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    for name, value in [*(("Run", run) for run in listed), ("BoundedCell", LOST)]:
        whole = {**schemas[name], "components": {"schemas": schemas}}
        jsonschema.Draft202012Validator(whole).validate(value)
    one = api.get(f"/api/v1/runs/{runs[2]}").json()
    whole = {**schemas["RunDetails"], "components": {"schemas": schemas}}
    jsonschema.Draft202012Validator(whole).validate(one)


def test_the_items_that_were_asked_can_be_read(runs: list[str], api: TestClient) -> None:
    items = f"/api/v1/runs/{runs[2]}/items"
    found = api.get(items, params={"benchmark": "tiny_choice"}).json()
    assert [item["correct"] for item in found] == [False] * 10 + [True] * 2
    assert api.get(items, params={"benchmark": "tiny_code"}).json() == []
    missing = api.get(items, params={"benchmark": "tiny_algebra"})
    assert missing.status_code == 404
    assert "there are: tiny_choice, tiny_code" in missing.json()["detail"]


def test_what_needs_deltas_refuses_in_a_sentence(runs: list[str], talan: Talan) -> None:
    refused = talan("confirm", runs[2], "--seeds", "2")
    assert refused.code == 2
    assert f"run {runs[2]} ended early and has no mean delta to confirm; allowed: " in " ".join(
        refused.err.split()
    )
    with AuditStore.open("sqlite:///talan.db") as store:
        recorded = list(store.runs.iterate(NAME))
    with pytest.raises(ReplayError, match="1 of 2 treatments ended early and have no mean delta"):
        ReplayTable.from_runs(recorded)
