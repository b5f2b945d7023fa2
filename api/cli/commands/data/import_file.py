"""``talan data import``: take a benchmark from a local file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.commands.data.prepared import say_prepared
from workers.suites.paper.prepare import import_benchmark


def import_file(
    benchmark: Annotated[
        str,
        typer.Argument(help="Such as gsm8k_cot; see talan data list.", show_default=False),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON lines, JSON, CSV or Parquet, in the columns it was published in.",
            show_default=False,
        ),
    ],
) -> None:
    """Take a benchmark's items from a local file.

    Example: `talan data import gsm8k_cot test.jsonl`
    """
    say_prepared(import_benchmark(benchmark, file))
