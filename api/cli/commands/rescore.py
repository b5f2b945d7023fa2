"""``talan rescore``: stored responses under another scorer."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.options import JsonOption, NameArgument, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.style import show
from api.views.rescoring import BenchmarkChanges, RescoringReport
from search.follow_ups.rescoring import rescore as score_again
from workers.suites.scoring.alternatives import SCORERS


def rescore(
    name: NameArgument,
    *,
    scorer: Annotated[str, typer.Option(help=f"{', '.join(SCORERS[:-1])} or {SCORERS[-1]}.")],
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Score a study's stored responses again, and say which verdicts change.

    No model is needed. The recorded verdicts stay, and each scorer's verdicts are kept with them. A
    cell's verdict says whether it is no worse than its baseline. After an interruption, the same
    command continues.

    Example: `talan rescore tiny-lora-grid --scorer strict`
    """
    console = Console(stderr=True)
    with open_store(storage) as store, console.status("scoring") as status:
        found = score_again(
            store,
            name,
            scorer=scorer,
            observer=lambda runs: status.update(f"scoring: {runs} runs done"),
        )
    report = RescoringReport.from_record(found)
    if as_json:
        echo_json(report)
    else:
        _show(report)


def _show(report: RescoringReport) -> None:
    scorer, cells, runs = report.scorer, report.cells, report.runs
    typer.echo(
        f"{report.study}, recorded against {scorer}:\n"
        f"  cells not worse  {cells.not_worse_recorded}/{cells.compared} against "
        f"{cells.not_worse}/{cells.compared}, {cells.changed} verdicts change\n"
        f"  G1 runs          {runs.g1_recorded}/{runs.compared} against "
        f"{runs.g1}/{runs.compared}, {runs.changed} change"
    )
    if runs.undecided:
        typer.echo(f"  {runs.undecided} completed runs have no G1 verdict under both")
    console = Console(highlight=False)
    console.print()
    show(_benchmarks(report))
    silent = [row.benchmark for row in report.benchmarks if _is_silent(row)]
    if silent:
        console.print(
            f"\nNothing is right under {scorer} on {', '.join(silent)}: "
            "there every cell ties, which says nothing."
        )
    if len(report.hosts) > 1:
        console.print()
        for host in report.hosts:
            console.print(
                f"{host.backbone} {host.adapter}: G1 {host.g1_recorded} against {host.g1} "
                f"of {host.compared}"
            )
    if report.changed_runs:
        ids = " ".join(run.id for run in report.changed_runs[:10])
        console.print(f"\nRuns that change: {ids}{' ...' if runs.changed > 10 else ''}")


def _benchmarks(report: RescoringReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("benchmark")
    for heading in (
        *("right,\nrecorded", "right", "items\nchange"),
        *("not worse,\nrecorded", "not\nworse", "change"),
    ):
        table.add_column(heading, justify="right")
    for row in report.benchmarks:
        table.add_row(
            row.benchmark,
            f"{row.n_correct_recorded}/{row.n_items}",
            str(row.n_correct),
            str(row.items_changed),
            f"{row.not_worse_recorded}/{row.compared}",
            str(row.not_worse),
            str(row.changed),
        )
    return table


def _is_silent(row: BenchmarkChanges) -> bool:
    return bool(row.n_items) and row.n_correct == 0
