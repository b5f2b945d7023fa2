"""What ``pull`` and ``import`` tell of a benchmark that is there now."""

from __future__ import annotations

import typer

from workers.suites.paper.prepare import Prepared


def say_prepared(prepared: Prepared) -> None:
    """Tell what a benchmark's items are now."""
    few = prepared.num_items != prepared.num_items_published
    typer.echo(
        f"{prepared.benchmark}: {prepared.num_items} items, sha256 {prepared.items_sha256}"
        + (f" (published are {prepared.num_items_published}: this is a part)" if few else "")
    )
