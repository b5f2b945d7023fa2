"""What the search costs by itself: 10,000 no-op runs through the driver and each storage.

Prints wall time and the driver's own CPU time a run over the first and the last tenth, and its
resident memory at the end of both (none may grow). It fails where a configuration was run twice or
lost, in our record or in Optuna's. Beside it, what a user would otherwise write: Optuna's ask and
tell over Ray tasks on the same storage, without a record of cells or resumption, and with
duplicates. CPU and memory are the driver's process: neither workers nor Postgres are in them.

10,000 runs on both storages take half an hour on two idle cores; 1,000 take three minutes.

    .venv/bin/python benchmarks/search_overhead.py [--runs 10000] [--storage sqlite postgres]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import psutil
import ray
from noop_bench import NoopBench
from report import report

from search.driving.audits import Engine, drive, launch
from search.driving.optuna_record import open_optuna_storage
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from search.study.plan import resolve
from storage import AuditStore, RunFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

STUDY = {
    "name": "search-overhead",
    "axes": {
        "layer": [0, 1, 2, 3, 4, 5],
        "slots": list(range(1, 33)),
        "mixer": ["multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"],
        "writeback": [
            {"rule": "gate", "gate": gate, "alpha": alpha}
            for gate in ("vector", "scalar")
            for alpha in (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
        ],
    },
}


@dataclass(frozen=True)
class Mark:
    """What this process has used by some moment."""

    wall_s: float
    cpu_s: float
    resident_mib: float

    @classmethod
    def now(cls) -> Mark:
        """Read the clocks."""
        resident = psutil.Process().memory_info().rss
        return cls(time.monotonic(), time.process_time(), resident / 2**20)

    def since(self, other: Mark, *, runs: int) -> Mark:
        """Mean use a run since another moment."""
        wall_s, cpu_s = self.wall_s - other.wall_s, self.cpu_s - other.cpu_s
        return Mark(wall_s / runs, cpu_s / runs, self.resident_mib)


def audit(url: str, *, runs: int) -> dict[str, Any]:
    """Drive a study of no-op runs."""
    ends: list[Mark] = []

    def watch(_: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished":
            ends.append(Mark.now())

    file = parse_study({**STUDY, "design": {"sampler": "grid", "max_runs": runs}})
    with AuditStore.open(url) as store, tempfile.TemporaryDirectory() as folder:
        launch(store, file, artifact_url=folder)
        drive(store, file.name, engine=Engine(make_executor=NoopBench), observer=watch)
        done = list(store.runs.iterate(file.name, RunFilter(kind="treatment", state="completed")))
        optuna_study = optuna.load_study(
            study_name=f"{file.name}/tiny-qwen3/lora-r8",
            storage=open_optuna_storage(store.sibling_url("optuna")),
        )
        trials = optuna_study.get_trials(deepcopy=False)
    identities = {run.configuration_id for run in done}
    told = {trial.user_attrs["configuration_id"] for trial in trials}
    assert len(done) == len(identities) == len(trials) == runs, (len(done), len(trials))
    assert told == identities
    return _pace("talan study run", ends)


def plain(url: str, *, runs: int) -> dict[str, Any]:
    """The loop that one writes without us: ask, a Ray task, tell."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=url, study_name="plain", sampler=optuna.samplers.RandomSampler(seed=0)
    )
    space = resolve(parse_study({**STUDY, "design": {"sampler": "grid", "max_runs": 1}})).spaces[0]
    axes = space.distributions(with_unscaled=False)
    evaluate = ray.remote(num_cpus=1)(lambda params: float(params["slots"]))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ends: list[Mark] = []
    pending: dict[Any, optuna.Trial] = {}
    while len(ends) < runs:
        while len(pending) < 2:
            trial = study.ask(axes)
            pending[evaluate.remote(trial.params)] = trial
        ready, _ = ray.wait(list(pending))
        for reference in ready:
            study.tell(pending.pop(reference), ray.get(reference))
            ends.append(Mark.now())
    ray.shutdown()
    return _pace("Optuna ask/tell + Ray tasks", ends[:runs])


def _pace(who: str, ends: list[Mark]) -> dict[str, Any]:
    tenth = max(2, len(ends) // 10)
    first = ends[tenth].since(ends[0], runs=tenth)
    last = ends[-1].since(ends[-tenth], runs=tenth - 1)
    return {
        "who": who,
        "runs": len(ends),
        "first_tenth_ms": first.wall_s * 1000,
        "last_tenth_ms": last.wall_s * 1000,
        "growth": last.wall_s / first.wall_s,
        "first_tenth_cpu_ms": first.cpu_s * 1000,
        "last_tenth_cpu_ms": last.cpu_s * 1000,
        "cpu_growth": last.cpu_s / first.cpu_s,
        "first_tenth_mib": ends[tenth].resident_mib,
        "last_mib": ends[-1].resident_mib,
        "total_s": ends[-1].wall_s - ends[0].wall_s,
    }


def main() -> None:
    """Measure each storage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--plain-runs", type=int, default=1_000)
    parser.add_argument("--storage", nargs="+", default=["sqlite", "postgres"])
    options = parser.parse_args()
    rows = []
    for kind in options.storage:
        for who, measure in (("audit", audit), ("plain", plain)):
            runs = options.runs if who == "audit" else options.plain_runs
            rows.append(
                {"storage": kind, **_on(kind, lambda url, m=measure, n=runs: m(url, runs=n))}
            )
    report("search_overhead", rows=rows)


def _on(kind: str, measure: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            return measure(f"sqlite:///{folder}/talan.db")
    from postgres_server import PostgresServer

    server = PostgresServer()
    try:
        url = server.url(server.create_database())
        return measure(url.replace("postgresql://", "postgresql+psycopg://"))
    finally:
        server.close()


if __name__ == "__main__":
    main()
