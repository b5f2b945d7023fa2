"""``talan checkpoint``: a run as a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import StorageOption, open_store
from dashboards.model_card import write_model


def checkpoint(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder to write: a new one, or an empty one."),
    ],
    storage: StorageOption = None,
) -> None:
    """Take a run out of the record: its adapter, its block and a model card, in one folder.

    The stored checkpoint is checked against its hash. The card says what was measured, with
    intervals, what the audit says of all runs, and whether this one was confirmed. Load it with
    `from talan import from_pretrained; model, tokenizer = from_pretrained("champion")`, or look at
    it with `talan generate champion`.

    Example: `talan champions`, then `talan checkpoint 0a1b2c3d4e5f6071 -o champion`
    """
    with open_store(storage) as store:
        write_model(store, run_id, output)
    typer.echo(f"wrote {output}; what it is worth is in {output / 'README.md'}")
