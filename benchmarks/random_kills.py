"""Kill a study's processes at random; what it measured must equal a run that was left alone.

Owns: driving one small study through `talan scheduler` while a random process of it is killed with
-9 now and then (the scheduler, its driver, a worker, Ray itself), and comparing every loss, delta,
checkpoint and response, bit by bit, with an undisturbed run of the same study. Does not cover: the
database's own death, nor machines that disappear (`tests/test_service.py` kills Postgres).

    python benchmarks/random_kills.py --kills 20 --seed 0 --folder kills

The same seed chooses the same kinds of victims at the same pauses; which run they hit depends on
how fast the machine is. Where the study is completed before the last kill, fewer are done.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from search.driving import audits
from search.study.file import parse_study
from storage import AuditStore

STUDY = {
    "name": "killed",
    "axes": {
        "layer": [1],
        "slots": [2, 4],
        "mixer": ["cross_attn", "per_token_mix"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.3}],
    },
    "benchmarks": ["tiny_choice"],
    "training": {"max_steps": 20},
    "resources": {"workers": 1},
}
# What a victim's command line holds; the scheduler is the process that is started here.
VICTIMS = {
    "driver": "search.driving.drive_next",
    "worker": "RayWorker",
    "raylet": "raylet/raylet",
    "gcs": "gcs_server",
    "scheduler": "",
}


class DrivenStudy:
    """A record with the study in it, and the scheduler that drives it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.url = f"sqlite:///{folder.absolute()}/talan.db"
        self._log = (folder / "scheduler.log").open("ab")
        self._scheduler: subprocess.Popen[bytes] | None = None
        with AuditStore.open(self.url) as store:
            audits.launch(store, parse_study(STUDY), artifact_url=str(folder.absolute() / "a"))

    def keep_up(self) -> psutil.Process:
        """The scheduler; started where there is none, as whoever keeps a service does."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            command = [sys.executable, "-m", "api", "scheduler", "--storage", self.url]
            self._scheduler = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        return psutil.Process(self._scheduler.pid)

    def close(self) -> None:
        """End the scheduler."""
        if self._scheduler is not None:
            self._scheduler.terminate()
            self._scheduler.wait()
        self._log.close()

    def state(self) -> tuple[str, int]:
        """The study's state, and how many runs are over."""
        with AuditStore.open(self.url) as store:
            status = store.studies.status("killed")
            return status.state, sum(kind.completed for kind in status.kinds.values())

    def wait_to_the_end(self, *, patience_s: float) -> None:
        """Wait until the study is completed.

        Raises:
            TimeoutError: It is not, after so long.
        """
        deadline = time.monotonic() + patience_s
        while self.state()[0] != "completed":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the study is {self.state()}")
            self.keep_up()
            time.sleep(1)

    def measured(self) -> dict[str, Any]:
        """All that the study measured, by run."""
        with AuditStore.open(self.url) as store:
            return {
                run.id: {
                    "state": run.state,
                    "losses": list(store.runs.losses(run.id) or ()),
                    "checkpoint": run.checkpoint_artifact,
                    "cells": {
                        name: [cell.delta, cell.responses_artifact]
                        for name, cell in run.cells.items()
                    },
                    "outcomes": {
                        name: list(store.runs.outcomes(run.id, name)) for name in run.cells
                    },
                }
                for run in store.runs.iterate("killed")
            }


def kill_one(study: DrivenStudy, kind: str) -> bool:
    """Kill a process of a kind with -9; whether there was one."""
    scheduler = study.keep_up()
    if kind == "scheduler":
        scheduler.kill()
        return True
    for process in scheduler.children(recursive=True):
        try:
            words = " ".join([process.name(), *process.cmdline()])
            if VICTIMS[kind] in words:
                process.kill()
                return True
        except psutil.Error:  # it ended meanwhile
            continue
    return False


def main() -> int:
    """Run, kill, compare; 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--longest-pause", type=float, default=25.0)
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    whole = DrivenStudy(asked.folder / "whole")
    whole.wait_to_the_end(patience_s=1800)
    whole.close()
    draw, killed = random.Random(asked.seed), Counter[str]()
    study = DrivenStudy(asked.folder / "killed")
    began = time.monotonic()
    while killed.total() < asked.kills and study.state()[0] != "completed":
        kind = draw.choice(sorted(VICTIMS))
        time.sleep(draw.uniform(1.0, asked.longest_pause))
        if kill_one(study, kind):
            killed[kind] += 1
            seconds = time.monotonic() - began
            print(f"{seconds:6.0f} s  {kind} killed; {study.state()[1]} runs over", flush=True)
    study.wait_to_the_end(patience_s=1800)
    study.close()
    expected, found = whole.measured(), study.measured()
    differing = sorted(run for run in expected if expected[run] != found.get(run))
    result = {"kills": dict(killed), "runs": len(expected), "differing": differing}
    print(json.dumps(result))
    return 1 if differing or expected.keys() != found.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
