"""Champions, a paragraph each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from api.cli.tables.configurations import configuration_text
from api.cli.tables.style import console, signed
from dashboards.wording import NO_CHAMPION, pp_interval
from storage.records import Run

if TYPE_CHECKING:
    from search.rates.champion_worth import ChampionWorth


def show_champions(runs: Sequence[Run], worths: Mapping[str, ChampionWorth]) -> None:
    """Champions, a paragraph each."""
    if not runs:
        console.print(NO_CHAMPION)
    for run in runs:
        cells = "  ".join(f"{name} {signed(cell.delta)}" for name, cell in run.cells.items())
        console.print(
            f"[bold]{run.study}[/bold]  {run.backbone} {run.adapter}  run {run.id}\n"
            f"  {configuration_text(run.configuration)}, seed {run.seed}\n"
            f"  mean delta {signed(run.mean_delta)} pp\n  {cells}"
        )
        if run.id in worths:
            console.print(f"  {_worth_text(worths[run.id])}")


def _worth_text(worth: ChampionWorth) -> str:
    if worth.mean is None:
        return f"no shrunken mean: {worth.reason}"
    text = (
        f"shrunken {worth.mean.shrunken:+.2f} pp ({pp_interval(worth.mean.interval)}), from "
        f"{worth.configurations} configurations at {worth.seeds} seed{'s' * (worth.seeds > 1)}"
    )
    if worth.mean.g1_at_fresh_seed is not None:
        text += f"; G1 at a fresh seed with probability {worth.mean.g1_at_fresh_seed:.0%}"
    return f"{text}\n  {worth.reason}" if worth.reason else text
