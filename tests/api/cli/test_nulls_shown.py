"""Null runs on the command line: counted apart, named for what they are, beside the rate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished_study import finished
from talan_command import Talan

from storage import BASELINE, SEED_NULL, TREATMENT


@pytest.fixture
def _nulls(folder: Path) -> None:
    """Two treatments, both G1; three seed nulls, none of them; two shams, one of them."""
    corrects = {BASELINE: (10, 5), TREATMENT: (12, 5), SEED_NULL: (9, 9)}
    finished(
        lambda run: corrects.get(run.kind, (10, 5 - run.seed)),
        name="nulls",
        axes={"layer": [1, 2]},
        null_runs={"seed": 3, "sham": 2},
    )


@pytest.mark.usefixtures("_nulls")
def test_the_rate_stands_beside_its_nulls(talan: Talan) -> None:
    (row,) = json.loads(talan("g1", "nulls", "--json").out)
    assert (row["runs"], row["g1"]) == (2, 2)
    # Outcomes are nested: a seed null differs on 1 and 4 items, a treatment on 2, a sham on 0 or 1.
    assert row["null"] == {
        "seed": {"runs": 3, "g1": 0, "strict": 0, "rate": 0.0, "median_discordance": 5.0},
        "sham": {"runs": 2, "g1": 1, "strict": 0, "rate": 0.5, "median_discordance": 0.5},
    }
    assert "the median seed null run differs from its baseline on 5 items" in row["test"]["reason"]
    out = talan("g1", "nulls").out
    assert "0/3 0.0%" in out
    assert "1/2 50.0%" in out
    assert "more than a factor of 1.5 apart" in " ".join(out.split())


@pytest.mark.usefixtures("_nulls")
def test_a_status_counts_them_apart(talan: Talan) -> None:
    found = json.loads(talan("study", "status", "nulls", "--json").out)
    assert found["runs"]["total"] == 2
    assert found["baselines"]["total"] == 1
    assert found["nulls"]["seed_null"]["completed"] == 3
    assert found["nulls"]["sham_null"]["completed"] == 2
    assert found["g1"] == {"count": 2, "rate": 1.0, "strict": 2, "tied": 0, "inert": 0}


@pytest.mark.usefixtures("_nulls")
def test_a_listing_names_them_and_finds_no_g1_among_them(talan: Talan) -> None:
    kinds = [run["kind"] for run in json.loads(talan("runs", "nulls", "--json").out)]
    assert kinds == ["baseline", *["treatment"] * 2, *["seed_null"] * 3, *["sham_null"] * 2]
    g1 = json.loads(talan("runs", "nulls", "--g1", "--json").out)
    assert {run["kind"] for run in g1} == {"treatment"}
    out = talan("runs", "nulls").out
    assert "seed null, against seed 42" in out
    assert "sham of layer" in out
    sham = next(line for line in out.splitlines() if "sham of layer" in line)
    assert "number 0 at seed 42" in sham


@pytest.mark.usefixtures("_nulls")
def test_a_shams_number_is_no_seed(talan: Talan) -> None:
    sham = json.loads(talan("runs", "nulls", "--json").out)[-1]
    out = talan("run", sham["id"]).out
    assert f"number {sham['seed']} at seed 42, attempt 1" in out
    assert f"seed {sham['seed']}," not in out
