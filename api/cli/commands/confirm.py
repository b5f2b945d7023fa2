"""``talan confirm``: a run's configuration at fresh seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from api.cli.driving import SOME_FAILED, drive_follow_up
from api.cli.options import JsonOption, RayOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.configurations import configuration_text

if TYPE_CHECKING:
    from search.follow_ups.confirmation import Confirmation

SeedsOption = Annotated[int, typer.Option(help="How many fresh seeds.", min=1)]


def confirm(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    seeds: SeedsOption = 5,
    as_json: JsonOption = False,
    storage: StorageOption = None,
    ray_address: RayOption = None,
) -> None:
    """Run a configuration and its baseline again at fresh seeds, and tell what it is worth.

    The best of many is biased upward; runs at seeds that chose nothing are not. The runs are a
    study of their own, so that an interrupted confirmation goes on where it stopped, and asking for
    more seeds later runs only those that are missing. Settle their number before you look.
    """
    from search.follow_ups.confirmation import confirmation, confirmation_shape, launch_confirmation

    again = f"talan confirm {run_id} --seeds {seeds}"
    with open_store(storage) as store:
        names = launch_confirmation(store, run_id, num_seeds=seeds)
        drive_follow_up(store, names, ray_address=ray_address, again=again)
        found = confirmation(store, run_id)
    if as_json:
        echo_json(confirmation_shape(found))
    else:
        _show(found)
    if found.failed:
        raise typer.Exit(SOME_FAILED)


def _show(found: Confirmation) -> None:
    from api.cli.tables.seeds import seed_table_of
    from search.follow_ups.confirmation import summaries

    console, run, selection = Console(highlight=False), found.origin.run, found.selection
    console.print(f"[bold]{run.id}[/bold]  {run.backbone} {run.adapter} of study {run.study}")
    console.print(configuration_text(run.configuration))
    console.print()
    console.print(seed_table_of(summaries(found), heading="benchmark"))
    console.print(
        "mean: one mean over benchmarks a seed. pooled: every benchmark and seed at once; these "
        "share baselines, so its t and p describe and do not test.",
        style="dim",
    )
    console.print(
        f"\nG1 at {found.table.g1_seeds} of {len(found.runs)} fresh seeds\n"
        f"chosen for  {selection.winning:+.2f} pp at seed {run.seed}, among "
        f"{found.selected_from} completed runs\n"
        f"confirmed   {selection.confirmed.mean:+.2f} pp at seeds that chose nothing "
        f"(optimism {selection.optimism:+.2f} pp)"
    )
    if found.failed:
        seeds = ", ".join(map(str, found.failed))
        console.print(f"without a verdict, and in no number: seeds {seeds}", style="red")
    console.print(f"\nLook next:  talan runs {found.studies[-1]}")
