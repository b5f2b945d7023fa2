"""A workbench that does nothing: what is left is the cost of the search itself.

Owns: instant results of the right shape, different for every configuration. Does not cover: any
training; a figure measured with it says nothing about runs.
"""

from __future__ import annotations

import hashlib
import json

from storage import ArtifactRef
from storage.generation import Generation
from storage.new_rows import DIGEST_BYTES
from workers.job.jobs import BaselineMet, CellResult, RunJob, TrainResult

ITEMS = 128


class NoopBench:
    """Outcomes are hash bits of (configuration, seed, benchmark)."""

    def begin(self, job: RunJob) -> TrainResult:
        """Train nothing."""
        self._job = job
        return TrainResult(
            losses=(1.0,), steps=1, seconds=0.0, checkpoint=_ref("tar"), provenance={"noop": True}
        )

    def meet_baseline(self, job: RunJob) -> BaselineMet:
        """Take what follows from the baseline."""
        self._job = job
        return BaselineMet(None, seconds=0.0)

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult:
        """Draw outcomes; every response is another one."""
        key = json.dumps([self._job.configuration, self._job.seed, benchmark], sort_keys=True)
        bits = int.from_bytes(hashlib.sha256(key.encode()).digest()[: ITEMS // 8], "big")
        outcomes = tuple(bool(bits >> place & 1) for place in range(ITEMS))
        mode = "continuous" if draft is None else "drafted"
        return CellResult(
            benchmark=benchmark,
            n_items=ITEMS,
            n_correct=sum(outcomes),
            outcomes=outcomes,
            responses=_ref("parquet"),
            seconds=0.0,
            digests=hashlib.shake_128(key.encode()).digest(ITEMS * DIGEST_BYTES),
            generation=Generation(mode, 33 * ITEMS, 30 * ITEMS, 2 * ITEMS, redecoded=0),
        )

    def close(self) -> None:
        """Nothing is held."""


def _ref(suffix: str) -> ArtifactRef:
    return ArtifactRef(name=f"sha256-{'0' * 64}.{suffix}", sha256="0" * 64, num_bytes=0)
