"""A tiny study with ``verdicts: full`` and ``exact``, both for real: items, seconds, verdicts.

    .venv/bin/python benchmarks/exact_study.py [--configurations 12] [--eval-batch-size 16]

One after the other, on one record. Every verdict and every cell in full of the second is checked
against the first. Baselines are counted apart: both evaluate them in full.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from typing import Any

from report import report

from search.driving.audits import drive, launch
from search.study.file import parse_study
from storage import AuditStore, Run, RunFilter

AXES = {
    "layer": [0, 1, 2, 3, 4, 5],
    "slots": [2, 4],
    "mixer": ["cross_attn", "gated_cross_attn", "per_token_mix"],
    "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.1}],
    "gradient_scale": [1, 500],
}


def study(verdicts: str, *, configurations: int, training: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"measured-{verdicts}",
        "axes": AXES,
        "design": {"sampler": "random", "max_runs": configurations},
        "training": training,
        "verdicts": verdicts,
    }


def driven(store: AuditStore, content: dict[str, Any], *, artifact_url: str) -> dict[str, Run]:
    """Its treatments by configuration."""
    file = parse_study(content)
    launch(store, file, artifact_url=artifact_url)
    assert drive(store, file.name) == "completed"
    treatments = RunFilter(kind="treatment")
    return {r.configuration_id or "": r for r in store.runs.iterate(file.name, treatments)}


def check(full: dict[str, Run], exact: dict[str, Run]) -> None:
    """Verdicts and cells in full are the same."""
    assert {key: run.g1 for key, run in full.items()} == {key: run.g1 for key, run in exact.items()}
    for key, run in exact.items():
        for name, cell in run.cells.items():
            theirs = full[key].cells[name]
            assert cell.responses_artifact == theirs.responses_artifact
            assert cell.delta == theirs.delta


def asked(run: Run) -> int:
    """Items that were generated and scored."""
    whole = sum(cell.n_items for cell in run.cells.values())
    return whole + sum(bound.n_evaluated for bound in run.bounds.values())


def evaluation_s(run: Run) -> float:
    """Seconds of evaluation, training left out."""
    return sum(cell.seconds for cell in (*run.cells.values(), *run.bounds.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configurations", type=int, default=12)
    parser.add_argument("--eval-batch-size", type=int, default=16)
    parser.add_argument("--max-steps", type=int, default=40)
    arguments = parser.parse_args()
    training = {
        "eval_batch_size": arguments.eval_batch_size,
        "max_steps": arguments.max_steps,
    }
    runs: dict[str, dict[str, Run]] = {}
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        AuditStore.open(f"sqlite:///{folder}/talan.db") as store,
    ):
        for verdicts in ("full", "exact"):
            content = study(verdicts, configurations=arguments.configurations, training=training)
            started = time.monotonic()
            runs[verdicts] = driven(store, content, artifact_url=f"{folder}/artifacts")
            found = runs[verdicts].values()
            rows.append(
                {
                    "verdicts": verdicts,
                    "runs": len(found),
                    "g1": sum(bool(run.g1) for run in found),
                    "items": sum(map(asked, found)),
                    "evaluation_s": sum(map(evaluation_s, found)),
                    "wall_s": time.monotonic() - started,
                }
            )
    check(runs["full"], runs["exact"])
    factors = {
        f"{key}_factor": rows[0][key] / rows[1][key] for key in ("items", "evaluation_s", "wall_s")
    }
    report("exact_study", rows=rows, **factors, **vars(arguments))


if __name__ == "__main__":
    main()
