"""``talan demo``: a small audit from beginning to end, with nothing to prepare."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Annotated

import typer

from api.cli.commands.study.run import run
from api.cli.options import ArtifactsOption, RayOption, StorageOption

ShowOption = Annotated[
    bool, typer.Option("--show", help="Print the demo's study file, as a start for your own.")
]


def demo(
    show: ShowOption = False,
    storage: StorageOption = None,
    artifacts: ArtifactsOption = None,
    ray_address: RayOption = None,
) -> None:
    """Audit 24 configurations on the built-in backbone, in about four minutes on two cores.

    It needs no GPU, no weights and no network, and ends with the result in a few sentences. The
    same command again continues where it stopped, or shows the result again.

    Example: `talan demo --show > my-study.yaml`
    """
    demo_file = files("api.cli") / "demo.yaml"
    if show:
        typer.echo(demo_file.read_text(), nl=False)
        return
    with as_file(demo_file) as path:
        run(path, storage=storage, artifacts=artifacts, ray_address=ray_address)
