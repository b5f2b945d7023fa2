"""``talan study check``: a dry run."""

from __future__ import annotations

from rich.console import Console

from api.cli.options import ArtifactsOption, FileArgument, JsonOption
from api.cli.printing import echo_json
from api.cli.tables.check import show_check
from api.places import artifact_url
from api.views.check import CheckReport
from search import cost
from search.study.file import read_study_file


def check(
    file: FileArgument,
    artifacts: ArtifactsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find out what is wrong with a study file before anything is trained; nothing is stored.

    Looks at every key, the backbones' files and revisions, chat templates, the adapters' modules,
    every configuration's fit, every training example and item, the longest prompts, memory and
    disk.

    Example: `talan study check examples/tiny-lora-grid.yaml`
    """
    study = read_study_file(file)  # first: a wrong key is reported before torch is loaded
    with Console(stderr=True).status("training examples") as shown:
        found = cost.check_study(
            study,
            artifact_url=artifact_url(artifacts),
            observer=lambda backbone, number: shown.update(
                f"training examples for {backbone}: {number}"
            ),
        )
    if as_json:
        echo_json(CheckReport.from_record(found))
    else:
        show_check(found)
