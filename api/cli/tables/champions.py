"""Champions, a paragraph each."""

from __future__ import annotations

from collections.abc import Sequence

from api.cli.tables.configurations import configuration_text
from api.cli.tables.style import console, signed
from dashboards.wording import NO_CHAMPION
from storage.records import Run


def show_champions(runs: Sequence[Run]) -> None:
    """Champions, a paragraph each."""
    if not runs:
        console.print(NO_CHAMPION)
    for run in runs:
        cells = "  ".join(f"{name} {signed(cell.delta)}" for name, cell in run.cells.items())
        console.print(
            f"[bold]{run.study}[/bold]  {run.backbone} {run.adapter}  run {run.id}\n"
            f"  {configuration_text(run.configuration)}, seed {run.seed}\n"
            f"  mean delta {signed(run.mean_delta)} pp   {cells}"
        )
