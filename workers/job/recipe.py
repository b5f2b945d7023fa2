"""The training recipe: every number that a run and its matched baseline share.

Owns the values, their checks and their hash. Does not cover the adapter (`AdapterSpec`), nor how a
recipe is carried out (`workers.run.executor`). The field defaults are the paper's (Appendix B) on
one device; a suite may come with its own (`workers.suites.registry`).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from workers.errors import RecipeError

GAMMA_ACTS_ON = ("gradient", "learning_rate")
BATCHINGS = ("padded", "packed")
DTYPES = ("float32", "bfloat16", "float16")
GENERATIONS = ("auto", "continuous", "drafted", "static")
TEMPLATE_DATE = "2024-07-26"  # what Llama 3's template says where it is told none
SCHEDULERS = ("cosine", "linear", "constant", "constant_with_warmup")


@dataclass(frozen=True)
class Recipe:
    """How a host is trained and how many items are generated at a time.

    Attributes:
        max_steps: Optimizer steps.
        batch_size: Examples per forward pass.
        gradient_accumulation: Forward passes per optimizer step.
        learning_rate: Peak learning rate of AdamW.
        weight_decay: AdamW's decoupled decay.
        warmup_ratio: Share of `max_steps` with a linearly rising rate, in [0, 1].
        lr_scheduler: What the rate does after the warm-up.
        max_grad_norm: Gradient clipping; 0 switches it off.
        max_length: Tokens per example; longer ones are cut.
        dtype: Of the weights, the arithmetic and the generation.
        gradient_checkpointing: Recompute activations in the backward pass.
        eval_batch_size: Items generated together; "auto": as many as memory allows.
        num_examples: Training examples drawn from the suite's file before the shuffle by seed.
        generation: "continuous": waiting items take the place of ended ones; "drafted": the same,
            with the matched baseline's answers as drafts; "static": batches that end with their
            longest answer; "auto": drafted in float32, where no answer depends on it, else static
            (`workers.evaluation.decoding`).
        batching: "padded": the examples of a forward pass are rows of one length; "packed": they
            lie end to end, and no padding is computed (`workers.training.packed_batches`).
        template_date: The day that a chat template is told which asks for it, in training and in
            evaluation (`workers.backbones.chat_templates`).
        gamma_acts_on: What TALAN's gradient scale multiplies: "gradient" (the paper's; AdamW
            divides a constant factor out again), or "learning_rate" (of the same parameters).
    """

    max_steps: int = 78
    batch_size: int = 4
    gradient_accumulation: int = 16
    learning_rate: float = 2e-4
    weight_decay: float = 0.0
    warmup_ratio: float = 0.1
    lr_scheduler: str = "cosine"
    max_grad_norm: float = 1.0
    max_length: int = 2048
    dtype: str = "bfloat16"
    gradient_checkpointing: bool = True
    eval_batch_size: int | str = 16
    num_examples: int = 5000
    generation: str = "auto"
    batching: str = "padded"
    template_date: str = TEMPLATE_DATE
    gamma_acts_on: str = "gradient"

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            RecipeError: naming the key, the value and what is allowed.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            allowed, is_allowed = _RULES[field.name]
            if not is_allowed(value):
                raise RecipeError(f"training.{field.name} is {value!r}; allowed: {allowed}")
            if field.type is float:
                object.__setattr__(self, field.name, float(value))

        if self.eval_batch_size == "auto" and self.generation == "static":
            raise RecipeError(
                "training.eval_batch_size is 'auto' and training.generation 'static'; allowed: "
                "a whole number from 1 with it, or generation 'continuous'"
            )

    def replace(self, **overrides: Any) -> "Recipe":
        """Return this recipe with some values changed.

        Raises:
            RecipeError: for a key that no recipe has, or a value it cannot have.
        """
        known = [field.name for field in fields(self)]
        for key in overrides:
            if key in _NOT_OFFERED:
                raise RecipeError(f"training has no key {key!r}: {_NOT_OFFERED[key]}")
            if key not in known:
                raise RecipeError(f"training has no key {key!r}; allowed: {', '.join(known)}")
        return replace(self, **overrides)

    def require_even_shares(self, num_processes: int) -> None:
        """Check that a step's forward passes can be dealt evenly to the processes of a run.

        Examples per optimizer step then stay what they are, whatever their number.

        Raises:
            RecipeError: They cannot.
        """
        dealt = self.gradient_accumulation
        if dealt % num_processes:
            divisors = [str(n) for n in range(1, dealt + 1) if dealt % n == 0]
            raise RecipeError(
                f"resources.processes_per_run is {num_processes}, which does not divide "
                f"training.gradient_accumulation {dealt}; allowed with it are {', '.join(divisors)}"
            )

    @property
    def num_examples_trained_on(self) -> int:
        """Examples that all steps take together, repetitions counted."""
        return self.max_steps * self.batch_size * self.gradient_accumulation

    def to_record(self) -> dict[str, object]:
        """Return the values as JSON-able plain data, in field order."""
        return asdict(self)

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of all values: equal recipes, equal hash.

        Keys that came later count only where they are not at their default, so that recorded
        hashes stay what they are.
        """
        record = self.to_record()
        for key, default in _LATER_KEYS.items():
            if record[key] == default:
                del record[key]
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def takes_drafts(recipe: Recipe) -> bool:
    """Whether runs of this recipe are decoded with their baseline's answers as drafts."""
    is_exact = recipe.dtype == "float32"
    return recipe.generation == "drafted" or (recipe.generation == "auto" and is_exact)


# Asked for often enough to say why not (docs/concepts/training.md).
_NOT_OFFERED = {
    "compile": (
        "torch.compile would use one run's graph again for the next, without its TALAN block, and "
        "compiling anew for every run cost more than it saved; batching 'packed' does save time"
    ),
    "zero": (
        "DeepSpeed's ZeRO clips and steps within the backward pass, so that TALAN's gradient_scale "
        "could not act between the two; several GPUs are resources.processes_per_run"
    ),
}
_LATER_KEYS = {
    "generation": "auto",
    "batching": "padded",
    "template_date": TEMPLATE_DATE,
    "gamma_acts_on": "gradient",
}

Rule = tuple[str, Callable[[Any], bool]]


def is_integer(value: object) -> bool:
    """Whether it is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _integer_from(lowest: int) -> Rule:
    return f"a whole number from {lowest}", lambda v: is_integer(v) and v >= lowest


def _number(text: str, is_allowed: Callable[[float], bool]) -> Rule:
    # float("inf") and NaN fail `abs(v) < inf`.
    return text, lambda v: _is_number(v) and abs(v) < float("inf") and is_allowed(v)


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _one_of(values: tuple[str, ...]) -> Rule:
    return "one of " + ", ".join(values), lambda v: v in values


_RULES: dict[str, Rule] = {
    "max_steps": _integer_from(1),
    "batch_size": _integer_from(1),
    "gradient_accumulation": _integer_from(1),
    "learning_rate": _number("a number above 0", lambda v: v > 0),
    "weight_decay": _number("a number from 0", lambda v: v >= 0),
    "warmup_ratio": _number("a number from 0 to 1", lambda v: 0 <= v <= 1),
    "lr_scheduler": _one_of(SCHEDULERS),
    "max_grad_norm": _number("a number from 0 (0: no clipping)", lambda v: v >= 0),
    "max_length": _integer_from(8),
    "dtype": _one_of(DTYPES),
    "gradient_checkpointing": ("true or false", lambda v: isinstance(v, bool)),
    "eval_batch_size": (
        "a whole number from 1, or 'auto'",
        lambda v: v == "auto" or (is_integer(v) and v >= 1),
    ),
    "num_examples": _integer_from(1),
    "generation": _one_of(GENERATIONS),
    "batching": _one_of(BATCHINGS),
    "gamma_acts_on": _one_of(GAMMA_ACTS_ON),
    "template_date": ("a day such as '2024-07-26'", _is_date),
}
