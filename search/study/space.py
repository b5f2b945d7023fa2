"""The six-axis space of one host: its distinct points, and its Optuna distributions.

Owns: resolving ``layer`` against a backbone's depth, folding values that are the same model into
one, numbering the points, and naming them for Optuna. Does not cover: which points are run
(``search.study.designs``).

A space is the product layer x slots x mixer x writeback x mode, where a mode is a distinct pair
(trainability, gradient scale) in canonical form: with scope ``frozen`` or ``writeback`` nothing is
trained that gamma scales, so every gamma is the same mode.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from search.errors import StudyFileError, one_of, refuse
from search.study.axes import trainability_label, writeback_label
from search.study.keys import Axes
from search.study.values import TALAN_DEFAULTS
from talan import TalanConfig, TalanConfigError
from talan.config import Trainability

T = TypeVar("T")

MOST_MODES = 10_000
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Space:
    """The distinct configurations of one host, numbered 0 .. size - 1 (layer varies slowest).

    Args:
        layers: Block numbers, resolved for the host's backbone.
        slots: Slot counts T.
        mixers: Mixer names.
        writebacks: Canonical writebacks.
        modes: Distinct canonical (trainability, gradient scale) pairs.
        gammas: The gradient scales as asked; what an adaptive sampler proposes from.
    """

    layers: tuple[int, ...]
    slots: tuple[int, ...]
    mixers: tuple[str, ...]
    writebacks: tuple[Mapping[str, Any], ...]
    modes: tuple[tuple[Mapping[str, object], float | None], ...]
    gammas: tuple[float, ...]

    @property
    def factors(self) -> tuple[Sequence[object], ...]:
        """The five factors whose product the space is."""
        return (self.layers, self.slots, self.mixers, self.writebacks, self.modes)

    @property
    def size(self) -> int:
        """How many distinct configurations there are."""
        return math.prod(len(factor) for factor in self.factors)

    @property
    def null_interventions(self) -> frozenset[int]:
        """Numbers of the points that cannot leave the identity: all of them are one model."""
        still = {
            writeback * len(self.modes) + mode
            for writeback, rule in enumerate(self.writebacks)
            for mode, (trainability, _) in enumerate(self.modes)
            if rule["alpha"] == 0 and Trainability.from_mapping(trainability).never_trains
        }
        if not still:
            return frozenset()
        pairs = len(self.writebacks) * len(self.modes)
        return frozenset(index for index in range(self.size) if index % pairs in still)

    def point(self, index: int) -> dict[str, Any]:
        """The configuration with a number, in canonical form.

        Raises:
            IndexError: The number lies outside [0, size).
        """
        if not 0 <= index < self.size:
            msg = f"point {index} of a space of {self.size}"
            raise IndexError(msg)
        chosen: list[object] = []
        for factor in reversed(self.factors):
            index, position = divmod(index, len(factor))
            chosen.append(factor[position])
        return self._configuration(chosen[::-1])

    def index_at(self, fractions: Iterable[float]) -> int:
        """The number of the configuration at a point of the unit cube [0, 1)^5, an axis a factor.

        The last axis is the mode, so trainability and gamma share one coordinate.
        """
        index = 0
        for factor, u in zip(self.factors, fractions, strict=True):
            index = index * len(factor) + min(int(u * len(factor)), len(factor) - 1)
        return index

    @staticmethod
    def _configuration(chosen: Sequence[Any]) -> dict[str, object]:
        layer, slots, mixer, writeback, (trainability, gamma) = chosen
        return {
            "layer": layer,
            "slots": slots,
            "mixer": mixer,
            "writeback": dict(writeback),
            "trainability": dict(trainability),
            "gradient_scale": gamma,
        }

    def distributions(self, *, with_unscaled: bool) -> dict[str, BaseDistribution]:
        """The axes for Optuna: whole-number steps where a list has them, else choices.

        ``with_unscaled`` adds gamma's ``None``, which an enumerated point may carry; an adaptive
        sampler proposes gamma always and the canonical form drops it where it means nothing.
        """
        gammas: tuple[float | None, ...] = self.gammas
        if with_unscaled and any(gamma is None for _, gamma in self.modes):
            gammas = (*gammas, None)
        scopes = list(dict.fromkeys(trainability_label(mode) for mode, _ in self.modes))
        return {
            "layer": _numbers(self.layers),
            "slots": _numbers(self.slots),
            "mixer": CategoricalDistribution(self.mixers),
            "writeback": CategoricalDistribution([writeback_label(w) for w in self.writebacks]),
            "trainability": CategoricalDistribution(scopes),
            "gradient_scale": CategoricalDistribution(gammas),
        }

    def from_params(self, params: Mapping[str, object]) -> dict[str, object]:
        """The canonical configuration that Optuna's parameters name."""
        writeback = next(w for w in self.writebacks if writeback_label(w) == params["writeback"])
        same_scope = [m for m in self.modes if trainability_label(m[0]) == params["trainability"]]
        mode = next(
            (m for m in same_scope if m[1] in (None, params["gradient_scale"])), same_scope[0]
        )
        return self._configuration(
            [params["layer"], params["slots"], params["mixer"], writeback, mode]
        )


def optuna_params(configuration: Mapping[str, Any]) -> dict[str, object]:
    """A canonical configuration as Optuna's parameters."""
    return {
        "layer": configuration["layer"],
        "slots": configuration["slots"],
        "mixer": configuration["mixer"],
        "writeback": writeback_label(configuration["writeback"]),
        "trainability": trainability_label(configuration["trainability"]),
        "gradient_scale": configuration["gradient_scale"],
    }


def build_space(
    axes: Axes, *, backbone: str, num_layers: int, block: Mapping[str, object], max_steps: int
) -> Space:
    """The space of one host.

    Args:
        axes: The axes as asked.
        backbone: Named in errors.
        num_layers: The backbone's number of decoder blocks.
        block: TALAN's fixed fields (summarizer, summary_scope, inner_dim, heads,
            components).
        max_steps: The recipe's optimizer steps; ``train_until`` at or past them is no limit.

    Raises:
        StudyFileError: A value is not allowed, or the backbone lacks a layer.
    """
    layers = _distinct(
        resolve_layer(value, backbone=backbone, num_layers=num_layers) for value in axes.layer
    )
    base = {
        "layer": layers[0],
        "slots": 1,
        "mixer": "multihead_local",
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.0},
        "trainability": {"scope": "all"},
        "gradient_scale": 1.0,
    }

    def canonical(axis: str, value: object, **more: object) -> dict[str, Any]:
        try:
            return TalanConfig.from_axes({**base, **more, axis: value}, **block).axes()
        except TalanConfigError as error:
            msg = f"axes.{error}"
            raise StudyFileError(msg) from error

    _check_block(base, block)
    trainabilities = [
        _without_idle_limit(canonical("trainability", value)["trainability"], max_steps=max_steps)
        for value in axes.trainability
    ]
    trainabilities = list(_distinct(trainabilities))
    gammas = _distinct(axes.gradient_scale)
    if len(trainabilities) * len(gammas) > MOST_MODES:
        msg = (
            f"axes: {len(trainabilities)} trainabilities with {len(gammas)} gradient scales are "
            f"too many; allowed: {MOST_MODES} pairs"
        )
        raise StudyFileError(msg)
    modes = [
        (mode["trainability"], mode["gradient_scale"])
        for trainability, gamma in itertools.product(trainabilities, gammas)
        for mode in [canonical("gradient_scale", gamma, trainability=trainability)]
    ]
    return Space(
        layers=layers,
        slots=_distinct(canonical("slots", value)["slots"] for value in axes.slots),
        mixers=_distinct(canonical("mixer", value)["mixer"] for value in axes.mixer),
        writebacks=_distinct(canonical("writeback", v)["writeback"] for v in axes.writeback),
        modes=_distinct(modes),
        gammas=_distinct(float(value) for value in axes.gradient_scale),
    )


def resolve_layer(value: int | str, *, backbone: str, num_layers: int) -> int:
    """A layer as asked (``3``, ``embedding``, ``25%``) as a block number.

    A depth rounds down: 25% of 6 blocks is block 1 (our choice).

    Raises:
        StudyFileError: It names no block of this backbone.
    """
    allowed = f"0 to {num_layers - 1} on {backbone}, embedding, or a depth from 0% to below 100%"
    if value == "embedding":
        return 0
    if isinstance(value, str):
        number = value.removesuffix("%")
        if number == value or not _NUMBER.fullmatch(number) or float(number) >= 100:
            raise refuse("axes.layer", value, allowed)
        return int(num_layers * float(number) / 100)
    if isinstance(value, bool) or not 0 <= value < num_layers:
        raise refuse("axes.layer", value, allowed)
    return value


def _check_block(base: Mapping[str, object], block: Mapping[str, object]) -> None:
    for key in block:
        if key not in TALAN_DEFAULTS:
            msg = f"talan.{key}: unknown key; allowed: {one_of(list(TALAN_DEFAULTS), key)}"
            raise StudyFileError(msg)
    try:
        TalanConfig.from_axes(base, **block)
    except TalanConfigError as error:
        msg = f"talan.{error}"
        raise StudyFileError(msg) from error


def _without_idle_limit(trainability: Mapping[str, Any], *, max_steps: int) -> dict[str, Any]:
    """``train_until`` past the last step never freezes anything: the same model as without it."""
    until = trainability["train_until"]
    idle = until is not None and until >= max_steps
    return {**trainability, "train_until": None if idle else until}


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    kept: dict[object, T] = {}
    for value in values:
        kept.setdefault(_hashable(value), value)
    return tuple(kept.values())


def _hashable(value: object) -> object:
    """A value that equals another's exactly where the two values are equal."""
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(part)) for key, part in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _numbers(values: Sequence[int]) -> BaseDistribution:
    ordered = sorted(values)
    steps = {b - a for a, b in itertools.pairwise(ordered)}
    if len(steps) > 1 or not steps:
        return CategoricalDistribution(tuple(values))
    return IntDistribution(ordered[0], ordered[-1], step=steps.pop())
