"""``talan study status``: where one study stands."""

from __future__ import annotations

from api.cli.options import JsonOption, NameArgument, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.studies import show_studies
from api.views.studies import StudyStatus


def status(name: NameArgument, as_json: JsonOption = False, storage: StorageOption = None) -> None:
    """Show where a study stands."""
    with open_store(storage) as store:
        found = store.studies.status(name)
    if as_json:
        echo_json(StudyStatus.from_record(found))
    else:
        show_studies([found])
