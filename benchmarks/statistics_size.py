"""How often the printed tests reject where nothing differs, and how often they see what does.

Owns: the figures that docs/concepts/statistics.md quotes, from simulated studies with fixed seeds.
A run answers item i rightly where difficulty_i + noise > 0, difficulty ~ N(0, 9), noise ~ N(0, 1):
the outcomes of 4 cells of 128 items with a discordance of about 15%. A share of the noise may come
from the seed (common to a seed's runs and its baseline) or from a group of near-duplicate runs.
Needs no model. Does not cover: real runs.

    python benchmarks/statistics_size.py [--studies 1000] [--table rotation ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.statistics import (
    BaselineRuns,
    ComparedRuns,
    NullTest,
    Stratum,
    discordances,
    distinct_runs,
    dunnett,
    expected_g1,
    null_test,
    rate_interval,
    rotation_test,
    stratified_test,
)

LEVEL = 0.05
CELLS = 4
Outcomes = Any  # bool, [runs, items]


@dataclass(frozen=True)
class Study:
    """Outcomes of one host and seed without any effect."""

    baseline: Outcomes
    treatments: Outcomes
    nulls: Outcomes

    def counts(self, runs: Outcomes) -> Any:
        """Right answers, [runs, cells]."""
        return runs.reshape(len(runs), CELLS, -1).sum(axis=2)

    def net(self, runs: Outcomes) -> Any:
        """Right answers beyond the baseline's, [runs, cells]."""
        return self.counts(runs) - self.counts(self.baseline[None])

    def compared(self, runs: Outcomes) -> ComparedRuns:
        """The runs as a null test takes them."""
        net = self.net(runs)
        g1 = (net >= 0).all(axis=1)
        return ComparedRuns(
            0,
            tuple(g1.tolist()),
            tuple((g1 & (net > 0).any(axis=1)).tolist()),
            tuple((runs != self.baseline).sum(axis=1).tolist()),
        )


def simulate(
    rng: Any,
    *,
    runs: int,
    nulls: int = 0,
    items: int = 512,
    seed_share: float = 0.0,
    other_seed: bool = False,
    group: int = 1,
    within: float = 1.0,
    apart: float = 0.0,
    centre: float | None = None,
) -> Study:
    """One study.

    Args:
        rng: The generator.
        runs: Treatments.
        nulls: Null runs.
        items: Of a run, all cells together.
        seed_share: Share of the noise that runs of one seed share, the baseline's too.
        other_seed: Whether each null run has a seed of its own.
        group: Treatments of a group of near-duplicates.
        within: Share of the noise that differs inside a group.
        apart: Share of the noise that all treatments share and the baseline does not.
        centre: Where given, runs flip each of the baseline's answers with this chance.
    """
    difficulty, of_seed = 3 * rng.normal(size=items), rng.normal(size=items)
    if centre is not None:
        base = difficulty > 0
        flips = rng.random((runs, items)) < centre
        return Study(base, base ^ flips, base ^ (rng.random((nulls, items)) < centre))

    def noise(n: int) -> Any:
        return rng.normal(size=(n, items))

    def trained(own: Any, seed: Any) -> Outcomes:
        return difficulty + np.sqrt(seed_share) * seed + np.sqrt(1 - seed_share) * own > 0

    grouped = np.repeat(noise(-(-runs // group)), group, axis=0)[:runs]
    own = np.sqrt(1 - within) * grouped + np.sqrt(within) * noise(runs)
    own = np.sqrt(apart) * noise(1) + np.sqrt(1 - apart) * own
    return Study(
        trained(noise(1), of_seed)[0],
        trained(own, of_seed),
        trained(noise(nulls), noise(nulls) if other_seed else of_seed),
    )


def rotation_tables(studies: int) -> Iterator[str]:
    """Size and power of the rotation test on normal scores rounded to items (sd 5 items)."""
    yield "rotation test on rounded normal scores: rejections at 5%"
    yield "| runs | null | null, cells correlated 0.3 | +1 sd a cell | +2 sd a cell |"
    for runs in (24, 60, 200):
        found = [
            _normal_scores(runs, shift=shift, correlation=rho, studies=studies)
            for shift, rho in ((0, 0.0), (0, 0.3), (1, 0.0), (2, 0.0))
        ]
        yield f"| {runs} | " + " | ".join(f"{100 * value:.1f}%" for value in found) + " |"


def _normal_scores(runs: int, *, shift: float, correlation: float, studies: int) -> float:
    rng = np.random.default_rng(0)

    def rejects() -> bool:
        scores = np.sqrt(1 - correlation) * rng.normal(size=(runs + 1, CELLS))
        scores += np.sqrt(correlation) * rng.normal(size=(runs + 1, 1))
        scores[1:] += shift
        return rotation_test(np.rint(200 + 5 * scores)).g1_p <= LEVEL

    return float(np.mean([rejects() for _ in range(studies)]))


def law_tables(studies: int) -> Iterator[str]:
    """The rotation test where the baseline is not one of the runs."""
    yield "rotation test, 60 runs of 512 items, no effect: rejections at 5% by the runs' law"
    yield "| what runs share | mean ratio of discordances | G1 | strict G1 |"
    cases: dict[str, dict[str, Any]] = {
        "nothing: exchangeable": {},
        "20% of their noise": {"apart": 0.2},
        "40% of their noise": {"apart": 0.4},
        "60% of their noise": {"apart": 0.6},
        "the baseline as their centre": {"centre": 0.08},
    }
    for name, options in cases.items():
        rng, ratios, found = np.random.default_rng(0), [], []
        for _ in range(studies):
            study = simulate(rng, runs=60, **options)
            ratios.append(discordances(study.treatments, study.baseline).ratio or 0.0)
            found.append(_rotation(study, range(60)))
        g1, strict = 100 * np.mean(np.array(found) <= LEVEL, axis=0)
        yield f"| {name} | {np.mean(ratios):.2f} | {g1:.1f}% | {strict:.1f}% |"


def _rotation(study: Study, rows: Any) -> tuple[float, float]:
    chosen = study.treatments[list(rows)]
    found = rotation_test(study.counts(np.vstack([study.baseline[None], chosen])))
    return found.g1_p, found.strict_p


def group_tables(studies: int) -> Iterator[str]:
    """Near-duplicate treatments: every run counted, and one of each group."""
    yield "60 treatments in groups of near-duplicates, 20 matched null runs, no effect"
    yield (
        "| group of | noise inside | distinct | rotation, all | rotation, distinct "
        "| Fisher, all | Fisher, distinct |"
    )
    for group, within in ((1, 1.0), (2, 0.0), (5, 0.0), (5, 0.1), (10, 0.0), (10, 0.1), (10, 0.25)):
        rng = np.random.default_rng(0)
        rows = np.array([_grouped(rng, group=group, within=within) for _ in range(studies)])
        rates = " | ".join(f"{100 * value:.1f}%" for value in (rows[:, 1:] <= LEVEL).mean(axis=0))
        yield f"| {group} | {within:.0%} | {np.median(rows[:, 0]):.0f} | {rates} |"


def _grouped(rng: Any, *, group: int, within: float) -> tuple[float, ...]:
    study = simulate(rng, runs=60, nulls=20, group=group, within=within)
    kept = distinct_runs(study.treatments, study.baseline)
    ours, theirs = study.compared(study.treatments), study.compared(study.nulls)

    def fisher(rows: Any) -> float:
        held = [ours.g1[row] for row in rows]
        return stratified_test([Stratum(sum(held), len(held), sum(theirs.g1), len(theirs.g1))]).p

    return (
        len(kept),
        _rotation(study, range(60))[0],
        _rotation(study, kept)[0],
        fisher(range(60)),
        fisher(kept),
    )


def alarm_tables(studies: int) -> Iterator[str]:
    """False alarms of each printed test by the share of noise that a seed accounts for."""
    yield "no effect: share of studies that print a p <= 5%, by the share of variance of the seed"
    yield (
        "| runs, null runs, items | seed share | rotation | Fisher, unchecked, other seeds "
        "| null test, other seeds (printed in) | null test, same seed (printed in) |"
    )
    for runs, nulls, items in ((60, 20, 512), (200, 50, 512), (200, 50, 100)):
        for share in (0.0, 0.25, 0.5, 0.75, 0.9):
            rng = np.random.default_rng(0)
            rows = np.array(
                [_alarms(rng, runs, nulls, items=items, share=share) for _ in range(studies)]
            )
            cells = [f"{100 * value:.1f}%" for value in rows.mean(axis=0)]
            yield (
                f"| {runs}, {nulls}, {items} | {share} | {cells[0]} | {cells[1]} "
                f"| {cells[2]} ({cells[3]}) | {cells[4]} ({cells[5]}) |"
            )


def _alarms(rng: Any, runs: int, nulls: int, *, items: int, share: float) -> list[bool]:
    options: dict[str, Any] = {"runs": runs, "nulls": nulls, "items": items, "seed_share": share}
    found: list[bool] = []
    for other_seed in (True, False):
        study = simulate(rng, **options, other_seed=other_seed)
        ours, theirs = study.compared(study.treatments), study.compared(study.nulls)
        if other_seed:
            plain = Stratum(sum(ours.g1), len(ours.g1), sum(theirs.g1), len(theirs.g1))
            found.append(_rotation(study, range(runs))[0] <= LEVEL)
            found.append(stratified_test([plain]).p <= LEVEL)
        tested = null_test([ours], {"seed" if other_seed else "jitter": [theirs]})
        printed = isinstance(tested, NullTest)
        found += [printed and tested.test.p <= LEVEL, printed]
    return found


def expected_tables(studies: int) -> Iterator[str]:
    """Coverage of the intervals of false G1."""
    yield "G1 found against the sum of the runs' own chances, no effect"
    yield (
        "| studies of | found | expected | 95% interval holds | Poisson-binomial holds "
        "| strict: found | expected | holds |"
    )
    cases: dict[str, tuple[int, dict[str, Any]]] = {
        "60 exchangeable runs, 512 items": (1, {"runs": 60}),
        "24 exchangeable runs, 100 items": (1, {"runs": 24, "items": 100}),
        "200 exchangeable runs, 512 items": (1, {"runs": 200}),
        "60 runs around their centre": (1, {"runs": 60, "centre": 0.08}),
        "4 seeds of 30 exchangeable runs": (4, {"runs": 30}),
    }
    for name, (seeds, options) in cases.items():
        rng = np.random.default_rng(0)
        rows = np.array([_expected(rng, seeds, options) for _ in range(max(100, studies // 2))])
        means = rows.mean(axis=0)
        yield (
            f"| {name} | {means[0]:.2f} | {means[1]:.2f} | {100 * means[2]:.1f}% "
            f"| {100 * means[3]:.1f}% | {means[4]:.2f} | {means[5]:.2f} | {100 * means[6]:.1f}% |"
        )


def _expected(rng: Any, seeds: int, options: dict[str, Any]) -> tuple[float, ...]:
    shared, alone = [], []
    for _ in range(seeds):
        study = simulate(rng, **options)
        net = study.net(study.treatments)
        differing = study.treatments != study.baseline
        discordant = differing.reshape(len(net), CELLS, -1).sum(axis=2)
        law = discordances(study.treatments, study.baseline)
        shared.append(BaselineRuns(net, discordant, shared_variance=law.shared_variance))
        alone.append(BaselineRuns(net, discordant, shared_variance=0.0))
    found, poisson = expected_g1(shared), expected_g1(alone)
    return (
        found.found,
        found.g1,
        found.g1_interval[0] <= found.found <= found.g1_interval[1],
        poisson.g1_interval[0] <= found.found <= poisson.g1_interval[1],
        found.found_strict,
        found.strict,
        found.strict_interval[0] <= found.found_strict <= found.strict_interval[1],
    )


def interval_tables(studies: int) -> Iterator[str]:
    """Coverage of the interval of a rate over several seeds."""
    yield "95% intervals of a rate over seeds: share that hold it"
    yield "| configurations x seeds | correlation of a configuration's runs | rate 6% | rate 30% |"
    for units, seeds in ((12, 2), (24, 4), (60, 4)):
        for r in (0.0, 0.3, 0.8):
            held = [_held(units, seeds, r, rate=rate, studies=studies) for rate in (0.06, 0.3)]
            shown = " | ".join(f"{100 * value:.1f}%" for value in held)
            yield f"| {units} x {seeds} | {r} | {shown} |"


def _held(units: int, seeds: int, r: float, *, rate: float, studies: int) -> float:
    rng, inside = np.random.default_rng(0), []
    for _ in range(studies):
        spread = (1 - r) / r if r else 0.0
        own = rng.beta(rate * spread, (1 - rate) * spread, units) if r else np.full(units, rate)
        found = rate_interval([(int(g1), seeds) for g1 in rng.binomial(seeds, own)])
        inside.append(found.low <= rate <= found.high)
    return float(np.mean(inside))


def dunnett_tables(studies: int) -> Iterator[str]:
    """False alarms of an ablation: any of six neighbours called different from the centre."""
    yield "Dunnett, six neighbours at four seeds, no effect: any p <= 5%"
    yield "| share of variance of the seed | false alarms |"
    for share in (0.0, 0.25, 0.5, 0.75, 0.9):
        rng, alarms = np.random.default_rng(0), []
        for _ in range(max(100, studies // 5)):
            deltas = np.sqrt(share) * rng.normal(size=4)
            deltas = deltas + np.sqrt(1 - share) * rng.normal(size=(7, 4))
            named = {str(i): row.tolist() for i, row in enumerate(deltas[1:])}
            alarms.append(min(dunnett(named, centre=deltas[0].tolist()).p.values()) <= LEVEL)
        yield f"| {share} | {100 * np.mean(alarms):.1f}% |"


TABLES: dict[str, Callable[[int], Iterator[str]]] = {
    "rotation": rotation_tables,
    "law": law_tables,
    "groups": group_tables,
    "alarms": alarm_tables,
    "expected": expected_tables,
    "intervals": interval_tables,
    "dunnett": dunnett_tables,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a figure")
    parser.add_argument("--table", nargs="*", choices=sorted(TABLES), default=list(TABLES))
    options = parser.parse_args()
    for name in options.table:
        start = time.perf_counter()
        for line in TABLES[name](options.studies):
            print(line, flush=True)
        print(f"({options.studies} studies, {time.perf_counter() - start:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
