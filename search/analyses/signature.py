"""Whether runs whose weights are near the champion's do better (paper: Figure 13, H.3).

Inside a host and mixer, features standardised over its runs, c the champion's:

    distance_i = |z_i - z_c|_2;    r = Spearman's correlation of distance and mean delta
    gap        = mean delta of the nearest quarter - mean delta of the farthest

The champion is left out of both: it is at distance 0 by construction and has the largest delta by
choice. A feature that some run has not, or that does not vary, is left out.

Owns: these for the 13 features and for the 29, and their reference: shuffled deltas. Does not
cover: which run is the champion of a study (``storage.rates``); here it is the strict G1 run with
the largest mean delta of its host and mixer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from search.analyses.discriminators import WeighedRun

FEWEST_RUNS = 8
SHUFFLES = 999
Numbers = NDArray[np.float64]


def signatures(
    runs: Sequence[WeighedRun], *, features: Mapping[str, Sequence[str]], seed: int
) -> dict[str, object]:
    """The summary: one row per host, mixer and set of features."""
    families: dict[tuple[str, str], list[WeighedRun]] = defaultdict(list)
    for run in runs:
        families[run.host, run.mixer].append(run)
    rows = [
        {"host": host, "mixer": mixer, "features": name, **_row(members, chosen, seed)}
        for (host, mixer), members in families.items()
        for name, chosen in features.items()
    ]
    return {"rows": rows, "runs": len(runs)}


def _row(members: Sequence[WeighedRun], features: Sequence[str], seed: int) -> dict[str, Any]:
    strict = [run for run in members if run.is_strict]
    empty = {"champion": None, "runs": len(members), "r": None, "gap": None, "p": None}
    if not strict:
        return {**empty, "points": [], "reason": "no run of this host and mixer is strict G1"}
    champion = max(strict, key=lambda run: run.mean_delta)
    others = [run for run in members if run.run_id != champion.run_id]
    table = _standardised([champion, *others], features)
    if len(others) < FEWEST_RUNS or table.shape[1] == 0:
        return {
            **empty,
            "champion": champion.run_id,
            "points": [],
            "reason": f"{len(others)} runs besides the champion; allowed: {FEWEST_RUNS} or more",
        }
    distances = np.linalg.norm(table[1:] - table[0], axis=1)
    deltas = np.array([run.mean_delta for run in others])
    points = [
        {"run": run.run_id, "distance": float(distance), "mean_delta": run.mean_delta}
        for run, distance in zip(others, distances, strict=True)
    ]
    return {
        "champion": champion.run_id,
        "runs": len(others),
        "num_features": int(table.shape[1]),
        **_related(distances, deltas, generator=np.random.default_rng(seed)),
        "points": points,
        "reason": None,
    }


def _standardised(runs: Sequence[WeighedRun], features: Sequence[str]) -> Numbers:
    """Features in standard deviations over the runs, [runs, features that vary]."""
    columns = []
    for name in features:
        values = [run.statistics.get(name) for run in runs]
        if any(value is None for value in values):
            continue
        column = np.array(values, dtype=np.float64)
        spread = column.std()
        if spread > 1e-12 * max(1.0, float(np.abs(column).max())):
            columns.append((column - column.mean()) / spread)
    return np.stack(columns, axis=1) if columns else np.zeros((len(runs), 0))


def _related(
    distances: Numbers, deltas: Numbers, *, generator: np.random.Generator
) -> dict[str, float | None]:
    r, gap = _spearman(distances, deltas), _gap(distances, deltas)
    if r is None:
        return {"r": None, "gap": gap, "p": None, "shuffled_low": None, "shuffled_high": None}
    shuffles = [_spearman(distances, generator.permutation(deltas)) for _ in range(SHUFFLES)]
    shuffled = np.array([value or 0.0 for value in shuffles])
    low, high = np.quantile(shuffled, [0.05, 0.95])
    extreme = int(np.sum(np.abs(shuffled) >= abs(r) - 1e-12))
    return {
        "r": r,
        "gap": gap,
        "p": (1 + extreme) / (1 + SHUFFLES),
        "shuffled_low": float(low),
        "shuffled_high": float(high),
    }


def _spearman(x: Numbers, y: Numbers) -> float | None:
    a, b = rankdata(x) - (len(x) + 1) / 2, rankdata(y) - (len(y) + 1) / 2
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else None


def _gap(distances: Numbers, deltas: Numbers) -> float:
    order = np.argsort(distances, kind="stable")
    quarter = max(1, len(order) // 4)
    return float(deltas[order[:quarter]].mean() - deltas[order[-quarter:]].mean())
