"""``talan importance``: how much each axis has to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.options import JsonOption, NameArgument, StorageOption, open_store
from api.cli.printing import echo_json

if TYPE_CHECKING:
    from search.follow_ups.importance import HostImportance


def importance(
    name: NameArgument,
    *,
    by: Annotated[
        str, typer.Option(help="mean_delta, or feasibility (G1 at every seed).")
    ] = "mean_delta",
    method: Annotated[str, typer.Option(help="fanova or ped-anova (Optuna's).")] = "fanova",
    resamples: Annotated[
        int, typer.Option(help="Resamples of the trials that the intervals are from.", min=0)
    ] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the resampling.", min=0)] = 0,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Show each axis's importance per host, with 95% intervals from resampled trials.

    Shares add up to 1 and say how much of what varies an axis accounts for, not in which direction:
    for that, `talan ablate` and `talan g1 --by AXIS`.
    """
    from search.follow_ups.importance import importance_shape, study_importance

    with open_store(storage) as store:
        found = study_importance(store, name, by=by, method=method, resamples=resamples, seed=seed)
        design = str(store.studies.get(name).design["sampler"])
    if as_json:
        more = {"method": method, "design": design}
        echo_json([{**importance_shape(name, by=by, found=host), **more} for host in found])
    else:
        _show(found, by=by, design=design)


def _show(found: Sequence[HostImportance], *, by: str, design: str) -> None:
    console = Console(highlight=False)
    for host in found:
        console.print(
            f"[bold]{host.backbone} {host.adapter}[/bold]  {host.trials} trials ({design}), "
            f"{host.feasible} G1 at every seed"
        )
        if host.reason:
            console.print(f"nothing to tell by {by}: {host.reason}\n")
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("axis")
        table.add_column(f"share of {by}", justify="right")
        table.add_column("95% interval", justify="right")
        for axis in host.axes:
            ends = axis.interval
            interval = "" if ends is None else f"{ends[0]:.2f} - {ends[1]:.2f}"
            table.add_row(axis.axis, f"{axis.share:.2f}", interval)
        console.print(table)
        console.print()
    if design in ("tpe", "nsga2"):
        console.print(f"{design} chose its trials by results: they are no sample of the space.")
