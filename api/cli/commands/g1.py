"""``talan g1``: G1 rates beside their null rates."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import AnyNameArgument, JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.g1 import show_g1
from api.views.g1 import G1Rate


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
        echo_json([G1Rate.from_row(row) for row in rows])
    else:
        show_g1(rows)
