"""Older records: stored responses tell ties from inert runs, as far as they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import stored_studies
from stored_studies import BENCHMARKS, NAME, seed_study

from search.driving.compare_responses import compare_responses
from storage import AuditStore
from storage.kept_digests import kept_digests

SAME = ("ffff",) * 4
# The choices are right in other words: l instead of f.
TIED = ("flfl", *SAME[1:])


@pytest.fixture(autouse=True)
def _one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_studies, "STUDY", ((SAME, TIED, SAME),))


def test_what_is_stored_is_compared(storage_url: str, tmp_path: Path) -> None:
    with AuditStore.open(storage_url) as store:
        seed_study(store, tmp_path / "artifacts")
        _, tied, inert = store.runs.iterate(NAME)
        assert (tied.g1, tied.verdict, inert.verdict) == (True, None, "inert")
        assert compare_responses(store, NAME) == (1, 0)
        tied = store.runs.get(tied.id)
        assert tied.verdict == "tied"
        assert [cell.changed for cell in tied.cells.values()] == [
            2 if name == "tiny_choice" else 0 for name in tied.cells
        ]
        assert compare_responses(store, NAME) == (0, 0)


def test_an_older_baseline_gets_what_runs_to_come_are_compared_with(
    storage_url: str, tmp_path: Path
) -> None:
    with AuditStore.open(storage_url) as store:
        seed_study(store, tmp_path / "artifacts")
        baseline = next(store.runs.iterate(NAME))
        assert set(store.uncompared.baselines(NAME)) == {baseline.id}
        compare_responses(store, NAME)
        assert store.uncompared.baselines(NAME) == {}
        with store.database.reading() as session:
            kept = kept_digests(session, baseline.id)
        assert {name: len(packed) for name, packed in kept.items()} == dict.fromkeys(BENCHMARKS, 64)


def test_what_is_gone_stays_unknown(storage_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    with AuditStore.open(storage_url) as store:
        seed_study(store, folder)
        for file in folder.rglob("*.parquet"):
            file.unlink()
        assert compare_responses(store, NAME) == (0, 1)
        _, tied, _ = store.runs.iterate(NAME)
        assert (tied.g1, tied.verdict) == (True, None)
