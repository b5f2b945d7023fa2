"""Confirmations, ablations and importance over REST: what the command line prints of the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from finished_study import finish, finished
from rest_record import client
from talan_command import Talan

from search.follow_ups.ablation import launch_ablation
from search.follow_ups.confirmation import launch_confirmation
from storage import AuditStore, Run

RUNS = "/api/v1/runs"
STUDY = "/api/v1/studies/finished"


def score(run: Run) -> tuple[int, int]:
    """Layer 2 has two items more than layer 1, out of 20."""
    if run.configuration is None:
        return (10, 5)
    return (10 + 2 * (run.configuration["layer"] == 2), 5 + (run.configuration["slots"] == 4))


@pytest.fixture
def runs(folder: Path) -> list[str]:
    """A baseline and four runs; the second one is followed up in every way."""
    ids = finished(score, axes={"layer": [1, 2], "slots": [2, 4]})
    with AuditStore.open("sqlite:///talan.db") as store:
        names = launch_ablation(store, ids[1], num_seeds=2)
        names += launch_ablation(store, ids[1], axes=["slots"], num_seeds=1)
        names += launch_confirmation(store, ids[1], num_seeds=3)
        for name in names:
            finish(store, name, score)
    return ids


@pytest.fixture
def api(folder: Path) -> TestClient:
    return client(f"sqlite:///{folder / 'talan.db'}", folder)


def test_a_confirmation_is_what_the_command_line_prints(
    api: TestClient, runs: list[str], talan: Talan
) -> None:
    answer = api.get(f"{RUNS}/{runs[1]}/confirmation")
    assert answer.status_code == 200, answer.text
    assert answer.json() == json.loads(talan("confirm", runs[1], "--seeds", "3", "--json").out)
    assert [seed["mean_delta"] for seed in answer.json()["seeds"]] == [0.0] * 3
    assert answer.json()["cells"]["tiny_choice"]["n"] == 3
    assert api.get(f"{STUDY}/confirmations").json() == [answer.json()]
    decided = api.get(f"{RUNS}/{runs[1]}/confirmation", params={"until": 0.05, "max_seeds": 3})
    assert decided.json()["until"]["decision"] is None
    assert decided.json()["until"]["seeds"] == 3


def test_ablations_are_what_the_command_line_prints(
    api: TestClient, runs: list[str], talan: Talan
) -> None:
    both = api.get(f"{RUNS}/{runs[1]}/ablation").json()
    assert both == json.loads(talan("ablate", runs[1], "--seeds", "2", "--json").out)
    relative = {(row["axis"], row["value"]): row["relative"]["mean"] for row in both["values"]}
    assert relative == {("layer", 2): 5.0, ("slots", 4): 5.0}
    slots = api.get(f"{RUNS}/{runs[1]}/ablation", params={"axis": "slots"}).json()
    assert [row["axis"] for row in slots["values"]] == ["slots"]
    assert api.get(f"{STUDY}/ablations").json() == [both, slots]


def test_importance_is_of_every_host(api: TestClient, runs: list[str]) -> None:
    (host,) = api.get(f"{STUDY}/importance", params={"by": "feasibility"}).json()
    assert (host["study"], host["by"], host["design"]) == ("finished", "feasibility", "grid")
    assert (host["trials"], host["axes"]) == (0, [])  # recorded by hand: no trial was told
    assert host["reason"] == "0 completed trials; at least 4 are needed"


def test_what_was_not_followed_up(api: TestClient, runs: list[str]) -> None:
    for resource in ("confirmation", "ablation"):
        missing = api.get(f"{RUNS}/{runs[2]}/{resource}")
        assert (missing.status_code, missing.json()["type"]) == (
            404,
            "urn:talan:problem:no-result-yet",
        )
        baseline = api.get(f"{RUNS}/{runs[0]}/{resource}")
        assert baseline.status_code == 422
        assert "is a baseline; allowed: a treatment" in baseline.json()["detail"]
        assert api.get(f"{RUNS}/nowhere/{resource}").status_code == 404
    for resource in ("confirmations", "ablations", "importance"):
        assert api.get(f"/api/v1/studies/nowhere/{resource}").status_code == 404
    assert api.get(f"{RUNS}/{runs[1]}/ablation", params={"axis": "x"}).status_code == 422
    assert api.get(f"{STUDY}/importance", params={"by": "g1"}).status_code == 422


def test_pages_show_them(api: TestClient, runs: list[str]) -> None:
    study = api.get("/studies/finished").text
    assert "Confirmed at fresh seeds" in study
    assert f'<a class="mono" href="/runs/{runs[1]}">' in study
    assert study.count("<h2>One axis at a time</h2>") == 2
    run = api.get(f"/runs/{runs[1]}").text
    assert "G1 at 3 of 3 fresh seeds." in run
    assert "2 values against the centre" in run or "No test against the centre" in run
    other = api.get(f"/runs/{runs[2]}").text
    assert "fresh seeds" not in other
    report = api.get("/studies/finished/report.md").text
    assert "## Confirmed at fresh seeds" in report
    assert report.count("## One axis at a time") == 2
