"""``talan data pull``: fetch data from the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.commands.data.prepared import say_prepared
from workers.errors import DataError
from workers.mixture.build import fetch_sources
from workers.mixture.recipe import read_recipe
from workers.suites.paper.benchmarks import PUBLISHED
from workers.suites.paper.prepare import pull_benchmark

_PAPER, _MIXTURE = "paper", "mixture"


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
    wanted = what or [_PAPER, _MIXTURE]
    if revision is not None and (len(wanted) != 1 or wanted[0] not in PUBLISHED):
        allowed = ", ".join(PUBLISHED)
        raise DataError(f"--revision is for one benchmark; name one of {allowed}")
    for name in wanted:
        for benchmark in PUBLISHED if name == _PAPER else [name] if name in PUBLISHED else []:
            say_prepared(pull_benchmark(benchmark, revision=revision))
        if name != _PAPER and name not in PUBLISHED:
            recipe, _ = read_recipe("paper" if name == _MIXTURE else name)
            for line in fetch_sources(recipe):
                typer.echo(line)
