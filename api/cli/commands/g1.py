"""``talan g1``: G1 rates with their split, their tests and their null runs."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import AnyNameArgument, JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.g1 import show_g1
from api.views.g1 import G1Rate
from search.rates.g1_rates import g1_rows


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
    """Show G1 rates per backbone and adapter: strict, tied and inert runs, intervals and tests.

    The rotation test takes each run in turn as the baseline and needs no null runs. Next to
    it are shown what chance alone gives, from how often each run and its baseline differ, and the
    null runs by kind, with a test against the kind that disturbs as much as the treatments do.

    Example: `talan g1 tiny-lora-grid --by layer`
    """
    with open_store(storage) as store:
        rows = g1_rows(store, name, backbone=backbone, adapter=adapter, by=by)
    if as_json:
        echo_json([G1Rate.from_row(row) for row in rows])
    else:
        show_g1(rows)
