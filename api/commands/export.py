"""``talan export``: a study as one table, a row a cell."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.options import StorageOption, open_store


class Format(StrEnum):
    """File formats of an export."""

    csv = "csv"
    parquet = "parquet"


def export(
    name: Annotated[str, typer.Argument(help="The study's name.", show_default=False)],
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.csv,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write. Default: csv goes to the terminal."),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Write a study as one table: a row a cell (run x benchmark), with the six axes as columns.

    Runs without cells (pending, failed) have one row with empty cell columns. Scores are in
    percent, deltas in percentage points.
    """
    from search.tables import cell_frame

    with open_store(storage) as store:
        frame = cell_frame(store.runs.iterate(name))
    if file_format is Format.parquet:
        target = output or Path(f"{name}.parquet")
        frame.to_parquet(target, index=False)
        typer.echo(f"{len(frame)} rows in {target}", err=True)
    elif output:
        frame.to_csv(output, index=False)
        typer.echo(f"{len(frame)} rows in {output}", err=True)
    else:
        frame.to_csv(sys.stdout, index=False)
