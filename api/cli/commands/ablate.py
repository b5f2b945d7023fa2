"""``talan ablate``: one axis at a time around a run's configuration."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.commands.confirm import SeedsOption
from api.cli.driving import SOME_FAILED, drive_follow_up
from api.cli.options import JsonOption, RayOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.configurations import configuration_text
from api.cli.tables.seeds import HEADINGS, seed_cells
from api.cli.tables.style import show
from api.views.ablation import Ablation as AblationView
from dashboards.wording import p_value
from search.follow_ups.ablation import (
    Ablation,
    AxisEffect,
    ablation,
    launch_ablation,
)
from search.study.axes import axis_label


def ablate(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    axis: Annotated[
        list[str] | None,
        typer.Option(help="Only this axis; may be repeated. Default: all six."),
    ] = None,
    seeds: SeedsOption = 1,
    as_json: JsonOption = False,
    storage: StorageOption = None,
    ray_address: RayOption = None,
) -> None:
    """Vary one axis at a time around a configuration, over the values of its study.

    Each value is compared with the centre at the same fresh seeds. Compared with the run that was
    chosen, every neighbour would look worse than it is. The runs are a study of their own.

    Example: `talan ablate 0a1b2c3d4e5f6071 --axis layer --seeds 3`
    """
    axes = axis or []
    options = "".join(f" --axis {name}" for name in axes)
    again = f"talan ablate {run_id} --seeds {seeds}{options}"
    with open_store(storage) as store:
        names = launch_ablation(store, run_id, axes=axes, num_seeds=seeds)
        drive_follow_up(store, names, ray_address=ray_address, again=again)
        found = ablation(store, run_id, axes=axes)
    if as_json:
        echo_json(AblationView.from_record(found))
    else:
        _show(found)
    if found.missing:
        raise typer.Exit(SOME_FAILED)


def _show(found: Ablation) -> None:
    console, run = Console(highlight=False), found.origin.run
    seeds = ", ".join(str(centre.seed) for centre in found.centre)
    console.print(f"[bold]{run.id}[/bold]  {run.backbone} {run.adapter} of study {run.study}")
    console.print(f"centre: {configuration_text(run.configuration)}, at seeds {seeds}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("axis", "value"):
        table.add_column(name, overflow="fold")
    for name in (*HEADINGS, "G1", "Dunnett's p"):
        table.add_column(name, justify="right")
    for effect in found.effects:
        shown = axis_label(effect.neighbour.axis, effect.neighbour.value)
        columns = (*seed_cells(effect.relative), _g1(effect), _dunnett(effect, found))
        table.add_row(effect.neighbour.axis, shown, *columns)
    show(table, keys=2)
    console.print("mean (pp): mean delta relative to the centre's at the same seeds.", style="dim")
    test = found.against_centre
    if test is not None:
        console.print(
            f"no test against the centre: {test.reason}"
            if test.reason
            else f"Dunnett's p: all {test.comparisons} neighbours against the centre they share.",
            style="dim",
        )
    for gap in found.missing:
        shown = axis_label(gap.axis, gap.value)
        console.print(
            f"{gap.axis} {shown}: no completed run to compare with the centre's", style="red"
        )
    look_next = f"talan runs {found.studies[-1]} --sort mean_delta"
    console.print(f"\nLook next:  {look_next}", soft_wrap=True)


def _g1(effect: AxisEffect) -> str:
    return f"{effect.g1_seeds}/{effect.relative.n}"


def _dunnett(effect: AxisEffect, found: Ablation) -> str:
    test = found.against_centre
    return p_value(None if test is None else test.p.get(effect.neighbour.identity))
