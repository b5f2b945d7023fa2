"""The audit's executor as a trainable of Ray Tune, for schedulers and searchers of one's own.

Owns: ``AuditTrainable``: one configuration a trial, one benchmark an iteration, so that a scheduler
can stop a run between two of them; and ``search_space``. A trial trains in its first iteration; the
worker and its backbone stay warm from trial to trial (``reuse_actors``). Does not cover: the
matched baseline and the record (``search.driving.tune_record``). Our own driver does not use this:
docs/decisions/0002-ray-actors.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray import tune

from search.driving.outcome_files import put_outcome
from search.driving.run_executors import make_run_executor
from search.driving.run_outcomes import run_outcome
from search.errors import StudyFileError
from search.study.axes import axis_label
from search.study.file import parse_study
from search.study.keys import Axes, StudyFile
from search.study.single import single_of
from storage import ArtifactStore
from storage.verdict import STRICT, Count, compare, exact_mean
from workers.job.jobs import CellResult, TrainResult

Counts = Mapping[str, tuple[int, int]]


def search_space(file: StudyFile) -> dict[str, object]:
    """Tune's space of a study file's axes: a choice for each axis that has several values.

    Values are named as tables name them (``gate:vector:0.008``), so that searchers see text and
    numbers only.
    """
    named = {axis: _named(file.spans, axis) for axis in Axes.model_fields}
    return {axis: tune.choice(list(values)) for axis, values in named.items() if len(values) > 1}


def configuration_of(file: StudyFile, config: Mapping[str, object]) -> dict[str, object]:
    """A trial's configuration as a study file lists it; what a trial leaves open is the file's.

    Raises:
        StudyFileError: A key is no axis, or a value is not among the file's.
    """
    for key in config:
        if key not in Axes.model_fields:
            msg = f"config: {key!r} is not an axis; allowed: {', '.join(Axes.model_fields)}"
            raise StudyFileError(msg)
    return {axis: _value(file.spans, axis, config) for axis in Axes.model_fields}


class AuditTrainable(tune.Trainable):  # type: ignore[misc]
    """One configuration, benchmark by benchmark, beside a baseline that is known.

    Parameters for ``tune.with_parameters`` (``AuditExperiment.trainable`` has set them):
        study: The study file's content: one backbone, adapter and seed, and axes.
        artifacts: Where responses and checkpoints go.
        baseline: Right answers and items of the matched baseline, by benchmark.

    Each result has ``benchmark``, its ``score``, ``baseline_score`` and ``delta``; of the cells so
    far ``mean_delta``, ``worst_delta``, ``lost`` (whether one is below the baseline); with the last
    ``g1``, ``strict`` and ``done``. ``outcome`` names the artifact with all of it.
    """

    _trained: TrainResult | None = None

    def setup(
        self,
        config: dict[str, Any],
        *,
        study: Mapping[str, object],
        artifacts: str,
        baseline: Counts,
    ) -> None:
        """Make the executor, which stays, and take the first configuration."""
        self._content, self._file = dict(study), parse_study(study)
        self._artifacts = artifacts
        self._baseline = {name: Count(*counts) for name, counts in baseline.items()}
        self._executor = make_run_executor(self._file.resources)
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another configuration on the same warm backbone."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, object]:
        """Train if that is still to be done, and score the next benchmark."""
        if self._trained is None:
            self._trained = self._executor.begin(self._job)
        benchmark = self._job.benchmarks[len(self._cells)]
        self._cells.append(self._executor.evaluate(benchmark))
        return self._report(self._cells[-1])

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Keep nothing but the count: training again gives the same bits."""
        (Path(checkpoint_dir) / "cells.json").write_text(json.dumps(len(self._cells)))

    def load_checkpoint(self, checkpoint: object) -> None:
        """Do the cells again that the trial had."""
        done = json.loads((Path(str(checkpoint)) / "cells.json").read_text())
        self._take(self.config)
        for _ in range(done):
            self.step()

    def cleanup(self) -> None:
        """Give back what the executor holds."""
        self._executor.close()

    def _take(self, config: Mapping[str, object]) -> None:
        listed = {"configurations": [configuration_of(self._file, config)]}
        rest = {k: v for k, v in self._content.items() if k not in ("axes", "design")}
        single = single_of({**rest, **listed})
        self._job = single.job(artifact_url=self._artifacts)
        self._trained = None
        self._cells: list[CellResult] = []

    def _report(self, cell: CellResult) -> dict[str, object]:
        assert self._trained is not None
        counts = {done.benchmark: Count(done.n_correct, done.n_items) for done in self._cells}
        baseline = {name: self._baseline[name] for name in counts}
        so_far = compare(counts, baseline, run_id=self._job.key)
        is_last = len(self._cells) == len(self._job.benchmarks)
        outcome = run_outcome(self._job, self._trained, self._cells)
        return {
            "benchmark": cell.benchmark,
            "score": counts[cell.benchmark].score,
            "baseline_score": baseline[cell.benchmark].score,
            "delta": float(so_far.deltas[cell.benchmark]),
            "mean_delta": float(exact_mean(so_far.deltas.values())),
            "worst_delta": float(min(so_far.deltas.values())),
            "lost": not so_far.g1,
            "g1": so_far.g1 if is_last else None,
            "strict": so_far.word == STRICT if is_last else None,
            "outcome": put_outcome(ArtifactStore(self._artifacts), outcome),
            "done": is_last,
        }


def _named(axes: Axes, axis: str) -> dict[object, object]:
    """An axis's values by their names; numbers and words name themselves."""
    values = getattr(axes, axis)
    return {_name(axis, value): value for value in values}


def _name(axis: str, value: object) -> object:
    return axis_label(axis, value) if isinstance(value, Mapping) else value


def _value(axes: Axes, axis: str, config: Mapping[str, object]) -> object:
    named = _named(axes, axis)
    if axis not in config:
        if len(named) > 1:
            msg = f"config: {axis} is missing; allowed: {', '.join(map(str, named))}"
            raise StudyFileError(msg)
        return next(iter(named.values()))
    asked = _name(axis, config[axis])
    if asked not in named:
        msg = f"config: {axis} is {asked!r}; allowed: {', '.join(map(str, named))}"
        raise StudyFileError(msg)
    return named[asked]
