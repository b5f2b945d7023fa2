"""What the search costs by itself: 10,000 no-op runs through the driver and each storage.

Prints seconds per run over the first and the last tenth (it must not grow), and whether any
configuration was run twice or lost, in our record and in Optuna's. Beside it, what a user would
otherwise write: Optuna's ask and tell over Ray tasks on the same storage, without a record of
cells, resumption or duplicates refused.

    .venv/bin/python benchmarks/search_overhead.py [--runs 10000] [--storage sqlite postgres]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
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


def audit(url: str, *, runs: int) -> dict[str, Any]:
    """Drive a study of no-op runs."""
    ends: list[float] = []

    def watch(_: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished":
            ends.append(time.monotonic())

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
    ends: list[float] = []
    pending: dict[Any, optuna.Trial] = {}
    while len(ends) < runs:
        while len(pending) < 2:
            trial = study.ask(axes)
            pending[evaluate.remote(trial.params)] = trial
        ready, _ = ray.wait(list(pending))
        for reference in ready:
            study.tell(pending.pop(reference), ray.get(reference))
            ends.append(time.monotonic())
    ray.shutdown()
    return _pace("Optuna ask/tell + Ray tasks", ends[:runs])


def _pace(who: str, ends: list[float]) -> dict[str, Any]:
    tenth = max(2, len(ends) // 10)
    first = (ends[tenth] - ends[0]) / tenth
    last = (ends[-1] - ends[-tenth]) / (tenth - 1)
    return {
        "who": who,
        "runs": len(ends),
        "first_tenth_ms": 1000 * first,
        "last_tenth_ms": 1000 * last,
        "growth": last / first,
        "total_s": ends[-1] - ends[0],
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
