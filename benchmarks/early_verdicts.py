"""How many items an exact early verdict saves, on the paper's sizes, scores and discordance.

    .venv/bin/python benchmarks/early_verdicts.py [--draws 20] [--runs 40]

The null: treatment and baseline are draws of the same items' P(right), which are Beta with the
baseline's printed score (Table 8) as mean; the Beta's spread is what gives the paper's discordance
(Table 11: GPQA 147 of 792 items; the other twelve cells share 873 of 9,276). Baselines are held
at their printed counts, and P(right) is drawn given the baseline's outcome. `--draws` draws of
P(right) per backbone, `--runs` runs each. Every scheme's verdict is checked against full
evaluation. A run that is G1 is evaluated in full, by every scheme. The last scheme is what a study
with `verdicts: exact` does: it begins with the baseline alone and learns from what it asked.
Does not cover: that items cost unequal time, nor what an engine loses by stopping.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from early_verdict_replay import early_verdict, order_items
from report import report

from search.driving.host_history import HostHistory
from search.rates.reference import published_tables
from search.statistics import (
    CellForecast,
    loss_probability,
    order_cells,
)

TABLES = published_tables()
ITEMS: dict[str, int] = TABLES["benchmark_items"]
HISTORY = 8  # fully evaluated runs that an informed order has seen; not counted in its cost


@dataclass(frozen=True)
class Scenario:
    """How runs differ from their baseline: discordance relative to Table 11's, and a shift (pp)."""

    name: str
    discordance: float = 1.0
    shift_pp: float = 0.0


@dataclass(frozen=True)
class Scheme:
    """In which order cells and items are asked, and whether a cell may stop inside."""

    name: str
    inside: bool = True
    cells: str = "by cost / P(loss)"
    items: str = "in order"
    batch: int = 1


SCENARIOS = (
    Scenario("null"),
    Scenario("null, half the discordance", discordance=0.5),
    Scenario("every cell 1 pp worse", shift_pp=-1.0),
    Scenario("every cell 3 pp worse", shift_pp=-3.0),
)
SCHEMES = (
    Scheme("full evaluation", inside=False, cells="all"),
    Scheme("naive: whole benchmarks, paper's order", inside=False, cells="as printed"),
    Scheme("whole benchmarks, ordered", inside=False),
    Scheme("exact, paper's order", cells="as printed"),
    Scheme("exact, cells ordered"),
    Scheme("exact, + baseline's wrong items first", items="baseline"),
    Scheme(f"exact, + {HISTORY} runs' wrong items first", items="history"),
    Scheme(f"exact, + {HISTORY} runs, batches of 16", items="history", batch=16),
    Scheme("as a study does it, batches of 16", items="learnt", batch=16),
)


@dataclass(frozen=True)
class Host:
    """One draw: baseline outcomes and runs' outcomes, [runs, items] per benchmark."""

    baseline: Mapping[str, Any]
    history: Mapping[str, Any]
    runs: Mapping[str, Any]


def discordance_shares() -> dict[str, float]:
    """Per benchmark: discordance over its largest possible, 2 m (1 - m), from Table 11's sums."""
    mcnemar = dict(TABLES["table11_mcnemar_gpqa"])
    everything = mcnemar.pop("all_cells")
    gpqa = sum(cell["b"] + cell["c"] for cell in mcnemar.values())
    total = everything["b"] + everything["c"]
    most = dict.fromkeys(ITEMS, 0.0)
    for scores in TABLES["table8_scores"].values():
        for name, n_items in ITEMS.items():
            m = scores[name]["baseline"] / 100
            most[name] += n_items * 2 * m * (1 - m)
    rest = (total - gpqa) / (sum(most.values()) - most["gpqa_diamond"])
    return {**dict.fromkeys(ITEMS, rest), "gpqa_diamond": gpqa / most["gpqa_diamond"]}


def draw_host(
    scores: Mapping[str, Any], *, scenario: Scenario, runs: int, rng: np.random.Generator
) -> Host:
    """P(right) ~ Beta(s m, s (1 - m)), given the baseline's outcome; s from the discordance."""
    baseline, history, outcomes = {}, {}, {}
    for name, published in discordance_shares().items():
        n_items, share = ITEMS[name], published * scenario.discordance
        right = round(scores[name]["baseline"] * n_items / 100)
        m, size = right / n_items, share / (1 - share)
        first = rng.permutation(np.arange(n_items) < right)
        p_right = rng.beta(size * m + first, size * (1 - m) + ~first)
        p_right = np.clip(p_right * (1 + scenario.shift_pp / 100 / m), 0, 1)
        baseline[name] = first
        history[name] = rng.random((HISTORY, n_items)) < p_right
        outcomes[name] = rng.random((runs, n_items)) < p_right
    return Host(baseline, history, outcomes)


def item_orders(host: Host, *, scheme: Scheme) -> dict[str, list[int]]:
    """Which item is asked when."""
    orders = {}
    for name, first in host.baseline.items():
        past = host.history[name] if scheme.items == "history" else ()
        informed = order_items(first, history=past, batch=scheme.batch)
        orders[name] = list(range(len(first))) if scheme.items == "in order" else informed
    return orders


def cell_order(host: Host, orders: Mapping[str, Sequence[int]], *, scheme: Scheme) -> list[str]:
    """By the cost of a verdict and P(loss): from the earlier runs where the scheme has them."""
    if scheme.cells != "by cost / P(loss)":
        return list(ITEMS)
    if scheme.items != "history":
        return list(order_cells([CellForecast(name, n, 0.5) for name, n in ITEMS.items()]))
    forecasts = []
    for name, first in host.baseline.items():
        past = [
            early_verdict({name: run[orders[name]]}, baseline_correct={name: int(first.sum())})
            for run in host.history[name]
        ]
        cost = sum(verdict.evaluated for verdict in past) / len(past)
        lost = loss_probability(sum(not verdict.g1 for verdict in past), len(past))
        forecasts.append(CellForecast(name, cost, lost))
    return list(order_cells(forecasts))


def walks(host: Host, *, scheme: Scheme) -> Iterator[tuple[bool, int]]:
    """(G1, items asked) of each run."""
    if scheme.items == "learnt":
        yield from _learning(host, batch=scheme.batch)
        return
    orders = item_orders(host, scheme=scheme)
    order = cell_order(host, orders, scheme=scheme)
    baseline = {name: int(first.sum()) for name, first in host.baseline.items()}
    for index in range(len(host.runs[order[0]])):
        outcomes = {name: host.runs[name][index][orders[name]] for name in order}
        full = all(found.sum() >= baseline[name] for name, found in outcomes.items())
        if scheme.inside:
            verdict = early_verdict(outcomes, baseline_correct=baseline, batch=scheme.batch)
            assert verdict.g1 is bool(full)
            yield verdict.g1, verdict.evaluated
        else:
            yield bool(full), _whole_benchmarks(outcomes, baseline, scheme=scheme)


def _learning(host: Host, *, batch: int) -> Iterator[tuple[bool, int]]:
    """A study's runs one after the other, through the code that plans them; seconds are items."""
    known = HostHistory(list(ITEMS))
    first = {name: dict(enumerate(map(bool, found))) for name, found in host.baseline.items()}
    known.learn_baseline(0, first, seconds={name: float(n) for name, n in ITEMS.items()})
    batches = {
        name: [tuple(range(at, min(at + batch, n))) for at in range(0, n, batch)]
        for name, n in ITEMS.items()
    }
    for index in range(len(next(iter(host.runs.values())))):
        order, plans = known.plan(0)
        answers: dict[str, dict[int, bool]] = {}
        for name in order:
            found, wrong = answers.setdefault(name, {}), 0
            for items in plans[name].in_order(batches[name]):
                found.update({item: bool(host.runs[name][index][item]) for item in items})
                wrong = len(found) - sum(found.values())
                if plans[name].is_lost(wrong=wrong):
                    break
            if plans[name].is_lost(wrong=wrong):
                break
        lost = plans[name].is_lost(wrong=wrong)
        full = all(host.runs[n][index].sum() >= host.baseline[n].sum() for n in ITEMS)
        assert lost is not bool(full)
        seconds = {name: float(len(found)) for name, found in answers.items()}
        known.learn(0, answers, seconds=seconds)
        yield not lost, sum(map(len, answers.values()))


def _whole_benchmarks(
    outcomes: Mapping[str, Any], baseline: Mapping[str, int], *, scheme: Scheme
) -> int:
    asked = 0
    for name, found in outcomes.items():
        asked += len(found)
        if found.sum() < baseline[name] and scheme.cells != "all":
            break
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = []
    for scenario in SCENARIOS:
        rng = np.random.default_rng(arguments.seed)
        hosts = [
            draw_host(scores, scenario=scenario, runs=arguments.runs, rng=rng)
            for scores in TABLES["table8_scores"].values()
            for _ in range(arguments.draws)
        ]
        for scheme in SCHEMES:
            found = [walk for host in hosts for walk in walks(host, scheme=scheme)]
            asked = sum(items for _, items in found) / len(found)
            rows.append(
                {
                    "scenario": scenario.name,
                    "scheme": scheme.name,
                    "g1_percent": 100 * sum(g1 for g1, _ in found) / len(found),
                    "items_per_run": asked,
                    "factor": sum(ITEMS.values()) / asked,
                }
            )
    report("early_verdicts", rows=rows, items=sum(ITEMS.values()), **vars(arguments))


if __name__ == "__main__":
    main()
