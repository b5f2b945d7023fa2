"""A made-up table of 2,590 configurations with the paper's G1 rate, for comparing samplers.

It is not a measurement. Per benchmark, a configuration's delta is the sum of one effect per axis
value (normal, drawn once per table), of which half the variance is common to all benchmarks, and an
own term per configuration and benchmark (normal); ``structure`` is the share of the variance that
the axis effects have. All deltas are then shifted together so that exactly 185 of 2,590 (7.1%) have
no delta below 0, as the paper counts (Table 10). There are no interactions between axes and no
noise between repetitions. At structure 0 nothing can be learnt: every sampler is a random one.

The space is 6 layers x 6 slot counts x 4 mixers x 3 writebacks x 6 modes = 2,592 points, two of
which, drawn at random, were "not run".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from replay import ReplayTable, identify

from search.driving.optuna_record import TrialResult
from search.study.space import Space

NUM_CONFIGURATIONS, NUM_G1 = 2_590, 185
BENCHMARKS = ("gpqa", "gsm8k", "math500", "mbpp")
SD_PP = 2.0
COMMON = 0.5

_ALL = {"scope": "all", "train_until": None, "warmup_identity": 0}
_SHORT = {**_ALL, "train_until": 20}
_FROZEN = {**_ALL, "scope": "frozen"}
SPACE = Space(
    layers=(0, 9, 18, 27, 36, 45),
    slots=(2, 4, 8, 16, 32, 64),
    mixers=("multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"),
    writebacks=(
        {"rule": "gate", "gate": "vector", "alpha": 0.008},
        {"rule": "gate", "gate": "scalar", "alpha": 0.008},
        {"rule": "direct", "gate": None, "alpha": 0.008},
    ),
    modes=(
        (_ALL, 1.0),
        (_ALL, 100.0),
        (_ALL, 500.0),
        (_SHORT, 1.0),
        (_SHORT, 500.0),
        (_FROZEN, None),
    ),
    gammas=(1.0, 100.0, 500.0),
)


def structured_table(*, structure: float, seed: int) -> ReplayTable:
    """Draw a table.

    Args:
        structure: The share of a delta's variance that its axis values explain, in [0, 1].
        seed: The table's own seed.
    """
    rng = np.random.default_rng(seed)
    deltas = _deltas(rng, structure=structure)
    kept = np.sort(rng.permutation(SPACE.size)[:NUM_CONFIGURATIONS])
    worst = np.sort(deltas[kept].min(axis=1))
    deltas -= (worst[-NUM_G1] + worst[-NUM_G1 - 1]) / 2
    results = [_result(SPACE.point(int(index)), deltas[index]) for index in kept]
    return ReplayTable(SPACE, {result.configuration_id: result for result in results})


def _deltas(rng: np.random.Generator, *, structure: float) -> np.ndarray[Any, Any]:
    """Deltas in pp, [points, benchmarks], before the shift."""
    num = len(BENCHMARKS)
    sizes = [len(factor) for factor in SPACE.factors]
    places = np.unravel_index(np.arange(SPACE.size), sizes)  # the order of Space.point
    additive = np.zeros((SPACE.size, num))
    for size, place in zip(sizes, places, strict=True):
        common, own = rng.normal(size=(size, 1)), rng.normal(size=(size, num))
        effects = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own
        additive += (effects - effects.mean(axis=0))[place]
    additive /= additive.std()
    noise = rng.normal(size=(SPACE.size, num))
    return SD_PP * (np.sqrt(structure) * additive + np.sqrt(1 - structure) * noise)


def _result(configuration: dict[str, Any], deltas: np.ndarray[Any, Any]) -> TrialResult:
    return TrialResult(
        configuration_id=identify(configuration),
        configuration=configuration,
        worst_deltas=dict(zip(BENCHMARKS, map(float, deltas), strict=True)),
        mean_delta=float(deltas.mean()),
    )
