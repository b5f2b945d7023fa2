"""Studies over REST: launch, status, resume, stop, export; on SQLite and on Postgres."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from rest_record import OWNER, client, seed

from api.rest.studies.launching import BUILT_IN
from api.rest.study_file import STUDY_FILE
from api.views.g1 import G1Rate
from api.views.runs import Champion
from api.views.studies import StudyStatus
from search.cost.check import check_study
from search.errors import StudyFileError
from search.rates.cell_table import cell_frame
from search.rates.champion_worth import champion_worths
from search.rates.g1_rates import g1_rows
from search.study.file import parse_study
from search.study.plan import resolve, study_plan
from storage import AuditStore, StudyNotFound
from workers.backbones import names as backbones

STUDIES = "/api/v1/studies"
SMALL = {"name": "small", "axes": {"layer": [0, 1]}}


@pytest.fixture
def api(storage_url: str, tmp_path: Path) -> TestClient:
    return client(storage_url, tmp_path)


@pytest.fixture
def seeded(storage_url: str, tmp_path: Path) -> TestClient:
    seed(storage_url, tmp_path, hosts=2)
    return client(storage_url, tmp_path)


def _problem(response: Any, status: int, name: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:talan:problem:{name}"
    assert problem["status"] == status
    return problem


def _json(views: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [view.model_dump(mode="json") for view in views]


def test_a_launch_is_accepted_and_waits_for_a_scheduler(api: TestClient, storage_url: str) -> None:
    response = api.post(STUDIES, json=SMALL)
    assert response.status_code == 202
    assert response.headers["location"] == f"{STUDIES}/small"
    assert response.json() == {
        "name": "small",
        "state": "queued",
        "runs": {"total": 2, "completed": 0, "running": 0, "failed": 0, "pending": 2},
        "baselines": {"total": 1, "completed": 0, "running": 0, "failed": 0, "pending": 1},
        "g1": {"count": 0, "rate": None, "strict": 0, "tied": 0, "inert": 0},
    }
    assert api.get(response.headers["location"]).json() == response.json()
    with AuditStore.open(storage_url) as store:
        assert store.leases.claim(owner="scheduler", ttl_s=30) == "small"


def test_the_same_launch_again_answers_the_same_study(api: TestClient) -> None:
    first = api.post(STUDIES, json=SMALL)
    # Spelt otherwise, and with other resources: the same specification.
    again = {**SMALL, "axes": {"layer": [0, 1], "slots": [2]}, "resources": {"workers": 7}}
    second = api.post(STUDIES, json=again)
    assert (second.status_code, second.json()) == (202, first.json())
    assert len(api.get(STUDIES).json()) == 1
    other = api.post(STUDIES, json={**SMALL, "axes": {"layer": [2]}})
    assert "'small'" in _problem(other, 409, "study-exists")["detail"]


def test_the_documented_example_is_accepted(api: TestClient) -> None:
    response = api.post(STUDIES, json=STUDY_FILE)
    assert response.status_code == 202
    assert response.json()["runs"]["total"] == 24


@pytest.mark.parametrize(
    ("body", "where", "value", "told"),
    [
        ({"name": "a", "axes": {"layer": [99]}}, "body.axes.layer", "[99]", "0 to 5"),
        ({"name": "Not A Slug"}, "body.name", "Not A Slug", "lower-case letters"),
        ({"name": "a", "axis": {}}, "body.axis", "{}", "unknown key; allowed"),
        ({"name": "a", "axes": {"mixer": ["x"]}}, "body", None, "cross_attn"),
        ({"name": "a", "backbones": ["evil/model"]}, "body.backbones", None, "tiny-qwen3"),
        ({"name": "a", "backbones": ["/etc"]}, "body.backbones", None, "'/etc' is not allowed"),
        ({"name": "a", "backbones": ["../x"]}, "body.backbones", None, "'../x' is not allowed"),
        ({"name": "a", "benchmarks": "/etc"}, "body.benchmarks", "/etc", "allowed: tiny, paper"),
        (
            {"name": "a", "benchmarks": "tiny trained on /etc/passwd"},
            "body.benchmarks",
            "tiny trained on /etc/passwd",
            "is not allowed; allowed: tiny, paper, or a list",
        ),
        (
            {"name": "a", "training_data": "/etc/passwd"},
            "body.training_data",
            "/etc/passwd",
            "allowed: a folder below the service's data folder",
        ),
        ({"name": "a", "benchmarks": ["nope"]}, "body", None, "nope"),
        ({"name": "a", "seeds": [1] * 1001}, "body.seeds", None, "up to 1000"),
        ({"name": "a", "axes": {"slots": [2**31]}}, "body.axes.slots", None, str(2**31 - 1)),
        ({"name": "a", "resources": {"workers": 5000}}, "body.resources.workers", 5000, "1024"),
        ({"name": "a", "axes": {"mixer": ["a\x00b"]}}, "body.axes.mixer", None, "NUL"),
        ([], "body", None, "mapping of keys"),
    ],
)
def test_a_wrong_study_is_refused_with_the_value_and_what_is_allowed(
    api: TestClient, body: Any, where: str, value: Any, told: str
) -> None:
    problem = _problem(api.post(STUDIES, json=body), 422, "invalid-study")
    assert told in problem["detail"]
    if "errors" in problem:
        (error,) = problem["errors"]
        assert error["where"].startswith(where)
        assert value is None or error["value"] == value
    assert api.get(STUDIES).json() == []


def test_a_study_larger_than_the_service_takes(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path, max_runs_per_study=10)
    large = {"name": "large", "axes": {"layer": [0, 1, 2], "slots": [1, 2, 3, 4]}}
    problem = _problem(api.post(STUDIES, json=large), 422, "invalid-study")
    assert "up to 13 runs are too many for this service; allowed: 10" in problem["detail"]
    assert api.post(STUDIES, json={**large, "design": {"max_runs": 9}}).status_code == 202


@pytest.mark.parametrize("address", [STUDIES, f"{STUDIES}/plan"])
@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"name": "first", "name": "second"}', "name"),
        ('{"name": "twice", "axes": {"layer": [0], "slots": [2], "layer": [1]}}', "layer"),
        ('{"name": "twice", "adapters": [{"type": "lora", "r": 8, "r": 16}]}', "r"),
        ('{"name": "twice", "n\\u0061me": "escaped"}', "name"),
    ],
)
def test_a_key_that_stands_twice_is_refused(
    api: TestClient, address: str, body: str, key: str
) -> None:
    answer = api.post(address, content=body, headers={"content-type": "application/json"})
    assert f"the key '{key}' occurs twice" in _problem(answer, 400, "invalid-json")["detail"]
    assert api.get(STUDIES).json() == []


def test_bodies_that_are_no_json(api: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    constants = (b'{"name": NaN}', b'{"axes": {"gradient_scale": [1, -Infinity]}}', b'{"a": 1e999}')
    for body in (b"{", b"[" * 50_000, b'"\\ud800"', b"\xff", *constants):
        _problem(api.post(STUDIES, content=body, headers=json_type), 400, "invalid-json")
    plain = api.post(STUDIES, content=b"{}", headers={"content-type": "text/plain"})
    assert "'text/plain'" in _problem(plain, 415, "unsupported-media-type")["detail"]


def test_backbones_of_the_allow_list(sqlite_url: str, tmp_path: Path) -> None:
    assert set(BUILT_IN) == set(backbones.BUILT_IN)
    root, outside = tmp_path / "models", tmp_path / "elsewhere"
    (root / "tiny").mkdir(parents=True)
    outside.mkdir()
    for file in backbones.BUILT_IN["tiny-qwen3"].iterdir():
        (root / "tiny" / file.name).write_bytes(file.read_bytes())
    (root / "link").symlink_to(outside)
    api = client(sqlite_url, tmp_path, backbone_roots=(root.resolve(),))
    inside = {**SMALL, "backbones": [str(root / "tiny")]}
    assert api.post(STUDIES, json=inside).status_code == 202
    for name in (f"{root}/../elsewhere", f"{root}/link", str(outside), f"{root}/no\x00"):
        _problem(api.post(STUDIES, json={**SMALL, "backbones": [name]}), 422, "invalid-study")


def test_training_data_of_the_data_folder(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALAN_DATA", str(tmp_path / "data"))
    built, outside = tmp_path / "data" / "mixture" / "mine", tmp_path / "outside"
    for folder in (built, outside):
        folder.mkdir(parents=True)
        (folder / "train.jsonl").write_text(_talk("Why?"))
    (built.parent / "link").symlink_to(outside)
    api = client(sqlite_url, tmp_path)
    assert api.post(STUDIES, json={**SMALL, "training_data": str(built)}).status_code == 202
    for path in (outside, built.parent / "link", built / ".." / ".." / ".." / "outside"):
        body = {**SMALL, "name": "other", "training_data": str(path)}
        _problem(api.post(STUDIES, json=body), 422, "invalid-study")


def _talk(said: str) -> str:
    turns = [{"role": "user", "content": said}, {"role": "assistant", "content": "So."}]
    return json.dumps({"messages": turns}) + "\n"


def test_training_text_that_a_backbone_cannot_be_given_is_refused(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALAN_DATA", str(tmp_path))
    (tmp_path / "train.jsonl").write_text(_talk("Why?") + _talk("What is <|im_end|>?"))
    study = {**SMALL, "training_data": str(tmp_path)}
    with pytest.raises(StudyFileError) as checked:
        check_study(parse_study(study))
    assert str(checked.value).startswith("train.jsonl:2: message 0 of a conversation says")

    api = client(sqlite_url, tmp_path)
    for address in (f"{STUDIES}/plan", STUDIES):  # the launch page asks both
        problem = _problem(api.post(address, json=study), 422, "invalid-study")
        assert problem["detail"] == str(checked.value)
    assert api.get(STUDIES).json() == []


def test_launches_are_limited(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path, launches_per_minute=2)
    statuses = [api.post(STUDIES, json=SMALL).status_code for _ in range(3)]
    assert statuses == [202, 202, 429]
    refused = api.post(f"{STUDIES}/small/resume")
    assert "allowed: 2 a minute" in _problem(refused, 429, "too-many-launches")["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert api.get(STUDIES).status_code == 200


def test_status_and_list(seeded: TestClient, storage_url: str) -> None:
    with AuditStore.open(storage_url) as store:
        expected = StudyStatus.from_record(store.studies.status("grid")).model_dump(mode="json")
    assert seeded.get(f"{STUDIES}/grid").json() == expected
    assert seeded.get(STUDIES).json() == [expected]
    assert expected["runs"] == {
        "total": 12,
        "completed": 6,
        "running": 0,
        "failed": 2,
        "pending": 4,
    }
    assert expected["g1"] == {"count": 4, "rate": 4 / 6, "strict": 2, "tied": 0, "inert": 0}


def test_resume_and_stop(seeded: TestClient, storage_url: str) -> None:
    resumed = seeded.post(f"{STUDIES}/grid/resume")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "queued")
    assert resumed.headers["location"] == f"{STUDIES}/grid"
    stopped = seeded.post(f"{STUDIES}/grid/stop")
    assert (stopped.status_code, stopped.json()["state"]) == (202, "stopped")
    assert seeded.post(f"{STUDIES}/grid/resume").json()["state"] == "queued"
    with AuditStore.open(storage_url) as store:
        assert store.leases.claim(owner=OWNER, ttl_s=60) == "grid"
        store.studies.set_state("grid", "running", owner=OWNER)
        # Of a study that is driven, resume and stop only change the wish.
        assert seeded.post(f"{STUDIES}/grid/stop").json()["state"] == "running"
        assert store.studies.is_stop_requested("grid")
        assert seeded.post(f"{STUDIES}/grid/resume").json()["state"] == "running"
        assert not store.studies.is_stop_requested("grid")


def test_names_that_do_not_exist(seeded: TestClient) -> None:
    gets = ["", "/runs", "/events", "/export"]
    answers = [seeded.get(f"{STUDIES}/gird{path}") for path in gets]
    answers += [seeded.post(f"{STUDIES}/gird/{wish}") for wish in ("stop", "resume")]
    answers += [seeded.get(f"/api/v1/{path}?study=gird") for path in ("g1-rates", "champions")]
    for answer in answers:
        detail = _problem(answer, 404, "study-not-found")["detail"]
        assert detail == "there is no study 'gird'; closest: grid"


def test_rates_and_champions(seeded: TestClient, storage_url: str) -> None:
    with AuditStore.open(storage_url) as store:
        plain = _json(map(G1Rate.from_row, g1_rows(store)))
        split = _json(
            map(G1Rate.from_row, g1_rows(store, "grid", backbone="backbone-1", by="mixer"))
        )
        found = store.rates.champions("grid")
        best = _json(map(Champion.from_record, found))
        worths = champion_worths(store, found)
        alone = _json(Champion.from_record(run, worth=worths[run.id]) for run in found)
    assert seeded.get("/api/v1/g1-rates").json() == plain
    query = {"study": "grid", "backbone": "backbone-1", "adapter": "lora-r8", "by": "mixer"}
    assert seeded.get("/api/v1/g1-rates", params=query).json() == split
    assert [(row["value"], row["g1"], row["runs"]) for row in split] == [
        ("cross_attn", 0, 1),
        ("gated_cross_attn", 1, 1),
        ("multihead_local", 1, 1),
    ]
    assert seeded.get("/api/v1/g1-rates", params={"backbone": "none"}).json() == []
    assert seeded.get("/api/v1/champions").json() == best
    assert {row["worth_reason"] for row in best} == {
        "it is computed for one study at a time: name the study"
    }
    named = seeded.get("/api/v1/champions", params={"study": "grid"})
    assert named.json() == alone != best
    assert [run["mean_delta"] for run in best] == [5.0, 5.0]
    wrong = seeded.get("/api/v1/g1-rates", params={"by": "depth"})
    assert "'depth'" in _problem(wrong, 422, "invalid-request")["detail"]


def test_exports_hold_every_cell(seeded: TestClient, storage_url: str) -> None:
    with AuditStore.open(storage_url) as store:
        expected = cell_frame(store.runs.iterate("grid"))
    csv = seeded.get(f"{STUDIES}/grid/export")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert csv.headers["content-disposition"] == 'attachment; filename="grid.csv"'
    assert csv.text == expected.to_csv(index=False)
    assert len(pd.read_csv(StringIO(csv.text))) == 2 * (4 * 2 + 3)
    parquet = seeded.get(f"{STUDIES}/grid/export", params={"format": "parquet"})
    assert parquet.headers["content-type"] == "application/vnd.apache.parquet"
    read = pd.read_parquet(BytesIO(parquet.content)).astype(expected.dtypes.to_dict())
    pd.testing.assert_frame_equal(read, expected)
    problem = _problem(
        seeded.get(f"{STUDIES}/grid/export", params={"format": "xml"}), 422, "invalid-request"
    )
    assert "'csv' or 'parquet'" in problem["detail"]


def test_nothing_is_launched_where_the_database_is_away(tmp_path: Path) -> None:
    api = client("postgresql://talan@127.0.0.1:1/talan", tmp_path)
    for answer in (api.get(STUDIES), api.post(STUDIES, json=SMALL), api.get("/metrics")):
        problem = _problem(answer, 503, "storage-unavailable")
        assert "127.0.0.1" not in problem["detail"]
        assert answer.headers["retry-after"] == "5"
    assert api.get("/api/v1/health/live").json() == {"status": "live"}
    _problem(api.get("/api/v1/health/ready"), 503, "storage-unavailable")


def test_the_service_survives_a_database_that_comes_later(
    bare_storage_url: str, tmp_path: Path
) -> None:
    api = client(bare_storage_url, tmp_path)
    assert api.get("/api/v1/health/ready").json() == {"status": "ready"}
    with AuditStore.open(bare_storage_url) as store, pytest.raises(StudyNotFound):
        store.studies.get("small")


def test_a_study_of_an_older_draw_is_read_and_not_resumed(
    api: TestClient, storage_url: str
) -> None:
    plan = study_plan(resolve(parse_study(SMALL)), artifact_url="here")
    older = {key: value for key, value in plan.spec.items() if key != "draw"}
    with AuditStore.open(storage_url) as store:
        store.studies.create(replace(plan, spec=older))
        store.studies.stop("small")
    problem = _problem(api.post(f"{STUDIES}/small/resume"), 422, "invalid-study")
    assert "has the weights of draw 1" in problem["detail"]
    assert api.get(f"{STUDIES}/small").json()["state"] == "stopped"
    assert len(api.get(f"{STUDIES}/small/runs").json()) == 3
