"""Configurations per hour: ``talan study run`` beside the loops one would otherwise write.

Ways to audit a grid (the demo's, one on the long-answer suite, or any study file of one host and
one seed), one after the other on the same machine in the same run: (ours) the service with the
study's workers, with full and with exact verdicts; (a) a plain loop that starts a process per
configuration, loads, trains with PEFT + Trainer and scores with lm-eval; (b) the same loop in one
process, which loads the model again for each configuration. Two speed-ups are told apart: the same
work in less time (full verdicts against a) and less work for the same verdict (exact against full).
Also worker utilisation: compute seconds / (workers x wall seconds), from the first run's start to
the moment when no run is left to hand out.

    .venv/bin/python benchmarks/audit_throughput.py [--suite tiny] [--ours 16] [--plain 2]
    .venv/bin/python benchmarks/long_answers/make.py    # once: its backbone
    .venv/bin/python benchmarks/audit_throughput.py --suite long_answers --ours 12
    .venv/bin/python benchmarks/audit_throughput.py --workers 8    # on a GPU: eight runs share it

Each takes about 5 minutes on two cores that nobody else uses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from devices import device_name
from report import report

from search.study.file import parse_study, read_study_file
from search.study.plan import resolve, study_plan
from storage import AuditStore

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "tiny-lora-grid.yaml"
LONG_ANSWERS = Path(__file__).with_name("long_answers")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SCRIPT = Path(__file__).with_name("plain_script.py")


def ours(
    folder: Path, study: Path, *, runs: int, workers: int | None, **keys: str
) -> dict[str, Any]:
    """The whole command, Ray's start and the workers' set-up included; ``keys`` of the study."""
    spec = sampled(study, runs=runs) | keys
    if workers:
        share = 1 / workers if DEVICE == "cuda" else 0
        spec["resources"] = {"workers": workers, "cpus_per_run": 1, "gpus_per_run": share}
    folder.mkdir()
    workers = spec["resources"]["workers"]
    file = folder / "study.json"
    file.write_text(json.dumps(spec))
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("talan")), "study", "run", str(file)]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    wall_s = time.monotonic() - started
    with AuditStore.open(f"sqlite:///{folder}/talan.db") as store:
        done = [run for run in store.runs.iterate(spec["name"]) if run.finished_at]
    return {
        "who": ", ".join([f"talan study run, {workers} workers", *map(": ".join, keys.items())]),
        "configurations": runs,
        "wall_s": wall_s,
        "per_hour": 3600 * runs / wall_s,
        "steady_per_hour": 3600 * len(done) / _busy_span(done)[0] if len(done) > 2 else None,
        "utilisation": _utilisation(done, workers=workers),
    }


def study_file(suite: str, folder: Path) -> Path:
    """The grid that is audited on a suite."""
    if suite == "tiny":
        return EXAMPLE
    spec = {
        **read_study_file(EXAMPLE).spec,
        "name": "long-answers",
        "backbones": [str(LONG_ANSWERS / "backbone")],
        "benchmarks": str(LONG_ANSWERS),
        "training": {},
    }
    file = folder / "study.json"
    file.write_text(json.dumps(spec))
    return file


def sampled(study: Path, *, runs: int) -> dict[str, Any]:
    """The study with so many configurations of its grid."""
    return {**read_study_file(study).spec, "design": {"sampler": "grid", "max_runs": runs}}


def _busy_span(done: list[Any]) -> tuple[float, Any, Any]:
    first = min(run.started_at for run in done)
    last = max(run.finished_at for run in done)
    return (last - first).total_seconds(), first, last


def _utilisation(done: list[Any], *, workers: int) -> float:
    """Compute seconds over worker seconds in the steady state.

    The steady state begins when each worker's set-up is over (its first run has ended) and ends
    when the last run was handed out: afterwards a worker is idle because nothing is left.
    """
    by_worker: dict[str, list[Any]] = {}
    for run in sorted(done, key=lambda run: run.started_at):
        by_worker.setdefault(run.worker, []).append(run)
    begin = max(runs[0].finished_at for runs in by_worker.values())
    end = max(run.started_at for run in done)
    busy_s = 0.0
    for run in done:
        lived_s = (run.finished_at - run.started_at).total_seconds()
        inside = (min(run.finished_at, end) - max(run.started_at, begin)).total_seconds()
        busy_s += run.compute_s * max(0.0, inside) / lived_s
    return busy_s / (workers * (end - begin).total_seconds())


def plain(
    study: Path, configurations: list[dict[str, Any]], *, process_each: bool
) -> dict[str, Any]:
    """The weekend loop."""
    groups = [[c] for c in configurations] if process_each else [configurations]
    started = time.monotonic()
    for group in groups:
        command = [sys.executable, str(SCRIPT), str(study), json.dumps(group)]
        subprocess.run(command, check=True, capture_output=True)
    wall_s = time.monotonic() - started
    return {
        "who": "plain loop, a process each" if process_each else "plain loop, one process",
        "configurations": len(configurations),
        "wall_s": wall_s,
        "per_hour": 3600 * len(configurations) / wall_s,
        "steady_per_hour": None,
        "utilisation": None,
    }


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", choices=["tiny", "long_answers"], default="tiny")
    parser.add_argument("--study", type=Path, help="another grid, of one host and one seed")
    parser.add_argument("--workers", type=int, help="of the service; on a GPU they share it")
    parser.add_argument("--ours", type=int, default=16, help="configurations for the service")
    parser.add_argument("--plain", type=int, default=2, help="configurations for each loop")
    parser.add_argument("--exact", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = options.study or study_file(options.suite, Path(folder))
        sample = parse_study(sampled(study, runs=options.plain))
        plan = study_plan(resolve(sample), artifact_url="unused")
        configurations = [dict(run.configuration) for run in plan.runs if run.configuration]
        audit = partial(ours, study=study, runs=options.ours, workers=options.workers)
        rows = [audit(Path(folder) / "full")]
        if options.exact:
            rows.append(audit(Path(folder) / "exact", verdicts="exact"))
        loops = [plain(study, configurations, process_each=each) for each in (True, False)]
    same_work = rows[0]["per_hour"] / loops[0]["per_hour"]
    less_work = rows[1]["per_hour"] / rows[0]["per_hour"] if options.exact else None
    rows += loops
    for row in rows:
        row["times_a"] = row["per_hour"] / loops[0]["per_hour"]
    report(
        "audit_throughput",
        rows=rows,
        suite=str(options.study or options.suite),
        device=device_name(DEVICE),
        same_work_in_less_time=same_work,
        less_work_for_the_same_verdict=less_work,
    )


if __name__ == "__main__":
    main()
