"""``talan reference``: the paper's figures, to compare your own with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.options import JsonOption
from api.cli.printing import echo_json
from api.cli.tables.configurations import configuration_text
from api.cli.tables.g1 import show_published
from api.cli.tables.style import percent
from api.views.reference import Reference
from search.rates.reference import published_table, reference_shape


def reference(
    table: Annotated[
        str | None, typer.Option("--table", help="Print one table as published, as JSON.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the paper published: G1 rates, with exact intervals, and its champions.

    Figures are as printed. docs/concepts/statistics.md says where the paper's tables disagree with
    each other.

    Example: `talan reference --table table10_g1`
    """
    if table is not None:
        echo_json(published_table(table))
    elif as_json:
        echo_json(Reference.from_record(reference_shape()))
    else:
        _show(reference_shape())


def _show(shape: dict[str, Any]) -> None:
    typer.echo(f"{shape['source']}\n")
    show_published(shape["g1_rates"], shape["total"])
    typer.echo(
        f"\nThe paper has no null runs. By chance alone, at its own discordance: "
        f"{percent(shape['chance']['rate'])} (analytic; one host's runs share a baseline, "
        "so its rate varies widely around this)\n"
    )
    for champion in shape["champions"]:
        cells = "  ".join(
            f"{name} {cell['delta']:+.2f}" for name, cell in champion["cells"].items()
        )
        typer.echo(
            f"{champion['backbone']} {champion['adapter']}, seed {champion['seed']}\n"
            f"  {configuration_text(champion['configuration'])}\n"
            f"  mean delta {champion['mean_delta']:+.2f} pp   {cells}"
        )
    typer.echo("\nChampions are the best of many at the seed that selected them.")
    typer.echo(f"Tables (--table NAME): {', '.join(shape['tables'])}")
