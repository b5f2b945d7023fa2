"""``talan importance``: how much each axis matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.options import JsonOption, NameArgument, StorageOption, open_store
from api.cli.printing import echo_json
from api.views.importance import Importance
from search.follow_ups.importance import (
    HostImportance,
    importance_notes,
    no_sample_note,
    study_importance,
)


def importance(
    name: NameArgument,
    *,
    by: Annotated[
        str, typer.Option(help="mean_delta, or feasibility (G1 at every seed).")
    ] = "mean_delta",
    method: Annotated[
        str,
        typer.Option(
            help="anova (exact, a full grid), fanova, ped-anova, or auto: exact shares of a full "
            "grid, fanova elsewhere."
        ),
    ] = "auto",
    resamples: Annotated[
        int, typer.Option(help="Resamples of the trials for the intervals.", min=0)
    ] = 50,
    shuffles: Annotated[
        int | None,
        typer.Option(
            help="Shuffled trials for the references: 19 or more, or 0 for none. "
            "Default: as many as the method can do in seconds."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of resamples and shuffles.", min=0)] = 0,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Show each axis's importance per host, with what it would be in shuffled trials.

    A share says how much of the variance an axis accounts for, not in which direction: see
    `talan ablate` and `talan g1 --by AXIS` for that. Noise gets shares, too, so a share means
    something only above its reference. It is marked if chance gives any axis such a share in fewer
    than 5% of studies.

    Example: `talan importance tiny-lora-grid --by feasibility`
    """
    with open_store(storage) as store:
        found = study_importance(
            store,
            name,
            by=by,
            method=method,
            resamples=resamples,
            shuffles=shuffles,
            seed=seed,
        )
        study = store.studies.get(name)
    design, notes = str(study.design["sampler"]), importance_notes(study)
    if as_json:
        more: Any = {"study": name, "by": by, "design": design, "notes": notes}
        echo_json([Importance.from_record(host, **more) for host in found])
    else:
        _show(found, by=by, design=design)
        for note in notes:
            Console(highlight=False).print(f"note: {note}")


def _show(found: Sequence[HostImportance], *, by: str, design: str) -> None:
    console = Console(highlight=False)
    for host in found:
        console.print(
            f"[bold]{host.backbone} {host.adapter}[/bold]  {host.trials} trials ({design}), "
            f"{host.feasible} G1 at every seed"
        )
        if host.reason:
            console.print(f"no importance by {by}: {host.reason}\n")
            continue
        console.print(_table(host, by=by))
        console.print(_basis(host) + "\n", style="dim")
    if note := no_sample_note([design]):
        console.print(note)


def _table(host: HostImportance, *, by: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("axis")
    for heading in (f"share of {by}", "95% interval", "reference", ""):
        table.add_column(heading, justify="right")
    for axis in host.axes:
        ends = axis.interval
        table.add_row(
            axis.axis,
            f"{axis.share:.2f}",
            "" if ends is None else f"{ends[0]:.2f} - {ends[1]:.2f}",
            "" if axis.reference is None else f"{axis.reference:.2f}",
            "more than chance" if axis.important else "",
        )
    return table


def _basis(host: HostImportance) -> str:
    """What the numbers are from."""
    parts = [f"{host.method}"]
    if host.together is not None:
        parts.append(f"exact on a full grid, {host.together:.2f} is left to interactions and noise")
    if host.r2 is not None:
        parts.append(f"R2 out of bag {host.r2:.2f}")
    if host.resamples:
        parts.append(f"{host.resamples} resamples")
    if host.shuffles:
        parts.append(f"reference: the 95% point of {host.shuffles} shuffles")
    return "; ".join(parts)
