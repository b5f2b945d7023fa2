"""``talan data list``: what is there."""

from __future__ import annotations

import typer

from api.cli.options import JsonOption
from api.cli.printing import echo_json
from api.cli.tables.style import console, table_of
from api.views.data import DataListing
from workers.data.folder import data_folder
from workers.mixture.listing import Entry, list_data


def list_entries(as_json: JsonOption = False) -> None:
    """Show which data is there, with counts and hashes."""
    entries = list_data()
    if as_json:
        echo_json(DataListing.from_record(entries, folder=data_folder()))
        return
    table = table_of("kind", "name", "rows", "sha256", "source")
    for entry in entries:
        source = entry.source or ("missing" if entry.kind == "benchmark" else "")
        table.add_row(entry.kind, entry.name, _rows(entry), (entry.sha256 or "")[:12], source)
    console.print(table)
    typer.echo(f"in {data_folder()}")


def _rows(entry: Entry) -> str:
    if entry.num_rows is None:
        return "" if entry.expected_rows is None else f"0/{entry.expected_rows}"
    return f"{entry.num_rows}/{entry.expected_rows}" if entry.expected_rows else str(entry.num_rows)
