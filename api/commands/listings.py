"""``talan runs``, ``run``, ``g1``, ``champions``: questions to the record."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from api import run_screens, screens
from api.options import JsonOption, StorageOption, open_store
from api.shapes import run_details_shape, run_shape
from storage.records import Run, RunFilter

NameArgument = Annotated[str, typer.Argument(help="The study's name.", show_default=False)]
AnyNameArgument = Annotated[
    str | None, typer.Argument(help="A study's name; all studies without one.", show_default=False)
]


def runs(
    name: NameArgument,
    *,
    g1: Annotated[
        bool | None, typer.Option("--g1/--not-g1", help="Only runs that are (not) G1.")
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
    """List a study's runs with their deltas, baselines included."""
    with open_store(storage) as store:
        found: list[Run] = []
        cursor: str | None = None
        while True:
            page = store.runs.page(
                name, RunFilter(g1=g1, state=state), sort=sort, limit=1000, cursor=cursor
            )
            found += page.runs
            cursor = page.next_cursor
            if cursor is None:
                break
    if as_json:
        echo_json([run_shape(found_run) for found_run in found])
    else:
        run_screens.show_runs(found)


def run(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Show one run: its configuration, its cells beside the baseline's, where its artifacts are."""
    from search.rates.truncation import truncated_responses

    with open_store(storage) as store:
        found = store.runs.get(run_id)
        losses, detail = store.runs.losses(run_id), store.runs.error_detail(run_id)
        truncated = truncated_responses(store, found)
    if as_json:
        shape = run_details_shape(found, error_detail=detail)
        echo_json({**shape, "losses": list(losses), "n_truncated": truncated})
    else:
        run_screens.show_run(found, losses=losses, error_detail=detail)
        run_screens.show_truncated(truncated)


def g1(
    name: AnyNameArgument = None,
    *,
    by: Annotated[
        str | None,
        typer.Option(
            help="Split by an axis: layer, slots, mixer, writeback, trainability, gradient_scale."
        ),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Only this backbone.")] = None,
    adapter: Annotated[str | None, typer.Option(help="Only this adapter, e.g. lora-r8.")] = None,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Show G1 rates per backbone and adapter with exact 95% intervals, beside their null rates.

    Where a study has null runs, the rate is tested against them; where it has none, what chance
    alone would give is computed from how often runs and baseline differ.
    """
    from search.rates.g1_rates import g1_rows

    with open_store(storage) as store:
        rows = g1_rows(store, name, backbone=backbone, adapter=adapter, by=by)
    if as_json:
        echo_json(rows)
    else:
        screens.show_g1(rows)


def champions(
    name: AnyNameArgument = None, as_json: JsonOption = False, storage: StorageOption = None
) -> None:
    """Show each host's champion: the G1 run with the largest mean delta.

    The best of many is biased upward: confirm a champion on fresh seeds before calling it better.
    """
    with open_store(storage) as store:
        found = store.rates.champions(name)
    if as_json:
        echo_json([{"study": champion.study, **run_shape(champion)} for champion in found])
    else:
        screens.show_champions(found)


def echo_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
