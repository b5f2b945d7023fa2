"""Tables for people: what the commands print without ``--json``.

Owns: how runs, rates and studies look in a terminal. Does not cover: their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from api.null_columns import null_columns, null_notes, percent
from search.study.axes import axis_label, trainability_label, writeback_label
from storage import AuditStore
from storage.new_rows import SEED_NULL, SHAM_NULL
from storage.records import Run, StateCounts, StudyStatus

console = Console(highlight=False)


def show_studies(studies: Sequence[StudyStatus]) -> None:
    """Where studies stand, a row each."""
    if not studies:
        console.print("No study yet. Begin with: talan study run FILE")
        return
    table = table_of("study", "state", "runs", "baselines", "failed", "G1", "rate")
    for study in studies:
        failed = sum(counts.failed for counts in study.kinds.values())
        table.add_row(
            study.name,
            study.state,
            _share(study.runs),
            _share(study.baselines),
            str(failed),
            f"{study.g1}/{study.scored}",
            percent(study.g1_rate),
        )
    console.print(table)


def show_g1(rows: Sequence[Mapping[str, Any]]) -> None:
    """G1 rates with their intervals, beside their null rates where rows have any."""
    if not rows:
        console.print("No completed run yet.")
        return
    axis = rows[0]["axis"]
    several = len({row["study"] for row in rows}) > 1
    table = table_of(*(["study"] if several else []), "host", "design", *([axis] if axis else []))
    references = null_columns(rows)
    for heading in ("runs", "G1", "rate", "95% interval", *references):
        table.add_column(heading, justify="right")
    for row in rows:
        low, high = row["interval"]
        table.add_row(
            *([row["study"]] if several else []),
            f"{row['backbone']} {row['adapter']}",
            row["design"],
            *([axis_label(axis, row["value"])] if axis else []),
            str(row["runs"]),
            str(row["g1"]),
            percent(row["rate"]),
            f"{percent(low)} - {percent(high)}",
            *(column(row) for column in references.values()),
        )
    console.print(table)
    for note in null_notes(rows):
        console.print(note, style="dim")


def show_champions(runs: Sequence[Run]) -> None:
    """Champions, a paragraph each."""
    if not runs:
        console.print("No champion: no completed run is G1.")
    for run in runs:
        cells = "  ".join(f"{name} {signed(cell.delta)}" for name, cell in run.cells.items())
        console.print(
            f"[bold]{run.study}[/bold]  {run.backbone} {run.adapter}  run {run.id}\n"
            f"  {configuration_text(run.configuration)}, seed {run.seed}\n"
            f"  mean delta {signed(run.mean_delta)} pp   {cells}"
        )


def show_outcome(store: AuditStore, study: StudyStatus) -> None:
    """What stands at the end of ``talan study run``: G1 by mixer, the champion, what is next."""
    from search.rates.g1_rates import g1_rows

    name = study.name
    console.print()
    show_studies([study])
    for by in (None, "mixer"):
        console.print()
        show_g1(g1_rows(store, name, by=by))
    console.print("\nChampion (the best of many: biased upward until confirmed on fresh seeds)")
    champions = store.rates.champions(name)
    show_champions(champions)
    example = champions[0].id if champions else "RUN_ID"
    console.print(
        f"\nLook next:  talan runs {name} --sort mean_delta   talan run {example}\n"
        f"            talan g1 {name} --by layer   talan export {name} --format csv"
    )


def run_text(run: Run) -> str:
    """What a run is in a few words: its configuration, or what stands in its place."""
    if run.kind == SEED_NULL:
        return f"seed null, against seed {run.baseline_seed}"
    text = configuration_text(run.configuration)
    return f"sham of {text}, seed {run.baseline_seed}" if run.kind == SHAM_NULL else text


def configuration_text(configuration: Mapping[str, Any] | None) -> str:
    """A configuration in a few words; a baseline has none."""
    if configuration is None:
        return "baseline"
    gamma = configuration["gradient_scale"]
    words = [
        f"layer {configuration['layer']}",
        f"T {configuration['slots']}",
        configuration["mixer"],
        writeback_label(configuration["writeback"]),
        trainability_label(configuration["trainability"]),
    ]
    return ", ".join([*words, f"gamma {gamma:g}"] if gamma is not None else words)


def table_of(*headings: str) -> Table:
    """An empty table as all screens have it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _share(counts: StateCounts) -> str:
    return f"{counts.completed}/{counts.total}"


def signed(value: float | None) -> str:
    """A delta with its sign; empty where there is none."""
    return "" if value is None else f"{value:+.2f}"
