"""One small study with full and with exact verdicts: the same findings, for fewer items.

Everything is real but Ray: a small backbone, training, generation, scoring, SQLite. Interruptions
are in tests/search/driving/exact/test_driving_exact.py.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from driving_here import driving_here
from small_suite import small_host

from search.driving.audits import drive, launch
from search.study.file import parse_study
from storage import ArtifactStore, AuditStore, Cell, Run, RunFilter
from storage.records import BoundedCell
from workers.generation.verification import verify

BENCHMARKS = ("tiny_choice", "tiny_arithmetic")
STUDY: dict[str, Any] = {
    "axes": {
        "layer": [0, 1],
        "slots": [2, 4],
        "mixer": ["cross_attn"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.3}],
    },
    "training": {"max_steps": 4, "eval_batch_size": 4},
}


def begin(
    store: AuditStore, host: dict[str, Any], verdicts: str, *, artifacts: Path, **keys: Any
) -> None:
    file = parse_study({**STUDY, **host, "name": verdicts, "verdicts": verdicts, **keys})
    launch(store, file, artifact_url=str(artifacts))


def by_configuration(store: AuditStore, name: str) -> dict[str, Run]:
    runs = store.runs.iterate(name, RunFilter(kind="treatment"))
    return {run.configuration_id or "": run for run in runs}


def num_asked(run: Run) -> int:
    asked = sum(bound.n_evaluated for bound in run.bounds.values())
    return asked + sum(cell.n_items for cell in run.cells.values())


def assert_same(folder: Path, cell: Cell, theirs: Cell) -> None:
    """The same responses; a margin is measured in whatever batch the item was in, and rounds."""
    artifacts = ArtifactStore(str(folder / "artifacts"))
    ours, other = (
        pq.read_table(BytesIO(artifacts.get_bytes(found.responses_artifact)))
        for found in (cell, theirs)
    )
    assert ours.drop_columns("margin").equals(other.drop_columns("margin"))
    assert ours["margin"].to_pylist() == pytest.approx(other["margin"].to_pylist(), abs=1e-4)


def assert_counted(folder: Path, bound: BoundedCell) -> None:
    """Its generation is of the items asked; where none was asked nothing was generated."""
    if bound.responses_artifact is None:
        assert bound.generation is None
        return
    artifacts = ArtifactStore(str(folder / "artifacts"))
    table = pq.read_table(BytesIO(artifacts.get_bytes(bound.responses_artifact)))
    assert bound.generation is not None
    assert bound.generation.mode == "drafted"
    assert bound.generation.answer_tokens == sum(map(len, table["tokens"].to_pylist()))


def test_findings_are_the_same_for_fewer_items(tmp_path: Path) -> None:
    host = small_host(tmp_path, *BENCHMARKS)
    with AuditStore.open(f"sqlite:///{tmp_path}/talan.db") as store, driving_here():
        for name in ("full", "exact"):
            begin(store, host, name, artifacts=tmp_path / "artifacts")
            assert drive(store, name) == "completed"

        full, exact = by_configuration(store, "full"), by_configuration(store, "exact")
        verdicts = {key: run.g1 for key, run in full.items()}
        assert {key: run.g1 for key, run in exact.items()} == verdicts
        assert len(verdicts) == 4
        assert False in verdicts.values()  # else nothing could have ended early
        assert sum(map(num_asked, exact.values())) < sum(map(num_asked, full.values()))
        for key, run in exact.items():
            theirs = full[key]
            assert run.checkpoint_artifact == theirs.checkpoint_artifact
            assert (run.mean_delta == theirs.mean_delta) == (not run.bounds)
            for name, cell in run.cells.items():
                assert_same(tmp_path, cell, theirs.cells[name])
                assert (cell.n_correct, cell.delta) == (
                    theirs.cells[name].n_correct,
                    theirs.cells[name].delta,
                )
            for name, bound in run.bounds.items():
                assert_counted(tmp_path, bound)
                low, high = bound.delta
                assert low <= (theirs.cells[name].delta or 0.0) <= high
                answers = store.runs.answers(run.id).get(name, {})
                truth = store.runs.outcomes(theirs.id, name)
                assert answers == {item: truth[item] for item in answers}


def test_interrupted_in_mid_verification_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = small_host(tmp_path, *BENCHMARKS)
    axes = {**STUDY["axes"], "slots": [2]}
    num_passes = 0

    def verify_but_once(*arguments: Any, **keywords: Any) -> Any:
        nonlocal num_passes
        num_passes += 1
        if num_passes == 3:
            raise KeyboardInterrupt
        return verify(*arguments, **keywords)

    with AuditStore.open(f"sqlite:///{tmp_path}/talan.db") as store, driving_here():
        for name in ("whole", "cut"):
            begin(store, host, "exact", artifacts=tmp_path / "artifacts", name=name, axes=axes)
        assert drive(store, "whole") == "completed"
        monkeypatch.setattr("workers.generation.engine.verify", verify_but_once)
        with pytest.raises(KeyboardInterrupt):
            drive(store, "cut")
        assert {run.state for run in store.runs.iterate("cut")} > {"completed"}
        assert drive(store, "cut") == "completed"

        whole, cut = by_configuration(store, "whole"), by_configuration(store, "cut")
        assert num_passes > 3
        assert whole.keys() == cut.keys()
        for key, run in cut.items():
            theirs = whole[key]
            assert (run.g1, run.verdict) == (theirs.g1, theirs.verdict)
            assert run.checkpoint_artifact == theirs.checkpoint_artifact
            for name in run.cells.keys() & theirs.cells.keys():
                assert_same(tmp_path, run.cells[name], theirs.cells[name])
            # What a lost run is asked depends on what is known by then, what it answers does not.
            ours, other = store.runs.answers(run.id), store.runs.answers(theirs.id)
            for name in BENCHMARKS:
                both = ours.get(name, {}).keys() & other.get(name, {}).keys()
                assert {n: ours[name][n] for n in both} == {n: other[name][n] for n in both}
