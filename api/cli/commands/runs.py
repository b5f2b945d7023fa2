"""``talan runs``: a study's runs with their deltas."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import JsonOption, NameArgument, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.runs import show_runs
from api.views.runs import Run as RunView
from storage.records import Run, RunFilter


def runs(
    name: NameArgument,
    *,
    g1: Annotated[
        bool | None, typer.Option("--g1/--not-g1", help="Only runs that are (not) G1.")
    ] = None,
    verdict: Annotated[
        str | None, typer.Option(help="Only runs that are strict, tied, inert or not_g1.")
    ] = None,
    sort: Annotated[
        str, typer.Option(help="position, mean_delta or worst_delta (largest first).")
    ] = "position",
    state: Annotated[
        str | None, typer.Option(help="Only runs pending, running, completed or failed.")
    ] = None,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """List a study's runs with their deltas, baselines included.

    Example: `talan runs tiny-lora-grid --g1 --sort mean_delta`
    """
    wanted = RunFilter(g1=g1, verdict=verdict, state=state)
    with open_store(storage) as store:
        found: list[Run] = []
        cursor: str | None = None
        while True:
            page = store.runs.page(name, wanted, sort=sort, limit=1000, cursor=cursor)
            found += page.runs
            cursor = page.next_cursor
            if cursor is None:
                break
    if as_json:
        echo_json([RunView.from_record(found_run) for found_run in found])
    else:
        show_runs(found)
