"""``talan figures``: the figures of a study (or several) as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.options import JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.views.figures import FigureEntry
from dashboards.figures import CATALOGUE, MECHANISM, Figure, find_figure
from dashboards.figures.standalone import write_figure
from dashboards.study_frames import StudyRecord, load_record, with_importance
from storage import AuditStore

ThemeOption = Annotated[str, typer.Option("--theme", help="light or dark.")]


def figures(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="A study's name; several are drawn side by side.", show_default=False),
    ] = None,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A figure's key (see --list); may be given several times."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write to. Default: NAME-figures."),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="html, json (plotly's) or csv (the facts).")
    ] = "html",
    theme: ThemeOption = "light",
    list_only: Annotated[
        bool, typer.Option("--list", help="Show which figures there are, and write none.")
    ] = False,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Write a study's figures: G1 rates, deltas, what each axis does, where the time went.

    Each figure is a file; csv has the data it is drawn from. Pages load nothing from the network.

    Example: `talan figures tiny-lora-grid --only g1-rates --format csv`
    """
    chosen = [find_figure(key) for key in only] if only else [*CATALOGUE, *MECHANISM]
    if list_only:
        _show(chosen, as_json=as_json)
        return
    if not names:
        raise typer.BadParameter("name a study, or ask for --list", param_hint="NAMES")
    folder = output or Path(f"{names[0]}-figures")
    with open_store(storage) as store:
        records = _records(store, names, figures=chosen)
    if not only and all(found.is_empty for one in records for found in one.mechanisms):
        chosen = list(CATALOGUE)  # what nobody analysed is drawn where it is asked for
    written = [
        write_figure(figure, records, folder=folder, file_format=file_format, theme=theme)
        for figure in chosen
    ]
    if as_json:
        echo_json([str(path) for path in written])
    else:
        typer.echo(f"{len(written)} figures are in {folder}", err=True)


def _records(store: AuditStore, names: list[str], *, figures: list[Figure]) -> list[StudyRecord]:
    """The studies; importance, which takes seconds, only where a figure needs it."""
    records = [load_record(store, name) for name in dict.fromkeys(names)]
    if any(figure.needs == "importance" for figure in figures):
        return [with_importance(store, record) for record in records]
    return records


def _show(chosen: list[Figure], *, as_json: bool) -> None:
    if as_json:
        echo_json([FigureEntry.from_record(figure) for figure in chosen])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("key", "title", "question"):
        table.add_column(heading, overflow="fold")
    for figure in chosen:
        table.add_row(figure.key, figure.title, figure.question)
    Console(highlight=False).print(table)
