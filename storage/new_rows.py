"""What goes into the record: plans of studies and outcomes of runs, as plain frozen values.

Owns: the shapes `storage` takes. Durations in seconds.
Does not cover: what comes out (`records.py`) and the rules (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.generation import Generation

DIGEST_BYTES = 16  # of SHA-256 of a response (`response_digests.py`)

BASELINE = "baseline"
TREATMENT = "treatment"
SEED_NULL = "seed_null"  # adapter alone, at another seed than its baseline
SHAM_NULL = "sham_null"  # a fixed random direction in TALAN's place; its seed is the direction's
JITTER_NULL = "jitter_null"  # adapter alone, its first weights moved a little; its seed is a number
SELF_CHECK = "self_check"  # a block that cannot leave the identity; it is in no rate
METHOD = "method"  # another method than TALAN; it is in no rate of the configurations
METHOD_NULL = "method_null"  # a method without its mechanism, beside the method's own runs
NULL_KINDS = (SEED_NULL, SHAM_NULL, JITTER_NULL)
NUMBERED = (SHAM_NULL, JITTER_NULL)  # `seed` is a number: they are trained at their baseline's seed


@dataclass(frozen=True)
class HostPlan:
    """A backbone with an adapter; `adapter_label` tells a study's adapters apart."""

    backbone: str
    adapter_label: str
    adapter: Mapping[str, Any]
    num_layers: int
    fingerprint: str


@dataclass(frozen=True)
class RunPlan:
    """One run to do; `host` is an index into the study's hosts; a baseline has no configuration.

    `configuration` is the canonical form of the six axes and `configuration_id` its content hash.
    `baseline_seed` names the baseline that the run is compared with; None: the one of its own seed.
    `method` is the entry of a study file that names a method other than TALAN, with its settings.
    """

    host: int
    kind: str
    seed: int
    position: int
    configuration: Mapping[str, Any] | None = None
    configuration_id: str | None = None
    baseline_seed: int | None = None
    method: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StudyPlan:
    """A study before anything of it has run; `design` holds at least the key `sampler`."""

    name: str
    spec: Mapping[str, Any]
    spec_hash: str
    design: Mapping[str, object]
    recipe_hash: str
    artifact_url: str
    hosts: Sequence[HostPlan]
    runs: Sequence[RunPlan]


@dataclass(frozen=True)
class CellOutcome:
    """One benchmark's outcome: right or wrong per item, in item order.

    `digests` tell responses apart (`response_digests.py`); without them nobody can say whether a
    run without a gain is tied or inert.
    `generation` is None where nobody counted.
    """

    benchmark: str
    outcomes: Sequence[bool]
    responses_artifact: str
    seconds: float
    digests: bytes | None = None
    generation: Generation | None = None

    def __post_init__(self) -> None:
        if not self.outcomes:
            raise ValueError(f"benchmark '{self.benchmark}' has no items; at least one is needed")
        if self.digests is not None and len(self.digests) != DIGEST_BYTES * self.n_items:
            raise ValueError(
                f"benchmark '{self.benchmark}' has {len(self.digests)} bytes of digests; allowed: "
                f"{DIGEST_BYTES} for each of its {self.n_items} items"
            )

    @property
    def n_items(self) -> int:
        """How many items were asked."""
        return len(self.outcomes)

    @property
    def n_correct(self) -> int:
        """How many of them were answered right."""
        return sum(map(bool, self.outcomes))


@dataclass(frozen=True)
class PartialOutcome:
    """A benchmark of which only some items were asked, or none: right or wrong by item number.

    `generation` is of the items asked; None where there are none, or nobody counted.
    """

    benchmark: str
    n_items: int
    outcomes: Mapping[int, bool]
    responses_artifact: str | None
    seconds: float
    generation: Generation | None = None

    def __post_init__(self) -> None:
        if len(self.outcomes) >= self.n_items or not set(self.outcomes) < set(range(self.n_items)):
            raise ValueError(
                f"benchmark '{self.benchmark}' has outcomes of {len(self.outcomes)} items; a part "
                f"of its items 0 to {self.n_items - 1} is allowed"
            )


@dataclass(frozen=True)
class RunOutcome:
    """Everything a finished run leaves behind; `partial` are the benchmarks not done in full."""

    cells: Sequence[CellOutcome]
    losses: Sequence[float]
    checkpoint_artifact: str | None
    compute_s: float
    provenance: Mapping[str, object]
    partial: Sequence[PartialOutcome] = ()
    kl_to_baseline: float | None = None
    null_scale: float | None = None
    held_out_artifact: str | None = None

    def __post_init__(self) -> None:
        names = [cell.benchmark for cell in self.cells]
        names += [cell.benchmark for cell in self.partial]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"a run's cells are {names}; each benchmark once, and at least one")


@dataclass(frozen=True, order=True)
class TrialKey:
    """A configuration on a host: what Optuna calls a trial; `host` is the index in the plan."""

    host: int
    configuration_id: str
