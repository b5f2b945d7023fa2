"""``talan analyse``: what is done already is shown without a worker; what cannot be is refused."""

from __future__ import annotations

import json
from pathlib import Path

from talan_command import Talan

from storage import TREATMENT, Asked, AuditStore, RunFilter

SUMMARY = {
    "layer": 1,
    "lift_off": 1,
    "num_items": 8,
    "by_layer": [
        {"layer": 0, "relative_l2": 0.0, "cosine": 1.0, "block_off_relative_l2": 0.0},
        {"layer": 1, "relative_l2": 0.25, "cosine": 0.9, "block_off_relative_l2": 0.125},
    ],
    "output": [],
    "with_answer": [],
    "curve_similarity": None,
}


def analysed(folder: Path) -> str:
    """Record the depth of the first completed run; its id."""
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        (name,) = [status.name for status in store.studies.list()][:1]
        run = next(store.runs.iterate(name, RunFilter(kind=TREATMENT, state="completed")))
        (asked,) = store.analyses.ask([Asked(name, run.id, "depth", {"items": 8})])
        store.analyses.claim(owner="w", ttl_s=60)
        store.analyses.finish(asked.id, owner="w", summary=SUMMARY, artifact="a", seconds=2.0)
        return run.id


def test_what_is_done_is_shown(talan: Talan, runs: list[str], folder: Path) -> None:
    run_id = analysed(folder)
    words = ("analyse", run_id, "--only", "depth", "--items", "8", "--no-nulls")
    found = json.loads(talan(*words, "--json").out)
    assert found["run"] == run_id
    depth = found["analyses"]["depth"]
    assert (depth["artifact"], depth["parameters"]) == ("a", {"items": 8})
    assert depth["summary"]["lift_off"] == 1
    assert depth["summary"]["by_layer"][1]["relative_l2"] == 0.25
    shown = talan(*words)
    assert shown.code == 0
    assert "the block lifts off at layer 1; 8 items" in shown.out
    assert "1 *" in shown.out
    assert "no null run of this host and baseline is analysed" in shown.out
    assert "cost: 2.0 s of a worker" in shown.out


def test_what_cannot_be_is_refused(talan: Talan, runs: list[str], folder: Path) -> None:
    nothing = talan("analyse")
    assert nothing.code == 2
    assert "name runs, or ask for --champions or --study NAME" in nothing.err
    unknown = talan("analyse", analysed(folder), "--only", "depht")
    assert unknown.code == 2
    assert "did you mean depth?" in unknown.err
    assert talan("analyse", "0" * 16).code == 2
