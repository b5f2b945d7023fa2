"""The paper's tables as packaged data, and in our shapes beside a user's study.

Owns: reading ``search/rates/data/paper_tables.json`` (arXiv:2606.06902v1, CC BY 4.0: figures as
printed, none corrected), and what follows from it in the shapes of ``talan g1 --json`` and ``talan
runs --json``, with study ``paper``. Counts come from printed scores times items, where that gives
whole numbers to the printed precision. Does not cover: whether the tables agree with each other;
where they do not is in docs/concepts/statistics.md, each with a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from search.errors import StudyFileError, one_of
from search.statistics.chance import ChanceRate, chance_from_rates
from search.statistics.clopper_pearson import clopper_pearson
from storage.verdict import Count, compare

STUDY, TOTAL = "paper", "total"
ADAPTER = "lora-r32"
DESIGN = "unstated"  # the paper does not say how the 2,590 were drawn


def published_tables() -> dict[str, Any]:
    """All tables as printed, a fresh copy."""
    text = files("search.rates").joinpath("data", "paper_tables.json").read_text(encoding="utf-8")
    tables: dict[str, object] = json.loads(text)
    return tables


def published_table(name: str) -> object:
    """One table as printed.

    Raises:
        StudyFileError: There is no such table.
    """
    tables = published_tables()
    if name not in tables:
        raise StudyFileError(f"table {name!r} is not there; allowed: {one_of(list(tables), name)}")
    return tables[name]


def published_rates() -> list[dict[str, Any]]:
    """Table 10 by host, rates and intervals computed from its counts.

    Intervals are Clopper and Pearson's, for the paper's baselines. Hosts have baselines of their
    own and are not pooled: their total is a count (``published_total``).
    """
    tables = published_tables()
    return [
        {
            "study": STUDY,
            "backbone": tables["backbones"][host],
            "adapter": ADAPTER,
            "design": DESIGN,
            "runs": row["tested"],
            "g1": row["g1"],
            "rate": row["g1"] / row["tested"],
            "interval": list(clopper_pearson(row["g1"], row["tested"])),
        }
        for host, row in tables["table10_g1"].items()
        if host != TOTAL
    ]


def published_total() -> dict[str, int]:
    """Table 10's total, as counts."""
    total = published_tables()["table10_g1"][TOTAL]
    return {"runs": total["tested"], "g1": total["g1"]}


def published_chance() -> ChanceRate:
    """The G1 rate that chance gives at the paper's own discordance (Appendix F.2).

    GPQA's from Table 11's four cells; the other benchmarks share what remains of the summed
    discordance, for the paper gives no cell's.
    """
    tables = published_tables()
    items, mcnemar = tables["benchmark_items"], dict(tables["table11_mcnemar_gpqa"])
    everything = mcnemar.pop("all_cells")
    gpqa = sum(cell["b"] + cell["c"] for cell in mcnemar.values())
    rest = everything["b"] + everything["c"] - gpqa
    hosts = len(mcnemar)
    others = hosts * (sum(items.values()) - items["gpqa_diamond"])
    rates = dict.fromkeys(items, rest / others)
    rates["gpqa_diamond"] = gpqa / (hosts * items["gpqa_diamond"])
    return chance_from_rates({name: (items[name], rates[name]) for name in items})


def published_champions() -> list[dict[str, Any]]:
    """Tables 1 and 8 as entries of ``talan runs --json`` with their study, one per host."""
    tables = published_tables()
    return [_champion(host, tables) for host in tables["backbones"]]


def reference_shape() -> dict[str, object]:
    """``talan reference --json``: source, rates, their total, chance, champions, every table."""
    tables = published_tables()
    chance = published_chance()
    return {
        "source": tables["source"],
        "g1_rates": published_rates(),
        "total": published_total(),
        "chance": {"kind": chance.kind, "rate": chance.rate, "cells": dict(chance.cells)},
        "champions": published_champions(),
        "tables": tables,
    }


def _champion(host: str, tables: Mapping[str, Any]) -> dict[str, Any]:
    counts = {
        name: _counts(scores, tables["benchmark_items"][name])
        for name, scores in tables["table8_scores"][host].items()
    }
    run, baseline = ({name: pair[i] for name, pair in counts.items()} for i in (0, 1))
    verdict = compare(run, baseline, run_id=host)
    assert verdict.mean_delta is not None, "every cell is printed in full"
    return {
        "study": STUDY,
        "id": f"{STUDY}-{host.lower()}",
        "backbone": tables["backbones"][host],
        "adapter": ADAPTER,
        "seed": tables["table1_configurations"][host]["seed"],
        "kind": "treatment",
        "configuration": tables["table1_axes"][host],
        "state": "completed",
        "cells": {name: _cell(*pair) for name, pair in counts.items()},
        "mean_delta": float(verdict.mean_delta),
        "g1": verdict.g1,
        "verdict": verdict.word,
    }


def _counts(scores: Mapping[str, float], n_items: int) -> tuple[Count, Count]:
    """The counts that a cell's printed scores round from: the run's and the baseline's."""
    right, baseline = (round(scores[method] * n_items / 100) for method in ("talan", "baseline"))
    return Count(right, n_items), Count(baseline, n_items)


def _cell(run: Count, baseline: Count) -> dict[str, object]:
    return {
        "score": run.score,
        "baseline_score": baseline.score,
        "delta": float(run.delta(baseline)),
        "n_items": run.n_items,
        "n_correct": run.n_correct,
        **dict.fromkeys(("helped", "hurt", "changed")),  # not published
    }
