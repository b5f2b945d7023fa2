"""``talan study stop``: ask an audit to stop."""

from __future__ import annotations

import typer

from api.cli.options import NameArgument, StorageOption, open_store


def stop(name: NameArgument, storage: StorageOption = None) -> None:
    """Ask a study's driver to stop; runs in flight go back to pending."""
    with open_store(storage) as store:
        store.studies.stop(name)
    typer.echo(f"Study {name} will stop within seconds. Go on with: talan study resume {name}")
