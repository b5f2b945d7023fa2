"""``talan study run``: launch an audit and drive it to its end."""

from __future__ import annotations

from rich.console import Console

from api.cli.driving import drive_to_end
from api.cli.options import (
    ArtifactsOption,
    FileArgument,
    RayOption,
    StorageOption,
    open_store,
)
from api.places import artifact_url
from search import driving
from search import study as studies
from search.study.file import read_study_file

FIRST_STEPS = "loading the libraries, looking at backbones and data (longer the first time)"


def run(
    file: FileArgument,
    storage: StorageOption = None,
    artifacts: ArtifactsOption = None,
    ray_address: RayOption = None,
) -> None:
    """Launch the audit that a study file describes and drive it to its end.

    The same file again continues where it stopped; a finished study is shown, not run again. Ctrl-C
    keeps what is finished; `talan study resume NAME` continues.

    Example: `talan study run examples/tiny-lora-grid.yaml`
    """
    study = read_study_file(file)
    with open_store(storage, create=True) as store:
        with Console(stderr=True).status(FIRST_STEPS):  # on a screen; to a file it says nothing
            audit = studies.resolve(study)
            driving.launch(store, study, artifact_url=artifact_url(artifacts), audit=audit)
        drive_to_end(store, study.name, ray_address=ray_address, audit=audit)
