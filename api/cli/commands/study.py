"""``talan study``: launch, resume, stop and watch audits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.driving import SOME_FAILED, drive_shown
from api.cli.options import (
    ArtifactsOption,
    JsonOption,
    NameArgument,
    RayOption,
    StorageOption,
    open_store,
)
from api.cli.printing import echo_json
from api.cli.tables.outcome import show_outcome
from api.cli.tables.studies import show_studies
from api.places import artifact_url
from api.views.studies import StudyStatus
from storage import AuditStore

if TYPE_CHECKING:
    from search.study.plan import Audit

app = typer.Typer(no_args_is_help=True, help="Launch, resume, stop and watch audit studies.")


@app.command("run")
def run_study(
    file: Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)],
    storage: StorageOption = None,
    artifacts: ArtifactsOption = None,
    ray_address: RayOption = None,
) -> None:
    """Launch the audit that a study file describes and drive it to its end.

    The same file again goes on where it stopped; a finished study is shown, not run again. Ctrl-C
    keeps what is finished; `talan study resume NAME` goes on.
    """
    from search.driving.audits import launch
    from search.study.file import read_study_file
    from search.study.plan import resolve

    study = read_study_file(file)
    with open_store(storage, create=True) as store:
        audit = resolve(study)
        launch(store, study, artifact_url=artifact_url(artifacts), audit=audit)
        _drive(store, study.name, ray_address=ray_address, audit=audit)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Find out what is wrong with a study file before anything is trained; nothing is stored.

    Looks at every key, the backbones' files and revisions, chat templates, the adapters' modules,
    every configuration's fit, the training data and benchmarks, and memory.
    """
    from api.cli.tables.check import show_check
    from api.views.check import CheckReport
    from search.cost.check import check_study
    from search.study.file import read_study_file

    found = check_study(read_study_file(file))
    if as_json:
        echo_json(CheckReport.from_record(found))
    else:
        show_check(found)


@app.command()
def resume(
    name: NameArgument, storage: StorageOption = None, ray_address: RayOption = None
) -> None:
    """Go on with a study: finished runs stay, interrupted and failed ones are run again."""
    with open_store(storage) as store:
        _drive(store, name, ray_address=ray_address)


@app.command()
def stop(name: NameArgument, storage: StorageOption = None) -> None:
    """Ask a study's driver to stop; runs in flight go back to pending."""
    with open_store(storage) as store:
        store.studies.stop(name)
    typer.echo(f"Study {name} will stop within seconds. Go on with: talan study resume {name}")


@app.command()
def status(name: NameArgument, as_json: JsonOption = False, storage: StorageOption = None) -> None:
    """Show where a study stands."""
    with open_store(storage) as store:
        found = store.studies.status(name)
    if as_json:
        echo_json(StudyStatus.from_record(found))
    else:
        show_studies([found])


@app.command("list")
def list_studies(as_json: JsonOption = False, storage: StorageOption = None) -> None:
    """List all studies."""
    with open_store(storage) as store:
        found = store.studies.list()
    if as_json:
        echo_json([StudyStatus.from_record(study) for study in found])
    else:
        show_studies(found)


def _drive(
    store: AuditStore, name: str, *, ray_address: str | None, audit: Audit | None = None
) -> None:
    drive_shown(store, name, ray_address=ray_address, audit=audit)
    found = store.studies.status(name)
    show_outcome(store, found)
    if any(counts.failed for counts in found.kinds.values()):
        sys.exit(SOME_FAILED)
