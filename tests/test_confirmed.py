"""From a study with null runs to a confirmed champion, all of it real but Ray.

The command line, a small backbone, training, generation, scoring and SQLite, at four steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from driving_here import driving_here
from small_suite import small_host
from talan_command import Terminal

from storage import AuditStore

STUDY = {
    "name": "whole",
    "axes": {
        "layer": [1],
        "slots": [2],
        "mixer": ["cross_attn"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.3}],
    },
    "training": {"max_steps": 4},
    "null_runs": {"seed": 1, "sham": 2},
}


@pytest.fixture
def talan(tmp_path: Path) -> Iterator[Terminal]:
    study = {**STUDY, **small_host(tmp_path, "tiny_choice", "tiny_code")}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    with driving_here():
        yield Terminal(tmp_path)


def test_a_study_with_nulls_and_its_confirmation(talan: Terminal) -> None:
    assert "seed null" in talan("study", "run", "study.yaml")
    runs = {run["id"]: run for run in talan.json("runs", "whole")}
    kinds = Counter(run["kind"] for run in runs.values())
    assert kinds == {"baseline": 1, "treatment": 1, "seed_null": 1, "sham_null": 2}
    _check_nulls(talan, runs)

    (row,) = talan.json("g1", "whole")
    assert (row["runs"], row["rotation"]["runs"]) == (1, 1)
    assert (row["null"]["seed"]["runs"], row["null"]["sham"]["runs"]) == (1, 2)
    assert "reason" in row["test"] or 0 < row["test"]["p"] <= 1

    chosen = next(run for run in runs.values() if run["kind"] == "treatment")
    _check_confirmation(talan, chosen)


def _check_nulls(talan: Terminal, runs: dict[str, Any]) -> None:
    """Null runs are real runs: they differ from their baseline, and are scored against it."""
    baseline = next(run for run in runs.values() if run["kind"] == "baseline")
    for run in runs.values():
        if run["kind"] in ("seed_null", "sham_null"):
            for name, cell in run["cells"].items():
                right = baseline["cells"][name]["n_correct"]
                assert cell["delta"] == 100 * (cell["n_correct"] - right) / cell["n_items"]
    with AuditStore.open(f"sqlite:///{talan.folder}/talan.db") as store:
        everything = list(store.runs.iterate("whole"))
        assert len({run.checkpoint_artifact for run in everything}) == len(everything)
        assert len({store.runs.losses(run.id) for run in everything}) == len(everything)
        shams = {
            found.data["sham"]["number"]: found.data
            for found in store.studies.provenance("whole")
            if "sham" in found.data
        }
    assert set(shams) == {0, 1}
    for data in shams.values():
        assert data["seed"] == 42
        assert data["sham"]["norm"] > 0


def _check_confirmation(talan: Terminal, chosen: dict[str, Any]) -> None:
    shape = talan.json("confirm", chosen["id"], "--seeds", "1")
    (fresh,) = shape["seeds"]
    (name,) = shape["studies"]
    assert fresh["seed"] != 42
    assert set(fresh["deltas"]) == {"tiny_choice", "tiny_code"}
    assert shape["selection"]["winning"] == chosen["mean_delta"]
    assert shape["selection"]["confirmed"] == pytest.approx(fresh["mean_delta"])
    listed = {run["id"]: run for run in talan.json("runs", name)}
    assert listed[fresh["run"]]["mean_delta"] == fresh["mean_delta"]
    # Asked again, it is told again and nothing is run again.
    assert talan.json("confirm", chosen["id"], "--seeds", "1") == shape
    _check_until_decided(talan, chosen, first=fresh["run"])
    with AuditStore.open(f"sqlite:///{talan.folder}/talan.db") as store:
        assert {run.attempt for run in store.runs.iterate(name)} == {1}


def _check_until_decided(talan: Terminal, chosen: dict[str, Any], *, first: str) -> None:
    """One seed more, in a study of its own; the first is the one that is on record."""
    asked = ("confirm", chosen["id"], "--until", "0.05", "--max-seeds", "2")
    shape = talan.json(*asked)
    until = shape["until"]
    assert shape["seeds"][0]["run"] == first
    assert (until["seeds"], until["decision"]) == (2, None)
    assert until["sentence"].startswith("Not decided after 2 seeds")
    assert len(shape["studies"]) == 2
    assert talan.json(*asked) == shape
    assert until["sentence"] in " ".join(talan(*asked).split())
