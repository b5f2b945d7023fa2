"""An error as a person sees it: one sentence, and exit code 2.

Owns: which errors are sentences for a person; others are faults and keep their traceback. Does not
cover: usage errors, which are typer's.
"""

from __future__ import annotations

import sys

from rich.console import Console

from api.errors import ApiError
from dashboards.errors import DashboardError
from search.errors import SearchError
from storage.errors import StorageError
from storage.secrets import without_secrets
from talan.errors import TalanError
from workers.errors import WorkerError

OURS = (ApiError, DashboardError, SearchError, StorageError, WorkerError, TalanError)


def refuse(error: Exception) -> None:
    """End the command with a sentence if the error is one of ours; else return."""
    if not isinstance(error, OURS):
        return
    Console(stderr=True).print(
        f"talan: {without_secrets(str(error))}",
        style="red",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    sys.exit(2)
