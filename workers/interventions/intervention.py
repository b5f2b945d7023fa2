"""What every way of changing a model owes the audit: one interface, TALAN's and its rivals'.

    prepare   learn what is needed from training data, on the bare backbone
    attach    put it on the backbone; answers what takes it off again
    train     the recipe's steps, or none
    settle    what is fixed once training is over
    save, load, detach, count parameters, and name its null

Owns: the duties. Does not cover: the order in which they are done and what is measured meanwhile
(``workers.interventions.carry_out``), what an intervention is given to work with
(``workers.interventions.bench``), nor which interventions there are
(``workers.interventions.registry``).

An intervention is a frozen dataclass: its fields are its settings, and a value that is not allowed
fails there. Nothing of one run stays in it.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workers.errors import MethodError
from workers.interventions.attached import Attached
from workers.interventions.settings import as_written, require_rates

if TYPE_CHECKING:
    from torch import nn

    from workers.interventions.bench import Bench
    from workers.job.jobs import AdapterSpec
    from workers.job.recipe import Recipe
    from workers.training.sft_data import SftExample


@dataclass(frozen=True)
class Try:
    """One value that was tried, and the loss on held-out training examples that it came to."""

    value: Any
    loss: float


@dataclass(frozen=True)
class Choice:
    """A setting that no study file fixed, and how it was chosen.

    Args:
        by: What decided, in words.
        tries: All that was tried, in order.
        value: What was taken.
    """

    by: str
    tries: tuple[Try, ...]
    value: Any

    @classmethod
    def of_least_loss(cls, tries: Sequence[Try]) -> Choice:
        """The first of those whose held-out loss is least."""
        best = min(tries, key=lambda one: one.loss)
        return cls("least loss on held-out training examples", tuple(tries), best.value)

    def to_record(self) -> dict[str, object]:
        """As JSON."""
        tries = [{"value": one.value, "loss": one.loss} for one in self.tries]
        return {"by": self.by, "tries": tries, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Intervention(ABC):
    """One way of changing a model, with its settings.

    A class names its method, where it comes from and its null, and says in sentences what of the
    method the audit cannot match. ``choices`` are the fields that may hold several values: the one
    with the least loss on held-out training examples is taken.

    Args:
        learning_rate: Peak rate of the training; several: one is chosen; None: the recipe's, or
            the recipe's times each of ``rate_factors``.
        is_null: Whether this is the method's null, which lacks the mechanism alone.
    """

    method: ClassVar[str]
    source: ClassVar[str]
    null: ClassVar[str]
    null_at_other_seed: ClassVar[bool] = False
    unmatched: ClassVar[tuple[str, ...]] = ()
    choices: ClassVar[tuple[str, ...]] = ("learning_rate",)
    rate_factors: ClassVar[tuple[float, ...]] = (1.0,)

    learning_rate: float | tuple[float, ...] | None = None
    is_null: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            MethodError: One is not allowed.
        """
        rates = require_rates(self.method, self.learning_rate)
        object.__setattr__(self, "learning_rate", rates)

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> Self:
        """Of the keys of a study file, ``method`` left out.

        Raises:
            MethodError: A key or a value is not allowed.
        """
        known = cls.setting_names()
        for key in settings:
            if key not in known:
                allowed = ", ".join(known)
                raise MethodError(f"method {cls.method} has no key {key!r}; allowed: {allowed}")
        return cls(**{key: _tupled(value) for key, value in settings.items()})

    @classmethod
    def setting_names(cls) -> list[str]:
        """The keys that a study file may set."""
        return [one.name for one in fields(cls) if one.init and one.name != "is_null"]

    @property
    def settings(self) -> dict[str, Any]:
        """All settings as JSON."""
        return {name: as_written(getattr(self, name)) for name in self.setting_names()}

    def as_null(self) -> Self:
        """Its null."""
        return replace(self, is_null=True)

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:  # noqa: B027
        """Check what depends on the host.

        Raises:
            MethodError: The backbone lacks a layer, or the adapter does not suit.
        """

    @property
    def trains(self) -> bool:
        """Whether it is trained once it is attached."""
        return True

    def chooses(self, recipe: Recipe) -> bool:
        """Whether held-out training examples have a say."""
        return len(self.alternatives(recipe)) > 1

    def alternatives(self, recipe: Recipe) -> list[tuple[Any, Self]]:
        """What held-out loss chooses among: each value with the intervention that has it.

        One alone is no choice.
        """
        options = {name: self._options(name, recipe) for name in self.choices}
        open_names = [name for name, values in options.items() if len(values) > 1]
        found = []
        for chosen in itertools.product(*options.values()):
            values = dict(zip(options, chosen, strict=True))
            named = {name: as_written(values[name]) for name in open_names}
            value = next(iter(named.values())) if len(named) == 1 else named
            found.append((value, replace(self, **values)))
        return found

    def rates(self, recipe: Recipe) -> tuple[float, ...]:
        """The learning rates that are tried; one is not chosen."""
        if self.learning_rate is None:
            factors = self.rate_factors if self.trains else (1.0,)
            return tuple(recipe.learning_rate * factor for factor in factors)
        rates = self.learning_rate
        return rates if isinstance(rates, tuple) else (rates,)

    def recipe(self, recipe: Recipe) -> Recipe:
        """The study's recipe with the method's own learning rate, if it has one."""
        if isinstance(self.learning_rate, float):
            return recipe.replace(learning_rate=self.learning_rate)
        return recipe

    def prepare(self, bench: Bench) -> Any:  # noqa: ARG002
        """Learn what is needed from training data; the backbone is bare, before and after."""
        return None

    def examples(self, bench: Bench, prepared: object) -> Sequence[SftExample]:  # noqa: ARG002
        """What it is trained on: the study's examples."""
        return bench.examples

    @abstractmethod
    def attach(self, bench: Bench, prepared: object) -> Attached:
        """Put it on the backbone.

        Args:
            bench: The backbone, and what may be done with it.
            prepared: What ``prepare`` answered.
        """

    def settle(self, attached: Any, bench: Bench, prepared: Any) -> Choice | None:  # noqa: ARG002
        """Fix what is fixed after training; what was chosen, if anything."""
        return None

    @classmethod
    def load(cls, model: nn.Module, folder: Path) -> Attached:
        """Put a saved one back on its backbone, for inference.

        Raises:
            CheckpointError: A file is missing, damaged, or of another backbone.
        """
        del model
        raise MethodError(f"method {cls.method} cannot be restored from {folder}")

    def _options(self, name: str, recipe: Recipe) -> tuple[Any, ...]:
        if name == "learning_rate":
            rates = self.rates(recipe)
            return rates if len(rates) > 1 else (self.learning_rate,)
        value = getattr(self, name)
        return value if isinstance(value, tuple) else (value,)


def _tupled(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
