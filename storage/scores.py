"""Verdicts of scorers, kept so that the same response to the same item is scored once.

Owns: one small file a verdict beside the artifacts, named by the SHA-256 of what was scored and by
which scorer. A file is written beside its place and moved there; one that is not whole, or says
another name than its own, counts as absent. The first verdict to be written stays.
Does not cover: scoring, and what belongs into a name (`workers.evaluation.score_once`).
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress

from fsspec.implementations.local import LocalFileSystem

from storage.artifact_errors import opened, translated

FOLDER = "scores"


class ScoreStore:
    """The verdicts beside an artifact store; safe to share between processes.

    Args:
        url: The artifact store's.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, root = opened(url)
        self._root = f"{root.rstrip('/')}/{FOLDER}"

    def get(self, name: str) -> dict[str, float] | None:
        """The verdict of that name, by metric; None where there is none."""
        with translated(self.url):
            try:
                data = self._fs.cat_file(self._path(name))
            except FileNotFoundError:
                return None
        try:
            found = json.loads(data)
        except ValueError:
            return None
        is_whole = isinstance(found, dict) and found.get("name") == name
        return dict(found["metrics"]) if is_whole and "metrics" in found else None

    def put(self, name: str, metrics: Mapping[str, float]) -> dict[str, float]:
        """Keep a verdict; returns the one that is kept, which may be an earlier one."""
        path = self._path(name)
        partial = f"{path}.{uuid.uuid4().hex}.partial"
        content = json.dumps({"name": name, "metrics": dict(metrics)}).encode()
        with translated(self.url):
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            try:
                self._fs.pipe_file(partial, content)
                earlier = self._place(partial, path, name=name)
            finally:
                with suppress(FileNotFoundError):
                    self._fs.rm(partial)
        return dict(metrics) if earlier is None else earlier

    def _place(self, partial: str, path: str, *, name: str) -> dict[str, float] | None:
        """Move a file to its place unless there is a whole one, whose verdict is returned.

        A folder can say which of two that come at once is first; other stores look before they
        move.
        """
        if isinstance(self._fs, LocalFileSystem):
            with suppress(FileExistsError):
                os.link(partial, path)
                return None
        earlier = self.get(name)
        if earlier is None:
            self._fs.mv(partial, path)
        return earlier

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}.json"
