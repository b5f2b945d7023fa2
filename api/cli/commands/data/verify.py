"""``talan data verify``: compare files with their recorded hashes."""

from __future__ import annotations

import typer

from api.cli.options import JsonOption
from api.cli.printing import echo_json
from api.views.data import DataEntry
from workers.mixture.listing import verify_data


def verify(as_json: JsonOption = False) -> None:
    """Compare all files with the hashes recorded when they were fetched."""
    entries = verify_data()
    if as_json:
        echo_json([DataEntry.from_record(entry) for entry in entries])
    else:
        num_files = sum(len(entry.files) for entry in entries)
        typer.echo(f"{num_files} files of {len(entries)} entries are as they were recorded")
