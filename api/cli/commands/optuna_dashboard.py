"""``talan optuna-dashboard``: Optuna's own dashboard over the studies' trials.

Owns: where it may listen and what it reads. It can change and delete what it shows, and knows no
token, so it listens on this machine only. Does not cover: the dashboard, which is a package of its
own.
"""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import StorageOption, open_store
from api.errors import ApiError


class DashboardMissingError(ApiError):
    """The dashboard's package is not installed."""


def optuna_dashboard(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    storage: StorageOption = None,
) -> None:
    """Serve Optuna Dashboard over the same studies, on this machine only.

    Set TALAN_OPTUNA_DASHBOARD=http://127.0.0.1:8080 for `talan serve`, and its pages link here.
    """
    try:
        from optuna_dashboard import run_server
    except ImportError as error:
        msg = "Optuna Dashboard is not installed; pip install 'talan-audit[optuna-dashboard]'"
        raise DashboardMissingError(msg) from error
    from search.driving.optuna_record import open_optuna_storage

    with open_store(storage) as store:
        url = store.sibling_url("optuna")
    typer.echo(f"Optuna Dashboard: http://127.0.0.1:{port}", err=True)
    run_server(open_optuna_storage(url), host="127.0.0.1", port=port)
