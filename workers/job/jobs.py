"""What a run is asked to do and what it answers: frozen records that travel between processes.

Owns: ``AdapterSpec``, ``RunJob``, ``TrainResult``, ``BaselineMet``, ``CellResult``. They pickle,
compare by value and import neither torch nor transformers, so a driver can build thousands of them
cheaply.
Does not cover: whether the backbone, the benchmarks or the configuration exist; the modules that
use them say so (``workers.backbones.loading``, ``workers.suites``, ``talan``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage.generation import Generation
from workers.errors import AdapterError
from workers.job.cell_plans import CellPlan
from workers.job.null_matching import HeldOut, KlMatch
from workers.job.recipe import Recipe, is_integer

if TYPE_CHECKING:
    from storage.artifacts import ArtifactRef

ADAPTER_TYPES = ("lora", "dora", "rslora")


@dataclass(frozen=True)
class AdapterSpec:
    """One adapter recipe: which low-rank method, how wide, and on which projections.

    Args:
        type: ``lora``, ``dora`` (weight-decomposed) or ``rslora`` (scaled by alpha / sqrt(r)).
        r: Rank, at least 1.
        alpha: LoRA's scale numerator, above 0.
        target_modules: Names of the linear modules that are adapted, e.g. ``("q_proj", "v_proj")``.
            Their order and repetitions carry no meaning and are normalised away.
        dropout: Dropout on the adapter's input, in [0, 1).

    Raises:
        AdapterError: A value is out of range; the message names it and what is allowed.
    """

    type: str
    r: int
    alpha: float
    target_modules: tuple[str, ...]
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _require(
            self.type in ADAPTER_TYPES, "type", self.type, f"one of {', '.join(ADAPTER_TYPES)}"
        )
        _require(is_integer(self.r) and self.r >= 1, "r", self.r, "a whole number of at least 1")
        _require(_is_number(self.alpha) and self.alpha > 0, "alpha", self.alpha, "a number above 0")
        _require(
            _is_number(self.dropout) and 0 <= self.dropout < 1,
            "dropout",
            self.dropout,
            "a number from 0 to below 1",
        )
        _require(
            isinstance(self.target_modules, list | tuple)
            and len(self.target_modules) > 0
            and all(_is_module_name(name) for name in self.target_modules),
            "target_modules",
            self.target_modules,
            "a list of module names such as [q_proj, v_proj]",
        )
        object.__setattr__(self, "target_modules", tuple(sorted(set(self.target_modules))))
        object.__setattr__(self, "alpha", float(self.alpha))
        object.__setattr__(self, "dropout", float(self.dropout))

    @property
    def label(self) -> str:
        """Short name for tables, e.g. ``lora-r8``; no identity: alpha and targets are left out."""
        return f"{self.type}-r{self.r}"

    def to_record(self) -> dict[str, object]:
        """The spec as JSON-able values, in one fixed order: what an identity can be hashed from."""
        return {
            "type": self.type,
            "r": self.r,
            "alpha": self.alpha,
            "target_modules": list(self.target_modules),
            "dropout": self.dropout,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> AdapterSpec:
        """Read a spec as written in a study file.

        Raises:
            AdapterError: A key is unknown or missing, or a value is out of range.
        """
        allowed = ("type", "r", "alpha", "target_modules", "dropout")
        for key in record:
            _require(key in allowed, "key", key, f"one of {', '.join(allowed)}")
        missing = [key for key in allowed[:-1] if key not in record]
        _require(not missing, "keys", sorted(record), f"also {', '.join(missing)}, no default")
        return cls(**{str(key): value for key, value in record.items()})


@dataclass(frozen=True)
class Supplies:
    """Bundles in the artifact store, for nodes that lack the files (``workers.run.supplies``).

    Args:
        suite: Of the suite's data; None: it comes with the package.
        backbones: Of local backbones, by name.
    """

    suite: str | None = None
    backbones: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunJob:
    """One run: a host (backbone + adapter), a configuration or none (baseline), a seed, a recipe.

    Args:
        key: The caller's name for the run; echoed in messages, never interpreted.
        backbone: A built-in name, a hub id or a local folder.
        adapter: The adapter's recipe.
        configuration: TALAN's six axes in canonical form (``TalanConfig.axes()``); None: baseline.
        block: TALAN's fixed fields (summarizer, summary_scope, inner_dim, heads); may be empty.
        seed: Seeds the adapter's weights, TALAN's weights, the data order and every dropout draw.
        recipe: How to train and evaluate.
        suite: Name of the suite that holds training data and benchmarks.
        benchmarks: The benchmarks to evaluate, in order.
        artifact_url: Where responses and checkpoints go (a folder or an fsspec URL).
        sham: Number of the sham that stands in the configuration's place; None: TALAN itself.
        plans: By benchmark, for a run of which only the verdict is asked for: it ends at the first
            benchmark that is lost. Empty: every item of every benchmark.
        jitter: Number of the jitter that moves the adapter's first weights; None: they stay.
        held_out: How the run's distance from its baseline is measured; None: it is not.
        match: The distance that a sham or a jitter is scaled to; None: the sham's own norm.
        method: The entry of a study file that names a method other than TALAN, with its settings.
        is_method_null: Whether the method's null stands in its place.
        supplies: What a node that lacks data can fetch; None: every node has all of it.
        base_model: The backbone's name on record, where ``backbone`` is a fetched folder.
    """

    key: str
    backbone: str
    adapter: AdapterSpec
    configuration: Mapping[str, Any] | None
    block: Mapping[str, Any]
    seed: int
    recipe: Recipe
    suite: str
    benchmarks: tuple[str, ...]
    artifact_url: str
    sham: int | None = None
    plans: Mapping[str, CellPlan] = field(default_factory=dict)
    jitter: int | None = None
    held_out: HeldOut | None = None
    match: KlMatch | None = None
    method: Mapping[str, Any] | None = None
    is_method_null: bool = False
    supplies: Supplies | None = None
    base_model: str | None = None

    def is_lost(self, cell: CellResult) -> bool:
        """Whether a cell settles the verdict of a run that is planned: it cannot be G1 any more."""
        plan = self.plans.get(cell.benchmark)
        return plan is not None and plan.is_lost(wrong=cell.n_evaluated - cell.n_correct)


@dataclass(frozen=True)
class TrainResult:
    """What training produced.

    Args:
        losses: Mean loss over the assistant's tokens, one per optimizer step.
        steps: Optimizer steps taken.
        seconds: Wall seconds from adapter attached to checkpoint stored.
        checkpoint: Deterministic tar of one folder: PEFT adapter, and TALAN where there is one.
        provenance: Package versions, machine, seeds and hashes (``workers.run.provenance``).
        kl_to_baseline: Distance from the baseline on held-out training examples, in nats a token;
            None where it was not measured.
        null_scale: The scale that a matched null run was given.
        held_out: Of a baseline: what the others are measured against.
        rests_on: What must be the baseline's as well (``workers.run.rests_on``).
    """

    losses: tuple[float, ...]
    steps: int
    seconds: float
    checkpoint: ArtifactRef
    provenance: Mapping[str, object] = field(default_factory=dict, compare=False)
    kl_to_baseline: float | None = None
    null_scale: float | None = None
    held_out: ArtifactRef | None = None
    rests_on: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class BaselineMet:
    """What a run that was trained before its baseline was done says once it is told of it.

    Args:
        kl_to_baseline: As in ``TrainResult``.
        seconds: Wall seconds that measuring it took.
    """

    kl_to_baseline: float | None
    seconds: float


@dataclass(frozen=True)
class CellResult:
    """One benchmark of one run.

    Args:
        benchmark: The benchmark's name.
        n_items: How many items the benchmark has.
        n_correct: How many were right: the count verdicts are decided on.
        outcomes: Right or wrong per evaluated item, in the benchmark's item order.
        responses: Parquet (zstd): item_id, prompt_sha256, response, extracted, correct.
        seconds: Wall seconds, generation and scoring.
        items: Numbers of the evaluated items, ascending; None: all of them.
        digests: Of the responses (``storage.response_digests``); None where not every item was
            asked.
        rests_on: What must be the baseline's as well (``workers.run.rests_on``).
        generation: How the answers came about; None: nobody counted.
    """

    benchmark: str
    n_items: int
    n_correct: int
    outcomes: tuple[bool, ...]
    responses: ArtifactRef
    seconds: float
    items: tuple[int, ...] | None = None
    digests: bytes | None = field(default=None, repr=False)
    rests_on: Mapping[str, str] = field(default_factory=dict, compare=False)
    generation: Generation | None = None

    @property
    def n_evaluated(self) -> int:
        """How many items were asked."""
        return len(self.outcomes)

    @property
    def score(self) -> float | None:
        """Percent right; None where not every item was asked."""
        return 100.0 * self.n_correct / self.n_items if self.items is None else None


def _require(ok: bool, key: str, value: object, allowed: str) -> None:
    if not ok:
        msg = f"adapter.{key} is {value!r}; allowed: {allowed}"
        raise AdapterError(msg)


def _is_number(value: object) -> bool:
    return is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_module_name(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not name.startswith("talan")
