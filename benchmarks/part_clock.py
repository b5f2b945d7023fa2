"""Seconds of the parts of a run: functions of ours are timed where they are called.

Owns: which functions stand for which part. A part that is called inside another one is counted in
the outer part only. Does not cover: what nobody timed; a caller has the total and shows the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from lm_eval.api.task import ConfigurableTask

from storage.artifacts import ArtifactStore
from workers.backbones.resident import ResidentBackbone
from workers.evaluation import harness
from workers.generation import engine
from workers.generation.batch import Batch
from workers.interventions import bench
from workers.run import executor, run_evaluation

PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "train": ((bench, "train"),),
    "load_and_attach": ((executor.RunExecutor, "_end_run"),),
    "read_prompts": ((engine, "read_prompts"),),
    "verify_drafts": ((engine, "verify"),),
    "decode": ((Batch, "step"),),
    "renew_batches": ((engine, "join_batches"),),
    "near_ties": ((engine.Engine, "_written_alone"),),
    "score": ((ConfigurableTask, "process_results"), (harness, "read_outcomes")),
    "check_weights": ((ResidentBackbone, "check_weights"),),
    "record": ((run_evaluation, "encode_responses"), (ArtifactStore, "put_bytes")),
    "checkpoint": ((executor.RunExecutor, "_store_checkpoint"),),
}


class PartClock:
    """Times the parts from its making on.

    Args:
        clock: Seconds that have passed.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds: Counter[str] = Counter()
        self._is_inside = False
        for part, functions in PARTS.items():
            for owner, name in functions:
                setattr(owner, name, self._timed(part, getattr(owner, name)))

    def take(self) -> dict[str, float]:
        """What was spent since the last time, by part."""
        spent = {part: self.seconds[part] for part in PARTS}
        self.seconds.clear()
        return spent

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **keywords: Any) -> Any:
            if self._is_inside:
                return function(*arguments, **keywords)
            started, self._is_inside = self._clock(), True
            try:
                return function(*arguments, **keywords)
            finally:
                self._is_inside = False
                self.seconds[part] += self._clock() - started

        return timed
