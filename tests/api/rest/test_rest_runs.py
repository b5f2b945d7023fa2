"""Runs over REST: pages, filters, one run, its items; on SQLite and on Postgres."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rest_record import OWNER, client, finish, seed, treatment
from sqlalchemy import update

from api.views.runs import Run
from storage import AuditStore
from storage.models import Study

RUNS = "/api/v1/studies/grid/runs"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the artifacts of the study that is copied for each test."""
    return tmp_path_factory.mktemp("seeded")


@pytest.fixture
def storage_url(storage_copy: Callable[..., str], seeded: Path, tmp_path: Path) -> str:
    """A record of its own with the study, and its artifacts."""
    url = storage_copy("rest-runs", lambda url: seed(url, seeded))
    shutil.copytree(seeded / "artifacts", tmp_path / "artifacts")
    with AuditStore.open(url) as store, store.database.writing() as session:
        session.execute(update(Study).values(artifact_url=str(tmp_path / "artifacts")))
    return url


@pytest.fixture
def api(storage_url: str, tmp_path: Path) -> TestClient:
    return client(storage_url, tmp_path)


def _get(api: TestClient, path: str, **query: Any) -> Any:
    return _page(api, path, **query)[0]


def _page(api: TestClient, path: str, **query: Any) -> tuple[Any, str | None]:
    response = api.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json(), response.headers.get("x-next-cursor")


def _ids(api: TestClient, **query: Any) -> list[str]:
    return [run["id"] for run in _get(api, RUNS, **query)]


def test_a_listing_has_the_shape_of_the_command_line(api: TestClient, storage_url: str) -> None:
    with AuditStore.open(storage_url) as store:
        expected = [
            Run.from_record(run).model_dump(mode="json") for run in store.runs.iterate("grid")
        ]
    assert _page(api, RUNS) == (expected, None)
    assert expected[0]["cells"]["a"] == {
        "score": 60.0,
        "baseline_score": 50.0,
        "delta": 10.0,
        "n_items": 20,
        "n_correct": 12,
        "helped": 2,
        "hurt": 0,
        "changed": None,
        "generation": None,
    }


def test_pages_stay_right_while_runs_are_added(api: TestClient, storage_url: str) -> None:
    first, cursor = _page(api, RUNS, limit=3)
    with AuditStore.open(storage_url) as store:
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        added = [treatment(20, position=1), treatment(21, position=99)]
        early, late = store.studies.add_runs("grid", owner=OWNER, runs=added)
    seen = [run["id"] for run in first]
    while cursor:
        page, cursor = _page(api, RUNS, limit=3, cursor=cursor)
        seen += [run["id"] for run in page]
    assert len(seen) == len(set(seen)) == 8
    assert late in seen
    assert early not in seen  # its place was passed


def test_the_headers_lead_to_the_next_page(api: TestClient) -> None:
    response = api.get(RUNS, params={"limit": 2, "kind": "treatment"})
    link = response.headers["link"]
    assert link.endswith('; rel="next"')
    following = api.get(link[1:].partition(">")[0])
    assert [run["kind"] for run in following.json()] == ["treatment"] * 2
    assert following.json()[0] == _get(api, RUNS)[2]
    cursor = response.headers["x-next-cursor"]
    assert _get(api, RUNS, limit=2, kind="treatment", cursor=cursor) == following.json()
    assert not {"link", "x-next-cursor"} & set(api.get(RUNS).headers)


def test_filters(api: TestClient) -> None:
    every = _ids(api)
    assert _ids(api, state="failed") == [every[3]]
    assert _ids(api, g1="true") == [every[0], every[2]]
    assert _ids(api, g1="false") == [every[1]]
    assert _ids(api, kind="baseline") == [every[6]]
    assert _ids(api, mixer="cross_attn") == [every[1], every[5]]
    assert _ids(api, mixer="cross_attn", layer=1) == [every[5]]
    assert _ids(api, gradient_scale="null") == [every[2], every[5]]
    assert _ids(api, gradient_scale=500, state="completed") == [every[0], every[1]]
    assert _ids(api, scope="frozen", seed=42, adapter="lora-r8") == [every[2], every[5]]
    assert (
        _ids(api, writeback_rule="gate", writeback_gate="vector", alpha=0.008, slots=2)
        == (every[:6])
    )
    assert _ids(api, backbone="another") == []
    assert _ids(api, configuration_id=f"{4:064x}") == [every[4]]


def test_sorts(api: TestClient) -> None:
    every = _ids(api)
    # Mean deltas: run 0 has 5, run 1 has 7.5, run 2 has 0.
    assert _ids(api, sort="mean_delta")[:3] == [every[1], every[0], every[2]]
    assert _ids(api, sort="g1")[:3] == [every[0], every[2], every[1]]
    assert _ids(api, sort="mixer")[0] == every[1]
    paged, cursor = _page(api, RUNS, sort="gradient_scale", limit=4)
    rest = _ids(api, sort="gradient_scale", cursor=cursor)
    assert [run["id"] for run in paged] + rest == [every[i] for i in (0, 1, 3, 4, 2, 5, 6)]


@pytest.mark.parametrize(
    ("query", "place", "value", "told"),
    [
        ({"sort": "size"}, "query.sort", "size", "'mean_delta'"),
        ({"limit": 0}, "query.limit", "0", "greater than or equal to 1"),
        ({"limit": 10**6}, "query.limit", "1000000", "less than or equal to 1000"),
        ({"state": "done"}, "query.state", "done", "'pending', 'running'"),
        ({"mixr": "x"}, "query.mixr", "x", "allowed: state, g1, verdict, kind"),
        ({"layer": "deep"}, "query.layer", "deep", "valid integer"),
        ({"gradient_scale": "inf"}, "query.gradient_scale.constrained-float", "inf", "finite"),
        ({"seed": 2**40}, "query.seed", str(2**40), "less than or equal to 4294967295"),
    ],
)
def test_a_wrong_question_is_told_what_is_allowed(
    api: TestClient, query: dict[str, Any], place: str, value: str, told: str
) -> None:
    response = api.get(RUNS, params=query)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    error = next(error for error in problem["errors"] if error["where"] == place)
    assert error["value"] == value
    assert told in error["message"]
    assert error["message"] in problem["detail"]


def test_a_foreign_cursor_is_refused(api: TestClient) -> None:
    _, cursor = _page(api, RUNS, limit=1)
    assert cursor is not None
    for query in ({"cursor": "nonsense"}, {"cursor": cursor, "sort": "g1"}):
        response = api.get(RUNS, params=query)
        assert response.status_code == 422
        assert response.json()["type"] == "urn:talan:problem:invalid-query"
        assert query["cursor"] in response.json()["detail"]


def test_one_run(api: TestClient) -> None:
    first = _get(api, RUNS)[0]
    run = _get(api, f"/api/v1/runs/{first['id']}")
    assert {**run, **first} == run
    assert run["study"] == "grid"
    assert run["losses"] == [2.25, 1.1]
    assert run["compute_s"] == 12.5
    assert set(run["responses"]) == {"a", "b"}
    assert set(run["tests"]) == {"a", "b"}
    assert run["tests"]["a"]["mcnemar_exact"] == 0.5  # 2 items helped, none hurt


def test_a_run_that_does_not_exist_is_answered_with_the_closest(api: TestClient) -> None:
    run_id = _ids(api)[0]
    for wrong, told in ((run_id[:8] + "zzzz", run_id), ("%25", "16 hex digits")):
        response = api.get(f"/api/v1/runs/{wrong}")
        assert response.status_code == 404
        assert told in response.json()["detail"]


def test_items_stand_beside_their_baseline(api: TestClient) -> None:
    run, baseline = _ids(api)[0], _ids(api)[6]
    address = f"/api/v1/runs/{run}/items"
    items, cursor = _page(api, address, benchmark="a", limit=11)
    assert items[0] == {
        "item_id": "item-0",
        "prompt_sha256": "0" * 64,
        "prompt": None,
        "expected": "It is 0.",
        "response": "treatment 0 a 0",
        "extracted": None,
        "correct": True,
        "baseline": {"response": "baseline 6 a 0", "extracted": None, "correct": True},
    }
    # The run has 12 of 20 right, its baseline 10.
    assert items[10]["correct"] is True
    assert items[10]["baseline"]["correct"] is False
    rest, end = _page(api, address, benchmark="a", cursor=cursor)
    assert [item["item_id"] for item in rest] == [f"item-{i}" for i in range(11, 20)]
    assert end is None
    link = api.get(address, params={"benchmark": "a", "limit": 11}).headers["link"]
    assert api.get(link[1:].partition(">")[0]).json() == rest
    own = _get(api, f"/api/v1/runs/{baseline}/items", benchmark="a")
    assert {item["baseline"] for item in own} == {None}


def test_items_with_their_prompts_where_the_record_has_them(api: TestClient) -> None:
    address = f"/api/v1/runs/{_ids(api)[0]}/items"
    (first, *_) = _get(api, address, benchmark="a", prompts="true", limit="1")
    assert (first["prompt"], first["expected"]) == ("What is 0?", "It is 0.")
    (older, *_) = _get(api, address, benchmark="b", prompts="true", limit="1")
    assert (older["prompt"], older["expected"]) == (None, None)


def test_items_that_are_not_there(api: TestClient) -> None:
    every = _ids(api)
    for run, told in ((every[0], "there are: a, b"), (every[4], "the run is pending")):
        response = api.get(f"/api/v1/runs/{run}/items", params={"benchmark": "z"})
        assert response.status_code == 404
        assert "'z'" in response.json()["detail"]
        assert told in response.json()["detail"]
    assert api.get(f"/api/v1/runs/{every[0]}/items").status_code == 422


def test_altered_and_missing_responses_are_noticed(api: TestClient, tmp_path: Path) -> None:
    every = _ids(api)
    details = _get(api, f"/api/v1/runs/{every[0]}")
    name = details["responses"]["a"]
    (file,) = (tmp_path / "artifacts").rglob(name)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    address = f"/api/v1/runs/{every[0]}/items"
    response = api.get(address, params={"benchmark": "a"})
    assert response.status_code == 410
    assert response.json()["type"] == "urn:talan:problem:artifact-corrupt"
    file.unlink()
    response = api.get(address, params={"benchmark": "a"})
    assert response.status_code == 410
    assert response.json()["type"] == "urn:talan:problem:artifact-missing"
    # A run's own answers are told though its baseline's are gone.
    baseline = _get(api, f"/api/v1/runs/{every[6]}")["responses"]["b"]
    next((tmp_path / "artifacts").rglob(baseline)).unlink()
    items = _get(api, address, benchmark="b")
    assert [item["baseline"] for item in items] == [None] * 20


def test_a_null_run_stands_beside_the_baseline_that_it_names(
    api: TestClient, storage_url: str, tmp_path: Path
) -> None:
    from storage import SEED_NULL, RunFilter, RunPlan

    with AuditStore.open(storage_url) as store:
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        null = RunPlan(0, SEED_NULL, 7, 50, baseline_seed=42)
        store.studies.add_runs("grid", owner=OWNER, runs=[null])
        (run,) = store.runs.iterate("grid", RunFilter(kind=SEED_NULL))
        finish(store, run, 11, 11, artifacts=str(tmp_path / "artifacts"))
    items = _get(api, f"/api/v1/runs/{run.id}/items", benchmark="a")
    assert items[0]["baseline"]["response"] == "baseline 6 a 0"
    assert _ids(api, kind="seed_null") == [run.id]
