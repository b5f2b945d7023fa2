"""``talan data``: benchmarks and training mixtures that do not come with this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.options import JsonOption
from api.cli.printing import echo_json

if TYPE_CHECKING:
    from workers.data.listing import Entry
    from workers.suites.paper.prepare import Prepared

app = typer.Typer(
    no_args_is_help=True,
    help="""Fetch, import, build and check data. Only `pull` needs a network.

    It lies in the folder `TALAN_DATA`, by default `~/.cache/talan-audit/data`.
    """,
)
_PAPER, _MIXTURE = "paper", "mixture"


@app.command()
def pull(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="paper (its four benchmarks), one of them, mixture (the sources of the paper's "
            "training mixture), or a recipe file. Default: paper and mixture.",
            show_default=False,
        ),
    ] = None,
    *,
    revision: Annotated[
        str | None,
        typer.Option(help="Another branch, tag or commit, for one benchmark."),
    ] = None,
) -> None:
    """Fetch data from the hub, once; afterwards nothing needs a network."""
    from workers.errors import DataError
    from workers.mixture.build import fetch_sources
    from workers.mixture.recipe import read_recipe
    from workers.suites.paper.benchmarks import PUBLISHED
    from workers.suites.paper.prepare import pull_benchmark

    wanted = what or [_PAPER, _MIXTURE]
    if revision is not None and (len(wanted) != 1 or wanted[0] not in PUBLISHED):
        allowed = ", ".join(PUBLISHED)
        raise DataError(f"--revision is for one benchmark; allowed beside it is one of {allowed}")
    for name in wanted:
        for benchmark in PUBLISHED if name == _PAPER else [name] if name in PUBLISHED else []:
            _say(pull_benchmark(benchmark, revision=revision))
        if name != _PAPER and name not in PUBLISHED:
            recipe, _ = read_recipe("paper" if name == _MIXTURE else name)
            for line in fetch_sources(recipe):
                typer.echo(line)


@app.command("import")
def import_file(
    benchmark: Annotated[
        str, typer.Argument(help="Such as gsm8k_cot; talan data list has all.", show_default=False)
    ],
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON lines, JSON, CSV or Parquet, in the columns it was published in.",
            show_default=False,
        ),
    ],
) -> None:
    """Take a benchmark's items from a local file."""
    from workers.suites.paper.prepare import import_benchmark

    _say(import_benchmark(benchmark, file))


@app.command()
def build(
    recipe: Annotated[
        str, typer.Argument(help="paper, or a recipe file (YAML).", show_default=False)
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder to write. Default: mixture/NAME in the data folder, which is where "
            "the suite paper looks.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the recipe's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Build a training mixture: conversations from a recipe's sources, none from a benchmark."""
    from workers.data.folder import mixture_folder
    from workers.mixture.build import build_mixture
    from workers.mixture.recipe import read_recipe

    wanted, base = read_recipe(recipe)
    if seed is not None:
        wanted = wanted.model_copy(update={"seed": seed})
    folder = output or mixture_folder(wanted.name)
    manifest = build_mixture(wanted, folder, base=base)
    if as_json:
        echo_json(manifest)
        return
    for source in manifest["sources"]:
        dropped = ", ".join(f"{count} {reason}" for reason, count in source["dropped"].items())
        typer.echo(
            f"{source['name']}: {source['taken']} of {source['rows']} rows"
            + (f" ({dropped})" if dropped else "")
        )
    for overlap in manifest["overlaps"]:
        typer.echo(f"overlap: {overlap['source']} row {overlap['row']} with {overlap['item']}")
    typer.echo(f"{manifest['num_examples']} examples, sha256 {manifest['sha256']}\n{folder}")


@app.command("list")
def list_entries(as_json: JsonOption = False) -> None:
    """Show what is there, with counts and hashes."""
    from api.views.data import DataListing
    from workers.data.folder import data_folder
    from workers.data.listing import list_data

    entries = list_data()
    if as_json:
        echo_json(DataListing.from_record(entries, folder=data_folder()))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "name", "rows", "sha256", "source"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        source = entry.source or ("missing" if entry.kind == "benchmark" else "")
        table.add_row(entry.kind, entry.name, _rows(entry), (entry.sha256 or "")[:12], source)
    Console(highlight=False).print(table)
    typer.echo(f"in {data_folder()}")


@app.command()
def verify(as_json: JsonOption = False) -> None:
    """Compare all files with the hashes that were recorded when they came."""
    from api.views.data import DataEntry
    from workers.data.listing import verify_data

    entries = verify_data()
    if as_json:
        echo_json([DataEntry.from_record(entry) for entry in entries])
    else:
        num_files = sum(len(entry.files) for entry in entries)
        typer.echo(f"{num_files} files of {len(entries)} entries are as they were recorded")


def _say(prepared: Prepared) -> None:
    few = prepared.num_items != prepared.num_items_published
    typer.echo(
        f"{prepared.benchmark}: {prepared.num_items} items, sha256 {prepared.items_sha256}"
        + (f" (published are {prepared.num_items_published}: this is a part)" if few else "")
    )


def _rows(entry: Entry) -> str:
    if entry.num_rows is None:
        return "" if entry.expected_rows is None else f"0/{entry.expected_rows}"
    return f"{entry.num_rows}/{entry.expected_rows}" if entry.expected_rows else str(entry.num_rows)
