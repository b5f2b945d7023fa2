"""``talan report``: a study as one file to share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.commands.figures import ThemeOption
from api.cli.options import NameArgument, StorageOption, open_store
from api.errors import ExportError
from dashboards.report import load_report, render_report


def report(
    name: NameArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write. Default: NAME-report.html (or .md)."),
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", help="html or md. Default: by the file's ending, else html."),
    ] = None,
    theme: ThemeOption = "light",
    storage: StorageOption = None,
) -> None:
    """Write a study's report: verdict, caveats, rates, champions, figures, protocol, provenance.

    The HTML is one file that loads nothing from the network. The Markdown has tables, no figures.

    Example: `talan report tiny-lora-grid -o grid.html`
    """
    chosen = file_format or ("md" if output and output.suffix == ".md" else "html")
    with open_store(storage) as store:
        found = load_report(store, name)
    text = render_report(found, file_format=chosen, theme=theme)
    target = output or Path(f"{name}-report.{chosen}")
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"cannot write {str(target)!r}: {error.strerror or error}"
        raise ExportError(msg) from error
    typer.echo(f"the report of {name} is in {target}", err=True)
