"""``POST /studies/plan``: counts and costs what a launch would do, and stores nothing."""

from __future__ import annotations

from pathlib import Path

from finished_study import finished
from recorded_study import BENCHMARKS
from rest_record import client

from storage import AuditStore

AXES = {"layer": [0, 1, 2], "mixer": ["cross_attn", "per_token_mix"]}


def test_counts_of_distinct_configurations(sqlite_url: str, tmp_path: Path) -> None:
    axes = {**AXES, "trainability": [{"scope": "all"}, {"scope": "frozen"}]}
    study = {
        "name": "planned",
        "seeds": [1, 2],
        "axes": {**axes, "gradient_scale": [1, 500]},
        "null_runs": {"seed": 3, "sham": 4},
    }
    answer = client(sqlite_url, tmp_path).post("/api/v1/studies/plan", json=study)
    assert answer.status_code == 200, answer.text
    # Frozen configurations have no gradient scale: 6 x (2 + 1) and not 6 x 4.
    plan = answer.json()
    power, (note,) = plan.pop("power"), plan.pop("notes")
    assert (power["runs"], power["seeds"], power["reason"]) == (18, 2, None)
    assert 0.2 < power["rate"] < 0.8
    assert note.startswith("gradient_scale has several values: AdamW divides a constant factor")
    assert plan == {
        "configurations": 18,
        "runs": 36,
        "baselines": 2,
        "nulls": 7,
        "estimate": None,
    }
    with AuditStore.open(sqlite_url) as store:
        assert store.studies.list() == []


def test_max_runs_bounds_it(sqlite_url: str, tmp_path: Path) -> None:
    study = {"name": "planned", "axes": AXES, "design": {"sampler": "tpe", "max_runs": 4}}
    plan = client(sqlite_url, tmp_path).post("/api/v1/studies/plan", json=study).json()
    assert (plan["configurations"], plan["runs"], plan["baselines"]) == (4, 4, 1)


def test_the_estimate_is_earlier_runs_mean(folder: Path) -> None:
    finished(lambda _: (10, 5), axes={"layer": [0, 1]})  # three runs of 12.5 s each
    api = client(f"sqlite:///{folder / 'talan.db'}", folder)
    study = {
        "name": "next",
        "axes": AXES,
        "benchmarks": list(BENCHMARKS),
        "resources": {"workers": 2, "cpus_per_run": 4},
    }
    assert api.post("/api/v1/studies/plan", json=study).json()["estimate"] == {
        "seconds_per_run": 12.5,
        "wall_s": 7 * 12.5 / 2,
        "cpu_s": 7 * 12.5 * 4,
        "based_on": {"studies": ["finished"], "runs": 3},
    }
    elsewhere = api.post("/api/v1/studies/plan", json={**study, "benchmarks": ["tiny_code"]})
    assert elsewhere.json()["estimate"] is None


def test_it_refuses_what_a_launch_refuses(folder: Path) -> None:
    finished(lambda _: (10, 5))
    api = client(f"sqlite:///{folder / 'talan.db'}", folder, max_runs_per_study=10)
    for study, status, word in (
        ({"name": "No Slug"}, 422, "slug"),
        ({"name": "a", "axes": {"layer": [99]}}, 422, "99"),
        ({"name": "a", "backbones": ["/etc"]}, 422, "backbones"),
        ({"name": "a", "axes": {"layer": list(range(6)), "slots": [2, 4]}}, 422, "too many"),
        ({"name": "finished", "axes": AXES}, 409, "taken"),
    ):
        planned = api.post("/api/v1/studies/plan", json=study)
        assert planned.status_code == status, planned.text
        assert word in planned.json()["detail"]
        assert api.post("/api/v1/studies", json=study).status_code == status


def test_plans_are_counted(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path, plans_per_minute=1)
    assert api.post("/api/v1/studies/plan", json={"name": "a"}).status_code == 200
    refused = api.post("/api/v1/studies/plan", json={"name": "a"})
    assert refused.status_code == 429
    assert refused.json()["type"] == "urn:talan:problem:too-many-plans"
