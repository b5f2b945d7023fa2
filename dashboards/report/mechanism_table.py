"""The report's chapter on mechanism: a row an analysed run.

Owns: the table. Does not cover: its values (``search.analyses``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.run_analyses import RunMechanism
from dashboards.study_mechanism import StudyMechanism
from dashboards.text_table import NOTHING, Table
from dashboards.wording import percent, plain, run_title, signed
from workers.analyses.jobs import DEPTH, DIVERGENCE, DOMAINS, DRIFT, SCALE

_HEADINGS = (
    *("run", "configuration", "lifts off at", "relative L2 at the last layer", "null runs there"),
    *("adapter over block", "cosine", "random cosines", "share along the mean", "drift"),
    *("answers part at token", "in the first line"),
)
_NOTES = (
    "Growth with depth is what any perturbation does: compare with the null runs. A cosine near 0 "
    "with the spread of random directions is what random directions have.",
)


def mechanism_table(found: StudyMechanism) -> Table | None:
    """One row per run; None where no run is analysed."""
    rows = tuple(_row(run) for run in found.treated)
    if not rows:
        return None
    numbers = frozenset(range(2, len(_HEADINGS))) - {9}
    return Table("Mechanism", _HEADINGS, rows, _NOTES, numbers).without_empty()


def _row(found: RunMechanism) -> tuple[str, ...]:
    of: dict[str, Mapping[str, Any]] = {
        name: found.summary(name) or {} for name in (DEPTH, SCALE, DOMAINS, DRIFT, DIVERGENCE)
    }
    last = (of[DEPTH].get("by_layer") or [{}])[-1]
    real = of[SCALE].get("real_tokens", {})
    return (
        found.run.id,
        run_title(found.run),
        _said(of[DEPTH].get("lift_off")),
        _said(last.get("relative_l2")),
        f"{plain(last['null_low'])} to {plain(last['null_high'])}" if last.get("null_high") else "",
        _said(real.get("norm_ratio")),
        NOTHING if real.get("cosine_mean") is None else signed(real["cosine_mean"], 4),
        _said(real.get("random_cosine_std")),
        _share(of[DOMAINS].get("share_along_mean")),
        str(of[DRIFT].get("verdict") or NOTHING),
        _said(of[DIVERGENCE].get("median_parting")),
        _share(of[DIVERGENCE].get("first_line_share")),
    )


def _said(value: float | None) -> str:
    return NOTHING if value is None else plain(value)


def _share(value: float | None) -> str:
    return NOTHING if value is None else percent(value, 0)
