"""Options that several commands share, and opening the record they name.

Owns: where the record is: ``--storage``, else ``TALAN_STORAGE``, else a SQLite file in the working
folder. Does not cover: what is asked of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import storage
from api.places import DEFAULT_STORAGE

StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage",
        envvar="TALAN_STORAGE",
        help="Database URL: sqlite:///FILE or postgresql://user:password@host/database. "
        "Default: the file talan.db in the working folder.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ArtifactsOption = Annotated[
    str | None,
    typer.Option(
        "--artifacts",
        envvar="TALAN_ARTIFACTS",
        help="Folder or fsspec URL for responses and checkpoints. "
        "Default: talan-artifacts in the working folder.",
        show_default=False,
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster (host:port, or auto). Default: a Ray of its own on this machine.",
        show_default=False,
    ),
]
FileArgument = Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)]
NameArgument = Annotated[str, typer.Argument(help="The study's name.", show_default=False)]
AnyNameArgument = Annotated[
    str | None, typer.Argument(help="A study's name; all studies without one.", show_default=False)
]


def open_store(url: str | None, *, create: bool = False) -> storage.AuditStore:
    """Open the record; only launching creates one where there is none."""
    return storage.AuditStore.open(url or DEFAULT_STORAGE, create=create)
