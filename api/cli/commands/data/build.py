"""``talan data build``: build a training mixture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import JsonOption
from api.cli.printing import echo_json
from api.views.mixture import MixtureManifest
from workers.data.folder import mixture_folder
from workers.mixture.build import build_mixture
from workers.mixture.recipe import read_recipe


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
            help="The folder to write. Default: mixture/NAME in the data folder, where "
            "the suite paper looks.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's seed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Build a training mixture: conversations from a recipe's sources, none from a benchmark.

    Example: `talan data build paper --seed 1`
    """
    wanted, base = read_recipe(recipe)
    if seed is not None:
        wanted = wanted.model_copy(update={"seed": seed})
    folder = output or mixture_folder(wanted.name)
    manifest = build_mixture(wanted, folder, base=base)
    if as_json:
        echo_json(MixtureManifest.from_record(manifest))
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
