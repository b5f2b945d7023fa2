"""Whether a statistic of the weights goes with the mean delta (paper: Table 14, H.2).

Inside a bucket of runs that share host, mixer, layer, slots, strength and writeback:

    r_b = Spearman's rank correlation of statistic and mean delta

and over the buckets of a host and mixer: the mean of r_b, the mean of |r_b|, and the share of
buckets that have the commoner sign.

Owns: these, and their reference: the same with deltas shuffled inside every bucket. In small
buckets the mean of |r_b| is large by chance; the shuffles say how large. Every (host, mixer,
statistic) is one of the number tried, and p is corrected for that number (Benjamini-Hochberg). Does
not cover: a cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from search.statistics.multiple import benjamini_hochberg

FEWEST_RUNS, FEWEST_BUCKETS = 3, 1
SHUFFLES = 999
Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class WeighedRun:
    """A run's weights as numbers, and what came of it.

    Args:
        run_id: Which run.
        host: Backbone and adapter.
        mixer: Its mixer.
        bucket: Layer, slots, strength and writeback, in words.
        statistics: By name; None where the mixer has not such a thing.
        mean_delta: In percentage points.
        is_strict: Whether it is strict G1.
    """

    run_id: str
    host: str
    mixer: str
    bucket: str
    statistics: Mapping[str, float | None]
    mean_delta: float
    is_strict: bool


def discriminators(
    runs: Sequence[WeighedRun], *, names: Sequence[str], seed: int
) -> dict[str, Any]:
    """The summary: one row per host, mixer and statistic, the largest mean |r| first."""
    families: dict[tuple[str, str], list[WeighedRun]] = defaultdict(list)
    for run in runs:
        families[run.host, run.mixer].append(run)
    rows = []
    for (host, mixer), members in families.items():
        for name in names:
            found = _row(members, name, generator=np.random.default_rng(seed))
            if found is not None:
                rows.append({"host": host, "mixer": mixer, "statistic": name, **found})
    corrected = benjamini_hochberg([row["p"] for row in rows])
    for row, p in zip(rows, corrected, strict=True):
        row["p_corrected"] = p
    rows.sort(key=lambda row: (row["p_corrected"], -row["mean_abs_r"]))
    return {
        "rows": rows,
        "tried": len(rows),
        "runs": len(runs),
        "reason": None if rows else _none(runs),
    }


def _none(runs: Sequence[WeighedRun]) -> str:
    return (
        f"no bucket of the {len(runs)} runs has {FEWEST_RUNS} or more that differ in the statistic "
        "and in their delta: a bucket's runs share host, mixer, layer, slots, strength and "
        "writeback"
    )


def _row(
    members: Sequence[WeighedRun], name: str, *, generator: np.random.Generator
) -> dict[str, Any] | None:
    pairs = _ranked(members, name)
    if len(pairs) < FEWEST_BUCKETS:
        return None
    observed = np.array([_correlation(x, y) for x, y in pairs])
    shuffled = np.array(
        [
            np.mean([abs(_correlation(x, generator.permutation(y))) for x, y in pairs])
            for _ in range(SHUFFLES)
        ]
    )
    size = float(np.mean(np.abs(observed)))
    positive = float(np.mean(observed > 0))
    return {
        "buckets": len(pairs),
        "runs": int(sum(len(x) for x, _ in pairs)),
        "mean_r": float(np.mean(observed)),
        "mean_abs_r": size,
        "sign_consistency": max(positive, float(np.mean(observed < 0))),
        "shuffled_mean_abs_r": float(np.mean(shuffled)),
        "shuffled_high": float(np.quantile(shuffled, 0.95)),
        # Equal to rounding counts as equal: a shuffle may be the identity.
        "p": float((1 + np.sum(shuffled >= size - 1e-12)) / (1 + SHUFFLES)),
    }


def _ranked(members: Sequence[WeighedRun], name: str) -> list[tuple[Ranks, Ranks]]:
    """Centred ranks of statistic and delta in every bucket in which both vary."""
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for run in members:
        value = run.statistics.get(name)
        if value is not None:
            buckets[run.bucket].append((value, run.mean_delta))
    ranked = []
    for values in buckets.values():
        x, y = (rankdata(column) for column in zip(*values, strict=True))
        if len(x) >= FEWEST_RUNS and np.ptp(x) > 0 and np.ptp(y) > 0:
            ranked.append((x - x.mean(), y - y.mean()))
    return ranked


def _correlation(x: Ranks, y: Ranks) -> float:
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))
