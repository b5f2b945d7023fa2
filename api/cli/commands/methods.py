"""``talan methods``: a study's methods other than TALAN, each with its null."""

from __future__ import annotations

from api.cli.options import AnyNameArgument, JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.methods import show_methods
from api.views.methods import Method
from search.methods.rows import method_rows


def methods(
    name: AnyNameArgument = None, as_json: JsonOption = False, storage: StorageOption = None
) -> None:
    """Show methods other than TALAN as matched runs: deltas, null, cost, and what is not matched.

    Without a study's name, those of all studies. docs/concepts/methods.md lists the methods.

    Example: `talan methods tiny-rivals`
    """
    with open_store(storage) as store:
        rows = method_rows(store, name)
    if as_json:
        echo_json([Method.from_row(row) for row in rows])
    else:
        show_methods(rows)
