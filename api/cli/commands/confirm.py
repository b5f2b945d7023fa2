"""``talan confirm``: a run's configuration at fresh seeds."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from api.cli.driving import SOME_FAILED, drive_follow_up, drive_shown
from api.cli.options import JsonOption, RayOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.configurations import configuration_text
from api.cli.tables.seeds import seed_table_of
from api.cli.tables.style import show
from api.views.confirmation import Confirmation as ConfirmationView
from dashboards.wording import POOLED_NOTE
from search.follow_ups.confirmation import (
    Confirmation,
    confirmation,
    launch_confirmation,
    summaries,
)
from search.follow_ups.sequential_confirmation import (
    Sequential,
    launch_next_seed,
    sequential_confirmation,
)
from storage import AuditStore

SeedsOption = Annotated[int, typer.Option(help="How many fresh seeds.", min=1)]


def confirm(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    seeds: SeedsOption = 5,
    until: Annotated[
        float | None,
        typer.Option(
            help="Add seeds one by one until it is decided, with this chance of a wrong decision "
            "at most (0.05). --seeds is then ignored."
        ),
    ] = None,
    max_seeds: Annotated[int, typer.Option(help="With --until: seeds at most.", min=1)] = 40,
    as_json: JsonOption = False,
    storage: StorageOption = None,
    ray_address: RayOption = None,
) -> None:
    """Run a configuration and its baseline again at fresh seeds, and show its unbiased delta.

    The best of many is biased upward; runs at fresh seeds are not, since nothing was chosen by
    them. The runs are a study of their own, so an interrupted confirmation continues where it
    stopped, and asking for more seeds later runs only the missing ones. Fix their number before you
    look, or let `--until` decide when to stop: its decision is valid whenever it stops.

    Example: `talan confirm 0a1b2c3d4e5f6071 --until 0.05 --max-seeds 40`
    """
    decided = None
    with open_store(storage) as store:
        if until is None:
            again = f"talan confirm {run_id} --seeds {seeds}"
            names = launch_confirmation(store, run_id, num_seeds=seeds)
            drive_follow_up(store, names, ray_address=ray_address, again=again)
        else:
            decided = _until_decided(
                store, run_id, level=until, max_seeds=max_seeds, ray_address=ray_address
            )
        found = confirmation(store, run_id)
    if as_json:
        echo_json(ConfirmationView.from_record(found, until=decided))
    else:
        _show(found)
        if decided is not None:
            console = Console(highlight=False)
            console.print("Intervals, t and p above take the number of seeds as settled.")
            console.print(f"[bold]{decided.sentence}[/bold]")
    if found.failed:
        raise typer.Exit(SOME_FAILED)


def _until_decided(
    store: AuditStore, run_id: str, *, level: float, max_seeds: int, ray_address: str | None
) -> Sequential:
    """Drive one seed after another; what is on record is looked at before each."""
    console = Console(stderr=True, highlight=False)
    again = f"talan confirm {run_id} --until {level:g} --max-seeds {max_seeds}"
    state = sequential_confirmation(store, run_id, level=level, max_seeds=max_seeds)
    while not state.finished:
        for name in launch_next_seed(store, run_id, max_seeds=max_seeds):
            if drive_shown(store, name, ray_address=ray_address, again=again) == "stopped":
                raise typer.Exit(SOME_FAILED)
        state = sequential_confirmation(store, run_id, level=level, max_seeds=max_seeds)
        if not state.finished:
            console.print(state.sentence)
    return state


def _show(found: Confirmation) -> None:
    console, run, selection = Console(highlight=False), found.origin.run, found.selection
    console.print(f"[bold]{run.id}[/bold]  {run.backbone} {run.adapter} of study {run.study}")
    console.print(configuration_text(run.configuration))
    console.print()
    show(seed_table_of(summaries(found), heading="benchmark"))
    console.print(POOLED_NOTE, style="dim")
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
    console.print(f"\nLook next:  talan runs {found.studies[-1]}", soft_wrap=True)
