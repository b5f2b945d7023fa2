"""A study's stored responses under other scorers: counts by hand, and what is not to be trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stored_studies
from stored_studies import BENCHMARKS, NAME, one_cell, responses_file, seed_study
from typer.testing import CliRunner

from api.cli.app import app
from search.errors import RescoringError
from search.follow_ups.rescoring import rescore, rescoring_report
from storage import ArtifactStore, AuditStore, StudyNotFound
from workers.errors import SuiteError
from workers.suites.scoring.alternatives import VERSION


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the responses lie."""
    return tmp_path / "artifacts"


@pytest.fixture
def seeded(storage_url: str, folder: Path) -> Iterator[AuditStore]:
    """The study of ``stored_studies``, on SQLite and on Postgres."""
    with AuditStore.open(storage_url) as store:
        seed_study(store, folder)
        yield store


@pytest.fixture
def stored(store: AuditStore, folder: Path) -> AuditStore:
    """The same study on SQLite."""
    seed_study(store, folder)
    return store


def artifact(folder: Path, benchmark: str, letters: str) -> Path:
    """The file of a cell's responses."""
    ref = ArtifactStore(str(folder)).put_bytes(responses_file(benchmark, letters), suffix="parquet")
    return next(folder.rglob(ref.name))


def test_canonical_is_what_was_recorded(seeded: AuditStore) -> None:
    recorded = list(seeded.runs.iterate(NAME))
    report = rescore(seeded, NAME, scorer="canonical")
    assert report["cells"] == {
        "compared": 16,
        "changed": 0,
        "not_worse": 14,
        "not_worse_recorded": 14,
    }
    assert report["changed_runs"] == []
    assert [row["items_changed"] for row in report["benchmarks"]] == [0, 0, 0, 0]
    cells = seeded.rescored.cells(NAME, scorer="canonical")
    for run in recorded:
        for benchmark, cell in run.cells.items():
            kept = cells[run.id][benchmark]
            assert (kept.n_correct, kept.delta) == (cell.n_correct, cell.delta)
            outcomes = seeded.rescored.outcomes(run.id, benchmark, scorer="canonical")
            assert outcomes == seeded.runs.outcomes(run.id, benchmark)
    assert list(seeded.runs.iterate(NAME)) == recorded


def test_strict_changes_two_cells_and_two_runs(seeded: AuditStore) -> None:
    report = rescore(seeded, NAME, scorer="strict")
    assert (report["study"], report["scorer"]) == (NAME, "strict")
    assert report["cells"] == {
        "compared": 16,
        "changed": 2,
        "not_worse": 14,
        "not_worse_recorded": 14,
    }
    counts = {"compared": 4, "changed": 2, "g1": 2, "g1_recorded": 2}
    assert report["runs"] == {**counts, "undecided": 0}
    by_name = {row.pop("benchmark"): row for row in report["benchmarks"]}
    # 6 runs of 4 items: right as recorded are f and l, right under strict f and a.
    assert by_name["tiny_arithmetic"] == {
        "compared": 4,
        "changed": 2,
        "not_worse": 3,
        "not_worse_recorded": 3,
        "n_items": 24,
        "n_correct": 3 + 2 + 3 + 12,
        "n_correct_recorded": 2 + 3 + 1 + 12,
        "items_changed": 1 + 1 + 2,
    }
    assert {name: row["items_changed"] for name, row in by_name.items()} == {
        "tiny_choice": 1,
        "tiny_arithmetic": 4,
        "tiny_algebra": 1,
        "tiny_code": 0,
    }
    assert [(row["backbone"], row["changed"], row["g1"]) for row in report["hosts"]] == [
        ("backbone-0", 2, 1),
        ("backbone-1", 0, 1),
    ]
    loses, wins = report["changed_runs"]
    assert (loses["g1_recorded"], loses["g1"]) == (True, False)
    assert loses["cells"]["tiny_arithmetic"] == {"delta": -25.0, "delta_recorded": 25.0}
    assert (loses["mean_delta"], loses["mean_delta_recorded"]) == (-6.25, 6.25)
    assert (wins["g1_recorded"], wins["g1"], wins["mean_delta"]) == (False, True, 6.25)
    assert rescoring_report(seeded, NAME, scorer="strict")["changed_runs"] == [loses, wins]


def test_boxed_only_says_nothing_where_nothing_is_boxed(stored: AuditStore) -> None:
    report = rescore(stored, NAME, scorer="boxed-only")
    assert {row["benchmark"]: row["n_correct"] for row in report["benchmarks"]} == {
        "tiny_choice": 0,
        "tiny_arithmetic": 0,
        "tiny_algebra": 2 + 2 + 3 + 12,
        "tiny_code": 1 + 1 + 2 + 12,
    }
    assert (report["runs"]["g1_recorded"], report["runs"]["g1"]) == (2, 4)


def test_scored_again_changes_nothing_and_reads_nothing(stored: AuditStore, folder: Path) -> None:
    report = rescore(stored, NAME, scorer="last-number")
    for file in folder.rglob("*.parquet"):
        file.unlink()
    assert rescore(stored, NAME, scorer="last-number") == report


def test_a_missing_artifact_is_one_sentence_and_scoring_goes_on_there(
    stored: AuditStore, folder: Path
) -> None:
    file = artifact(folder, "tiny_choice", "wfff")  # of the last run alone
    content = file.read_bytes()
    file.unlink()
    done: list[int] = []
    with pytest.raises(RescoringError, match=r"^run [0-9a-f]{16}, tiny_choice: artifact .* is not"):
        rescore(stored, NAME, scorer="strict", observer=done.append)
    assert done == [1, 2, 3, 4, 5]
    assert len(stored.rescored.done(NAME, scorer="strict", version=VERSION)) == 20
    file.write_bytes(content)
    for other in folder.rglob("*.parquet"):
        if other != file and other.name not in _artifacts_of_last(stored):
            other.unlink()
    assert rescore(stored, NAME, scorer="strict")["cells"]["compared"] == 16


def _artifacts_of_last(store: AuditStore) -> set[str]:
    last = list(store.runs.iterate(NAME))[-1]
    return {cell.responses_artifact for cell in last.cells.values()}


def test_an_altered_artifact_is_refused(stored: AuditStore, folder: Path) -> None:
    artifact(folder, "tiny_code", "ffff").write_bytes(b"something else")
    with pytest.raises(RescoringError, match=r"tiny_code: artifact .* is not what its name"):
        rescore(stored, NAME, scorer="exact")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (responses_file("tiny_choice", "fffw"), "have other verdicts than the record"),
        (b"PAR1", "not the responses of a cell"),
    ],
)
def test_responses_that_are_not_the_recorded_ones(
    store: AuditStore, folder: Path, content: bytes, sentence: str
) -> None:
    seed_study(store, folder, one_cell(content, outcomes="yyyy"))
    with pytest.raises(RescoringError, match=sentence):
        rescore(store, NAME, scorer="canonical")


@pytest.mark.parametrize("scorer", ["canonical", "strict"])
def test_a_verdict_that_the_canonical_scorer_does_not_come_to(
    store: AuditStore, folder: Path, monkeypatch: pytest.MonkeyPatch, scorer: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stored_studies, "response", lambda *_: "(Z)")
        content = responses_file("tiny_choice", "fffw")
    seed_study(store, folder, one_cell(content, outcomes="yyyn"))
    sentence = r"record on 3 of 4 items \(first 'tiny_choice-000': recorded right, now wrong\)"
    with pytest.raises(RescoringError, match=sentence):
        rescore(store, NAME, scorer=scorer)
    assert store.rescored.cells(NAME, scorer=scorer) == {}


def test_an_item_that_the_suite_no_longer_has(store: AuditStore, folder: Path) -> None:
    content = responses_file("tiny_code", "fffw")  # stored as if they were of another benchmark
    seed_study(store, folder, one_cell(content, outcomes="yyyn"))
    with pytest.raises(RescoringError, match="item 'tiny_code-000' is not in the suite any more"):
        rescore(store, NAME, scorer="strict")


def test_names_that_are_not_there(stored: AuditStore) -> None:
    with pytest.raises(SuiteError, match="no scorer 'loose'; allowed: canonical, last-number"):
        rescore(stored, NAME, scorer="loose")
    with pytest.raises(StudyNotFound, match="nothing"):
        rescore(stored, "nothing", scorer="strict")


def test_the_command_line(stored: AuditStore, sqlite_url: str) -> None:
    options = ["rescore", NAME, "--storage", sqlite_url, "--scorer"]
    as_json = CliRunner().invoke(app, [*options, "strict", "--json"])
    assert as_json.exit_code == 0, as_json.stderr
    report = json.loads(as_json.stdout)
    assert report == rescoring_report(stored, NAME, scorer="strict")
    assert [row["benchmark"] for row in report["benchmarks"]] == sorted(BENCHMARKS)
    shown = CliRunner().invoke(app, [*options, "boxed-only"]).stdout
    assert "cells not worse  14/16 against 16/16, 2 verdicts change" in shown
    assert "G1 runs          2/4 against 4/4, 2 change" in shown
    assert "Nothing is right under boxed-only on tiny_arithmetic, tiny_choice" in shown


def test_the_command_line_says_what_is_missing(
    stored: AuditStore, folder: Path, sqlite_url: str
) -> None:
    artifact(folder, "tiny_choice", "wfff").unlink()
    command = [sys.executable, "-m", "api", "rescore", NAME, "--scorer", "exact"]
    done = subprocess.run(
        [*command, "--storage", sqlite_url], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("talan: run ")
    assert done.stderr.count("\n") == 1
