"""``talan train``: one configuration, without an audit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from dashboards.model_card import require_empty, write_unmeasured_card
from search.study.single import read_single


def train(
    file: Annotated[
        Path, typer.Argument(help="A study file with one value each, or the paper's JSON record.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write: a new one, or an empty one.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your conversations instead of the suite's training data: JSON lines, each "
            '{"messages": [{"role": ..., "content": ...}, ...]}.'
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(help="Use this instead of the file's: a built-in name, a folder, a hub id."),
    ] = None,
) -> None:
    """Train one configuration and write its model folder; nothing is measured.

    It is trained as an audit trains it: the same file, seed and machine give the same bytes. A
    study file's keys are in docs/reference/study-file.md; `training: {max_steps: 200}` sets the
    recipe. Only an audit says whether the block helps on your data: `talan study run`.

    Example: `talan train one.yaml --data mine.jsonl -o mine`, then `talan generate mine --chat`
    """
    require_empty(output)
    single = read_single(file, backbone=backbone, data=data)
    trained = import_module("search.driving.alone").train_alone(single, output)
    write_unmeasured_card(output, single=single, rests_on=trained.rests_on)
    typer.echo(f"wrote {output}: {trained.steps} steps, last loss {trained.losses[-1]:.4g}")
