"""Analyses of runs for people.

Owns: how a summary looks in a terminal. Does not cover: its values (``search.analyses``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table

from api.cli.tables.style import console, percent, show, table_of
from api.views.analyses import AnalysisView, RunAnalyses, StudyAnalyses
from search.analyses.catalogue import CATALOGUE, DISCRIMINATORS
from storage import Run
from workers.analyses.jobs import COMPONENTS, DEPTH, DIVERGENCE, DOMAINS, DRIFT, SCALE, SLOTS

NONE = "\N{EN DASH}"
_ROWS = 20
TITLES = {kind.name: kind.title for kind in CATALOGUE}


def show_analyses(runs: Sequence[Run], shown: Sequence[RunAnalyses], *, cost_s: float) -> None:
    """Every run's analyses, and what they cost."""
    for run, found in zip(runs, shown, strict=True):
        console.print(f"run {run.id}  {run.backbone} {run.adapter}  seed {run.seed}")
        for name, analysis in found.analyses.items():
            console.print(f"\n{TITLES.get(name, name)}", style="bold")
            _show(name, analysis)
        console.print()
    console.print(f"cost: {cost_s:.1f} s of a worker")


def _show(name: str, analysis: AnalysisView) -> None:
    if analysis.summary is None:
        console.print(analysis.error or analysis.state, markup=False)
        return
    _SHOWN[name](analysis.summary)


def _depth(summary: Mapping[str, Any]) -> None:
    lift = summary["lift_off"]
    lifted = "the block changes nothing" if lift is None else f"the block lifts off at layer {lift}"
    console.print(f"{lifted}; {summary['num_items']} items, prompts alone")
    table = table_of("layer", "relative L2", "cosine", "block off", "null runs")
    for row in summary["by_layer"]:
        table.add_row(
            f"{row['layer']}{' *' if row['layer'] == summary['layer'] else ''}",
            number(row["relative_l2"]),
            number(row["cosine"], ".5f"),
            number(row["block_off_relative_l2"]),
            span(row["null_low"], row["null_high"]),
        )
    show(table)
    if summary["null"]["reason"]:
        console.print(summary["null"]["reason"])


def show_study_analyses(shown: StudyAnalyses) -> None:
    """A study's analyses, and what they cost."""
    for name, analysis in shown.analyses.items():
        console.print(f"{TITLES.get(name, name)}", style="bold")
        if analysis.summary is None:
            console.print(analysis.error or analysis.state, markup=False)
        else:
            (_discriminators if name == DISCRIMINATORS else _signature)(analysis.summary)
        console.print()
    cost_s = sum(analysis.seconds or 0.0 for analysis in shown.analyses.values())
    console.print(f"cost: {cost_s:.1f} s")


def _discriminators(summary: Mapping[str, Any]) -> None:
    if summary["reason"]:
        console.print(summary["reason"])
        return
    console.print(f"{summary['tried']} tried on {summary['runs']} runs; p is corrected for that")
    headings = ("buckets", "mean r", "|r|", "shuffled", "sign", "p")
    table = table_of("host", "mixer", "statistic", *headings)
    for row in summary["rows"][:_ROWS]:
        table.add_row(
            *(row["host"], row["mixer"], row["statistic"], str(row["buckets"])),
            number(row["mean_r"], "+.2f"),
            number(row["mean_abs_r"], ".2f"),
            f"{row['shuffled_mean_abs_r']:.2f}, 95% {row['shuffled_high']:.2f}",
            percent(row["sign_consistency"]),
            number(row["p_corrected"], ".3f"),
        )
    show(table, keys=3)
    if len(summary["rows"]) > _ROWS:
        console.print(f"... and {len(summary['rows']) - _ROWS} more with --json")


def _signature(summary: Mapping[str, Any]) -> None:
    table = table_of("host", "mixer", "features", "runs", "r", "shuffled", "gap (pp)", "p", "")
    for row in summary["rows"]:
        table.add_row(
            *(row["host"], row["mixer"], row["features"], str(row["runs"])),
            number(row["r"], "+.2f"),
            span(row.get("shuffled_low"), row.get("shuffled_high")),
            number(row["gap"], "+.2f"),
            number(row["p"], ".3f"),
            row["reason"] or "",
        )
    show(table, keys=3)


def number(value: float | None, form: str = ".4g") -> str:
    """A number, or a dash where there is none."""
    return NONE if value is None else format(value, form)


def span(low: float | None, high: float | None) -> str:
    """From the least to the most."""
    return NONE if low is None else f"{number(low)} to {number(high)}"


def _scale(summary: Mapping[str, Any]) -> None:
    table = table_of("", "adapter / block", "cosine", "spread", "random directions")
    printed, real = summary["as_printed"], summary["real_tokens"]
    if "norm_ratio" in printed:
        _scale_rows(table, "random numbers, as printed", printed)
    else:
        table.add_row("random numbers, as printed", NONE, NONE, NONE, NONE)
    _scale_rows(table, f"real tokens, layer {summary['layer']}", real)
    _scale_rows(table, "real tokens, last layer", real["last_layer"])
    show(table)
    for reason in (printed.get("reason"), real["reason"], real["last_layer"]["reason"]):
        if reason:
            console.print(reason)


def _scale_rows(table: Table, title: str, found: Mapping[str, Any]) -> None:
    named = {
        title: found,
        "  a sham": found.get("sham"),
        "  another seed's": found.get("other_seed"),
    }
    for name, row in named.items():
        if row and "norm_ratio" in row:
            table.add_row(
                name,
                number(row["norm_ratio"]),
                number(row["cosine_mean"], "+.4f"),
                number(row["cosine_std"], ".4f"),
                number(row["random_cosine_std"], ".4f"),
            )


def _domains(summary: Mapping[str, Any]) -> None:
    if summary["reason"]:
        console.print(summary["reason"])
        return
    console.print(
        f"cosine between benchmarks {number(summary['mean_cosine'], '+.3f')} (shuffled labels "
        f"{span(summary['shuffled_low'], summary['shuffled_high'])}), lowest "
        f"{number(summary['lowest_cosine'], '+.3f')}\n"
        f"share along the mean {number(summary['share_along_mean'], '.3f')}; random directions "
        f"{number(summary['random_share'], '.3f')}, a constant vector 1"
    )


def _slots(summary: Mapping[str, Any]) -> None:
    table = table_of("", "this run", "fresh weights")
    rows = {
        "entropy": "entropy (1: indifferent)",
        "memory_cosine": "cosine of memories",
        "gate_mean": "gate, mean",
        "gate_std": "gate, spread",
    }
    for key, title in rows.items():
        table.add_row(title, number(summary[key]), number(summary["fresh"][key]))
    shares = [", ".join(f"{s:.2f}" for s in of["shares"]) for of in (summary, summary["fresh"])]
    table.add_row("share by slot", *shares)
    show(table)
    if summary["collapsed"]:
        console.print("collapsed: one slot takes at least 95% of the tokens", style="red")


def _drift(summary: Mapping[str, Any]) -> None:
    console.print(f"{summary['verdict'] or summary['reason']}; scope {summary['scope']}")
    table = table_of("tensor", "starts", "drift", "from a fresh draw")
    for row in (*summary["tensors"], *summary["key_biases"]):
        kind = row["kind"].replace("_", " ")
        table.add_row(row["tensor"], kind, number(row["drift"]), number(row["from_fresh"]))
    show(table)
    frozen = summary["frozen"]["largest_drift"]
    said = f"noise floor {number(summary['noise_floor'])}"
    console.print(said if frozen is None else f"{said}; largest of frozen runs {number(frozen)}")


def _components(summary: Mapping[str, Any]) -> None:
    console.print(
        f"{summary['components']} components, mixture "
        f"{', '.join(f'{share:.2f}' for share in summary['mixture'])}; cosine of top query "
        f"directions {number(summary['cosine_mean'])} (fresh draws "
        f"{number(summary['fresh_mean'])}, 95% {number(summary['fresh_high'])})"
    )


def _divergence(summary: Mapping[str, Any]) -> None:
    if summary["reason"]:
        console.print(summary["reason"])
        return
    table = table_of("", "items", "parts at token", "in the first line", "KL there", "KL before")
    rows = {"all": summary, **summary["groups"]}
    for name, row in rows.items():
        table.add_row(
            name,
            str(row["num_items"]),
            number(row["median_parting"], "g"),
            percent(row["first_line_share"]) or NONE,
            number(row["kl_at_parting"]),
            number(row["kl_before_parting"]),
        )
    null = summary["null"]
    if null["runs"]:
        pairs = [null[k] or (None, None) for k in ("median_parting", "first_line_share")]
        share = "" if pairs[1][0] is None else " to ".join(percent(v) for v in pairs[1])
        kls = [null[k] or (None, None) for k in ("kl_at_parting", "kl_before_parting")]
        table.add_row(
            f"{null['runs']} null runs", "", span(*pairs[0]), share, span(*kls[0]), span(*kls[1])
        )
    show(table)


_SHOWN: dict[str, Callable[[Mapping[str, object]], None]] = {
    DEPTH: _depth,
    SCALE: _scale,
    DOMAINS: _domains,
    SLOTS: _slots,
    DRIFT: _drift,
    DIVERGENCE: _divergence,
    COMPONENTS: _components,
}
