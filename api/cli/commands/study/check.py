"""``talan study check``: a dry run."""

from __future__ import annotations

from api.cli.options import FileArgument, JsonOption
from api.cli.printing import echo_json
from api.cli.tables.check import show_check
from api.views.check import CheckReport
from search import cost
from search.study.file import read_study_file


def check(
    file: FileArgument,
    as_json: JsonOption = False,
) -> None:
    """Find out what is wrong with a study file before anything is trained; nothing is stored.

    Looks at every key, the backbones' files and revisions, chat templates, the adapters' modules,
    every configuration's fit, the training data and benchmarks, and memory.
    """
    found = cost.check_study(read_study_file(file))
    if as_json:
        echo_json(CheckReport.from_record(found))
    else:
        show_check(found)
