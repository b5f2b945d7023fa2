"""Ray Tune's trial loop beside plain Ray actors: no-op runs of five steps on two workers.

Prints milliseconds per run over the first and the last 500 runs: what grows, and what does not.
Behind docs/decisions/0002-ray-actors.md.

    .venv/bin/python benchmarks/tune_or_actors.py [--runs 10000]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"

import ray
from ray import tune
from ray.tune.search import Searcher
from report import report

STEPS = 5
WORKERS = 2
WINDOW = 500


class NoopTrainable(tune.Trainable):
    """As lean as Tune allows: actors are reused, nothing is saved."""

    def setup(self, _: dict[str, Any]) -> None:
        self.steps = 0

    def reset_config(self, _: dict[str, Any]) -> bool:
        self.steps = 0
        return True

    def step(self) -> dict[str, Any]:
        self.steps += 1
        return {"score": float(self.steps), "done": self.steps >= STEPS}

    def save_checkpoint(self, _: str) -> dict[str, Any]:
        return {}

    def load_checkpoint(self, _: dict[str, Any]) -> None:
        pass


class CountingSearcher(Searcher):
    """Suggests numbers and notes when trials end."""

    def __init__(self, runs: int) -> None:
        super().__init__(metric="score", mode="max")
        self.left, self.suggested = runs, 0
        self.ends: list[float] = []

    def suggest(self, _: str) -> dict[str, Any] | str:
        if self.suggested == self.left:
            return Searcher.FINISHED
        self.suggested += 1
        return {"number": self.suggested}

    def on_trial_complete(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.monotonic())

    def save(self, _: str) -> None:
        pass

    def restore(self, _: str) -> None:
        pass


def with_tune(runs: int) -> tuple[list[float], float]:
    """Drive the runs with Tune; when each ended, and MB left on disk."""
    searcher = CountingSearcher(runs)
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            NoopTrainable,
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                num_samples=runs,
                reuse_actors=True,
                max_concurrent_trials=WORKERS,
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        ).fit()
        left = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return searcher.ends, left / 1e6


class NoopActor:
    """Does nothing, a step at a time."""

    def step(self, number: int) -> int:
        return number


def with_actors(runs: int) -> tuple[list[float], float]:
    """Drive the runs with plain actors."""
    actors = [ray.remote(num_cpus=1)(NoopActor).remote() for _ in range(WORKERS)]
    ends: list[float] = []
    started = 0
    live: dict[Any, tuple[Any, int]] = {}

    def begin(actor: Any) -> None:
        nonlocal started
        if started < runs:
            started += 1
            live[actor.step.remote(0)] = (actor, 1)

    for actor in actors:
        begin(actor)
    while live:
        for reference in ray.wait(list(live))[0]:
            actor, done = live.pop(reference)
            ray.get(reference)
            if done < STEPS:
                live[actor.step.remote(done)] = (actor, done + 1)
            else:
                ends.append(time.monotonic())
                begin(actor)
    return ends, 0.0


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    runs = parser.parse_args().runs
    window = min(WINDOW, runs // 2)
    rows = []
    for who, measure in (("Ray Tune", with_tune), ("plain actors", with_actors)):
        ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
        ends, left_mb = measure(runs)
        ray.shutdown()
        first = 1000 * (ends[window - 1] - ends[0]) / (window - 1)
        last = 1000 * (ends[-1] - ends[-window]) / (window - 1)
        rows.append(
            {
                "who": who,
                "runs": len(ends),
                "first_ms": first,
                "last_ms": last,
                "growth": last / first,
                "total_s": ends[-1] - ends[0],
                "left_on_disk_mb": left_mb,
            }
        )
    report("tune_or_actors", rows=rows)


if __name__ == "__main__":
    main()
