"""``talan run``: one run in full."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.runs import show_rests_on, show_run, show_truncated, show_unread
from api.views.runs import RunDetails
from search.rates.truncation import truncated_responses
from search.rates.unread_boxes import unread_boxes


def run(
    run_id: Annotated[str, typer.Argument(help="A run's id, from `talan runs`.")],
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Show one run: its configuration, its cells with the baseline's, where its artifacts are.

    Example: `talan run 0a1b2c3d4e5f6071`; ids are in `talan runs NAME`.
    """
    with open_store(storage) as store:
        found = store.runs.get(run_id)
        losses, detail = store.runs.losses(run_id), store.runs.error_detail(run_id)
        rests_on = store.runs.rests_on(run_id)
        truncated = truncated_responses(store, found)
        unread = unread_boxes(store, found)
    if as_json:
        echo_json(
            RunDetails.from_record(
                found,
                losses=losses,
                rests_on=rests_on,
                error_detail=detail,
                n_truncated=truncated,
                n_unread_boxes={name: boxes.num_unread for name, boxes in unread.items()},
            )
        )
    else:
        show_run(found, losses=losses, error_detail=detail)
        show_truncated(truncated)
        show_unread(unread)
        show_rests_on(rests_on)
