"""The ``talan`` command: its groups, and what a person sees when something is wrong.

Owns: composing the commands, and exit codes: 0 done, 1 some runs failed, 2 bad input, 130
interrupted with the state kept. Does not cover: the commands themselves (``api.cli.commands``), nor
which errors are sentences for a person (``api.cli.refusals``).
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module

from api.cli.lazy_commands import lazy_group

STUDY = {
    "run": "study.run",
    "check": "study.check",
    "resume": "study.resume",
    "stop": "study.stop",
    "status": "study.status",
    "list": "study.list_studies",
}
DATA = {
    "pull": "data.pull",
    "import": "data.import_file",
    "build": "data.build",
    "list": "data.list_entries",
    "verify": "data.verify",
}
DB = {"upgrade": "db.upgrade"}
COMMANDS = {
    "demo": "demo",
    "runs": "runs",
    "run": "run",
    "g1": "g1",
    "champions": "champions",
    "methods": "methods",
    "cost": "cost",
    "ablate": "ablate",
    "importance": "importance",
    "confirm": "confirm",
    "checkpoint": "checkpoint",
    "generate": "generate",
    "train": "train",
    "lm-eval": "lm_eval",
    "export": "export",
    "figures": "figures",
    "report": "report",
    "reference": "reference",
    "rescore": "rescore",
    "analyse": "analyse",
    "serve": "serve",
    "optuna-dashboard": "optuna_dashboard",
    "scheduler": "scheduler",
}

app = lazy_group(
    COMMANDS,
    name="talan",
    pretty_exceptions_enable=False,
    help="""Find out where in a model a small latent side path helps, and whether it really does.

    An *audit study* trains configurations of TALAN and, for each host and seed, a matched
    adapter-only baseline. It counts the runs that lose on no benchmark (G1, full non-regression).

    Start with: `talan demo`

    Exit codes: 0 done, 1 some runs failed, 2 bad input, 130 interrupted (Ctrl-C) or 143 (SIGTERM);
    what is finished is kept.
    """,
)
app.add_typer(lazy_group(STUDY, name="study", help="Launch, resume, stop and watch audit studies."))
app.add_typer(
    lazy_group(
        DATA,
        name="data",
        help="""Fetch, import, build and check data. Only `pull` needs a network.

        It lies in the folder `TALAN_DATA`, by default `~/.cache/talan-audit/data`.
        """,
    )
)
app.add_typer(lazy_group(DB, name="db", help="Maintain the database."))


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
        # Loaded here: errors of all packages bring SQLAlchemy, which a help page does not need.
        import_module("api.cli.refusals").refuse(error)
        raise
