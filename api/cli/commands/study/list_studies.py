"""``talan study list``: where all studies stand."""

from __future__ import annotations

from api.cli.options import JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.studies import show_studies
from api.views.studies import StudyStatus


def list_studies(as_json: JsonOption = False, storage: StorageOption = None) -> None:
    """List all studies."""
    with open_store(storage) as store:
        found = store.studies.list()
    if as_json:
        echo_json([StudyStatus.from_record(study) for study in found])
    else:
        show_studies(found)
