"""A executor that trains nothing and does what a test tells it to do.

Outcomes are hash bits of (configuration, seed, benchmark), so that a test can count them without
any worker. A configuration's number of slots may stand for a fault: an error of ours, any other
error, a killed process. What was begun is written to a file, which outlives the process.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage import ArtifactRef
from workers.analyses.jobs import AnalysisJob, AnalysisResult
from workers.errors import ArtifactsRefusedError, ConfigurationError, TrainingDivergedError
from workers.job.cell_plans import CellPlan
from workers.job.jobs import BaselineMet, CellResult, RunJob, TrainResult

ITEMS = 16
BATCH = 4
BASELINE = 0  # stands for the baseline where a script names numbers of slots


class ProcessEnded(BaseException):
    """Stands for the end of a worker's process; no worker catches it."""


@dataclass(frozen=True)
class Script:
    """What goes wrong, by number of slots.

    Args:
        folder: Where it is written down what was begun.
        diverges: Training raises an error of ours.
        breaks: Training raises any other error, in several lines.
        breaks_scoring: Scoring the last benchmark does.
        kills: The process is killed by a signal, the first so many times.
        exits: The process ends itself while scoring, the first so many times.
        full_after: So many runs fill the artifact store; None: it takes all.
        refuses: Analyses of these names raise an error of ours.
        kills_analyses: The process is killed while it does one, the first so many times, by name.
        step_s: How long every step takes.
        in_process: The worker's process is this one: its end is a ``ProcessEnded``.
    """

    folder: str
    diverges: frozenset[int] = frozenset()
    breaks: frozenset[int] = frozenset()
    breaks_scoring: frozenset[int] = frozenset()
    kills: Mapping[int, int] = field(default_factory=dict)
    exits: Mapping[int, int] = field(default_factory=dict)
    full_after: int | None = None
    refuses: frozenset[str] = frozenset()
    kills_analyses: Mapping[str, int] = field(default_factory=dict)
    step_s: float = 0.0
    in_process: bool = False

    def __call__(self) -> ScriptedExecutor:
        """What each worker holds."""
        return ScriptedExecutor(self)

    def end(self, end_process: Callable[[], object]) -> None:
        """End the worker's process."""
        if self.in_process:
            raise ProcessEnded
        end_process()

    def begun(self) -> list[str]:
        """Keys of the runs in the order in which they were begun, repetitions included."""
        log = Path(self.folder) / "begun"
        return log.read_text().split() if log.exists() else []

    def drafts(self) -> list[tuple[str, str, str | None]]:
        """Run, benchmark and the artifact of drafts it was asked with, in order."""
        log = Path(self.folder) / "drafts"
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [(run, name, None if draft == "-" else draft) for run, name, draft in lines]


class ScriptedExecutor:
    """Does as the script says."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def begin(self, job: RunJob) -> TrainResult:
        """Train nothing."""
        script, slots = self._script, _slots(job.configuration)
        times = _note(Path(script.folder) / "begun", job.key)
        time.sleep(script.step_s)
        self._job, self._times = job, times
        if script.full_after is not None and len(script.begun()) > script.full_after:
            raise ArtifactsRefusedError("artifact store /a has 0 MiB left")
        if slots in script.diverges:
            raise TrainingDivergedError("the loss is nan at step 3; allowed: a finite number")
        if slots in script.breaks:
            raise RuntimeError("a part broke,\n  badly")
        if times <= script.kills.get(slots, 0):
            script.end(lambda: os.kill(os.getpid(), signal.SIGKILL))
        return TrainResult(
            losses=(2.0, 1.0 + job.seed / 1000),
            steps=2,
            seconds=0.25,
            checkpoint=_artifact("tar", job.key),
            provenance={"pid": os.getpid()},
            **_distance(job),
        )

    def meet_baseline(self, job: RunJob) -> BaselineMet:
        """Take the run's job with all that follows from its baseline."""
        self._job = job
        return BaselineMet(_distance(job).get("kl_to_baseline"), seconds=0.25)

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult:
        """Draw outcomes."""
        job, script = self._job, self._script
        with (Path(script.folder) / "drafts").open("a") as file:
            file.write(f"{job.key} {benchmark} {draft or '-'}\n")
        time.sleep(script.step_s)
        slots, last = _slots(job.configuration), benchmark == job.benchmarks[-1]
        if last and slots in script.breaks_scoring:
            raise ValueError("no such item")
        if last and self._times <= script.exits.get(slots, 0):
            script.end(lambda: os._exit(1))
        number = job.sham if job.jitter is None else job.jitter
        outcomes = outcomes_of(job.configuration, seed=job.seed, benchmark=benchmark, sham=number)
        return cell_result(job, benchmark, outcomes)

    def analyse(self, job: AnalysisJob) -> AnalysisResult:
        """Look at nothing: every layer's number is drawn from the run's checkpoint."""
        script = self._script
        _note(Path(script.folder) / "analysed", f"{job.name}:{job.checkpoints['run']}")
        times = _note(Path(script.folder) / "times", job.name)
        if job.name in script.refuses:
            raise ConfigurationError(f"{job.name} cannot be computed; allowed: another")
        if times <= script.kills_analyses.get(job.name, 0):
            script.end(lambda: os.kill(os.getpid(), signal.SIGKILL))
        return AnalysisResult(
            summary_of(job), _artifact("parquet", f"{job.name} {job.key}"), seconds=0.5
        )

    def close(self) -> None:
        """Nothing is held."""


def summary_of(job: AnalysisJob) -> dict[str, Any]:
    """A summary in the shape of depth's; other analyses say how many items they were given."""
    if job.name != "depth":
        return {"num_items": job.num_items, "scope": "all", "tensors": []}
    height = sum(map(ord, job.checkpoints["run"])) % 100 / 100
    rows = [
        {"layer": layer, "relative_l2": layer * height, "cosine": 1.0, "block_off_relative_l2": 0.0}
        for layer in range(3)
    ]
    return {
        "layer": 1,
        "by_layer": rows,
        "output": [],
        "with_answer": rows,
        "curve_similarity": 1.0,
    }


def outcomes_of(
    configuration: Mapping[str, Any] | None, *, seed: int, benchmark: str, sham: int | None = None
) -> tuple[bool, ...]:
    """Right or wrong per item of any run."""
    parts = [configuration, seed, benchmark, *([] if sham is None else [sham])]
    key = json.dumps(parts, sort_keys=True)
    bits = int.from_bytes(hashlib.sha256(key.encode()).digest()[: ITEMS // 8], "big")
    return tuple(bool(bits >> place & 1) for place in range(ITEMS))


def kl_of(slots: int, seed: int) -> float:
    """How far a treatment is from its baseline."""
    return slots * 1e-3 * (1 + seed / 100)


def _distance(job: RunJob) -> dict[str, Any]:
    """A first search ends at a scale of the run's own, a warm one at the scale it began with."""
    if job.held_out is None:
        return {}
    if job.held_out.baseline is None:
        return {"held_out": _artifact("safetensors", f"seed {job.seed}")}
    if job.match is None:
        return {"kl_to_baseline": kl_of(_slots(job.configuration), job.seed)}
    own = 0.25 + (job.sham if job.jitter is None else job.jitter) / 100  # type: ignore[operator]
    scale = own if job.match.start is None else job.match.start
    return {"kl_to_baseline": job.match.target, "null_scale": scale}


def cell_result(job: RunJob, benchmark: str, outcomes: Sequence[bool]) -> CellResult:
    """What a worker answers: as much of the outcomes as the job's plan asks for."""
    items = _items_asked(job.plans.get(benchmark), outcomes)
    found = tuple(outcomes[item] for item in items)
    return CellResult(
        benchmark=benchmark,
        n_items=len(outcomes),
        n_correct=sum(found),
        outcomes=found,
        responses=_artifact("parquet", f"{job.key} {benchmark} {len(items)}"),
        seconds=0.5,
        items=None if len(items) == len(outcomes) else items,
    )


def _items_asked(plan: CellPlan | None, outcomes: Sequence[bool]) -> tuple[int, ...]:
    """Numbers of the items that a worker would ask, in batches of ``BATCH``."""
    asked: list[int] = []
    batches = [tuple(range(at, at + BATCH)) for at in range(0, len(outcomes), BATCH)]
    for batch in batches if plan is None else plan.in_order(batches):
        asked += batch
        if plan and plan.is_lost(wrong=sum(not outcomes[item] for item in asked)):
            break
    return tuple(sorted(asked))


def _slots(configuration: Mapping[str, Any] | None) -> int:
    return BASELINE if configuration is None else int(configuration["slots"])


def _note(log: Path, key: str) -> int:
    """Write a run's key down and answer how often it stands there now."""
    with log.open("a") as file:
        file.write(f"{key}\n")
    return log.read_text().split().count(key)


def _artifact(suffix: str, content: str) -> ArtifactRef:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return ArtifactRef(name=f"sha256-{digest}.{suffix}", sha256=digest, num_bytes=len(content))
