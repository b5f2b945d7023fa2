"""The ``talan`` command: its groups, and what a person sees when something is wrong.

Owns: composing the commands and turning our errors into one sentence and an exit code: 0 done,
1 some runs failed, 2 bad input, 130 interrupted with the state kept. Does not cover: the commands
themselves (``api.cli.commands``).
"""

from __future__ import annotations

import os
import sys
import warnings

import typer
from rich.console import Console

from api.cli.commands import (
    ablate,
    champions,
    confirm,
    cost,
    data,
    database,
    export,
    figures,
    g1,
    importance,
    optuna_dashboard,
    reference,
    report,
    rescore,
    run,
    runs,
    service,
    study,
)

app = typer.Typer(
    name="talan",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Find out where in a model a small latent side path helps, and whether it really does.

    An *audit study* trains configurations of TALAN beside a matched adapter-only baseline and
    counts those that lose on no benchmark (G1, full non-regression).

    Begin with: `talan study run examples/tiny-lora-grid.yaml`
    """,
)
app.add_typer(study.app, name="study")
app.add_typer(data.app, name="data")
app.add_typer(database.app, name="db")
app.command("runs")(runs.runs)
app.command("run")(run.run)
app.command("g1")(g1.g1)
app.command("champions")(champions.champions)
app.command("cost")(cost.cost)
app.command("ablate")(ablate.ablate)
app.command("importance")(importance.importance)
app.command("confirm")(confirm.confirm)
app.command("export")(export.export)
app.command("figures")(figures.figures)
app.command("report")(report.report)
app.command("reference")(reference.reference)
app.command("rescore")(rescore.rescore)
app.command("serve")(service.serve)
app.command("optuna-dashboard")(optuna_dashboard.optuna_dashboard)
app.command("scheduler")(service.scheduler)


def main() -> None:
    """Run the command line; the entry point of ``talan``."""
    # What libraries tell their developers is not for the user of this command.
    warnings.filterwarnings("ignore", module=r"(torch|transformers|peft)\b")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if not _is_ours(error):
            raise
        Console(stderr=True).print(
            f"talan: {error}", style="red", highlight=False, markup=False, soft_wrap=True
        )
        sys.exit(2)


def _is_ours(error: Exception) -> bool:
    """Whether the error is a sentence for a person; judged without importing torch."""
    faces = {"ApiError", "DashboardError"}
    roots = {*faces, "SearchError", "StorageError", "WorkerError", "TalanError"}
    return any(base.__name__ in roots for base in type(error).__mro__)
