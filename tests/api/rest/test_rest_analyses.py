"""Analyses over REST: asked for, listed, refused; the work itself is a scheduler's."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rest_record import client, seed

from storage import BASELINE, TREATMENT, AuditStore, RunFilter

SUMMARY = {
    "layer": 1,
    "by_layer": [
        {"layer": 0, "relative_l2": 0.1, "cosine": 1.0, "block_off_relative_l2": 0.0},
    ],
    "output": [],
    "with_answer": [],
    "curve_similarity": None,
}


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> TestClient:
    return client(sqlite_url, tmp_path)


@pytest.fixture
def run_id(store: AuditStore, sqlite_url: str, tmp_path: Path) -> str:
    """A completed run of a configuration."""
    seed(sqlite_url, tmp_path, name="study")
    return next(store.runs.iterate("study", RunFilter(kind=TREATMENT, state="completed"))).id


def test_analyses_are_queued_once_and_shown_when_they_are_done(
    api: TestClient, store: AuditStore, run_id: str
) -> None:
    path = f"/api/v1/runs/{run_id}/analyses"
    assert api.get(path).json() == {"run": run_id, "analyses": {}}
    answer = api.post(path, json={"analyses": ["depth", "drift"], "items": 8})
    assert (answer.status_code, answer.headers["location"]) == (202, path)
    assert answer.json()["analyses"]["depth"] == {
        "state": "queued",
        "summary": None,
        "artifact": None,
        "parameters": {"items": 8},
        "seconds": None,
        "error": None,
    }
    assert answer.json()["analyses"]["drift"]["parameters"] == {}
    claimed = store.analyses.claim(owner="w", ttl_s=60)
    assert claimed
    assert claimed.name == "depth"
    store.analyses.finish(claimed.id, owner="w", summary=SUMMARY, artifact="a", seconds=1.5)
    assert api.post(path, json={"analyses": ["depth"], "items": 8}).status_code == 202
    found = api.get(f"{path}/depth").json()
    assert (found["state"], found["seconds"], found["artifact"]) == ("completed", 1.5, "a")
    assert found["summary"]["by_layer"][0] == {
        **SUMMARY["by_layer"][0],  # type: ignore[index]
        "null_low": None,
        "null_high": None,
        "null_by_kind": {},
        "null_cosine_low": None,
        "null_cosine_high": None,
    }
    assert store.analyses.claim(owner="w", ttl_s=60).name == "drift"  # type: ignore[union-attr]
    assert store.analyses.claim(owner="w", ttl_s=60) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"analyses": ["depht"]}, "depth"),
        ({"items": 0}, "items"),
        ({"items": "8"}, "items"),
        ({"more": 1}, "more"),
        ([], "body"),
    ],
)
def test_what_is_not_allowed_is_named(
    api: TestClient, store: AuditStore, run_id: str, body: object, words: str
) -> None:
    answer = api.post(f"/api/v1/runs/{run_id}/analyses", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert store.analyses.of_run(run_id) == []


def test_a_run_that_cannot_be_analysed_is_refused(
    api: TestClient, store: AuditStore, run_id: str
) -> None:
    baseline = next(store.runs.iterate("study", RunFilter(kind=BASELINE)))
    answer = api.post(f"/api/v1/runs/{baseline.id}/analyses", json={})
    assert answer.status_code == 422
    assert "is a baseline" in answer.json()["detail"]
    assert answer.json()["type"].endswith("invalid-analysis")
    assert api.post(f"/api/v1/runs/{'0' * 16}/analyses", json={}).status_code == 404
    missing = api.get(f"/api/v1/runs/{run_id}/analyses/slots")
    assert missing.status_code == 404
    assert "there are: none" in missing.json()["detail"]


def test_a_studys_analyses_are_queued_as_of_its_runs_now(
    api: TestClient, store: AuditStore, run_id: str
) -> None:
    path = "/api/v1/studies/study/analyses"
    assert api.get(path).json() == {"study": "study", "analyses": {}}
    answer = api.post(path)
    assert (answer.status_code, answer.headers["location"]) == (202, path)
    found = answer.json()["analyses"]
    assert {name: one["state"] for name, one in found.items()} == {
        "discriminators": "queued",
        "signature": "queued",
    }
    assert found["signature"]["parameters"]["runs"] == 3  # those with a mean delta
    assert api.post(path).json() == answer.json()
    assert api.post("/api/v1/studies/nowhere/analyses").status_code == 404
