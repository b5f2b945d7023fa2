"""``talan export``: a study as one table, one row per cell."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import StorageOption, open_store
from api.errors import ExportError
from api.views.export_stream import export_stream


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
    """Write a study as one table: one row per cell (run x benchmark), the six axes as columns.

    Runs without cells (pending, failed) have one row with empty cell columns. Scores are in
    percent, deltas in percentage points.

    Example: `talan export tiny-lora-grid --format parquet -o grid.parquet`
    """
    with open_store(storage) as store:
        store.studies.get(name)
        parts = export_stream(store.runs.iterate(name), file_format.value)
        if file_format is Format.csv and output is None:
            sys.stdout.buffer.writelines(parts)
            return
        target = output or Path(f"{name}.parquet")
        _write(parts, target)
    typer.echo(f"{name} is in {target}", err=True)


def _write(parts: Iterable[bytes], target: Path) -> None:
    """Write a file whole or not at all; what is there already and no file is written to as it is.

    Raises:
        ExportError: The file cannot be written.
    """
    in_place = target.exists() and not target.is_file()
    path = target if in_place else target.with_name(f".{target.name}.part")
    try:
        with path.open("wb") as file:
            file.writelines(parts)
        if not in_place:
            path.replace(target)
    except OSError as error:
        if path.is_file() and not in_place:
            path.unlink()
        msg = f"cannot write {str(target)!r}: {error.strerror or error}"
        raise ExportError(msg) from error
