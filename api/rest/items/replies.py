"""What a run answered, item by item, as REST tells it: a page of items, and the next one's cursor.

Owns: which page. Does not cover: reading answers and putting them next to the baseline's
(``dashboards.item_responses``, which the pages share).
"""

from __future__ import annotations

from api.rest.problems import Problem
from api.views.items import Item
from dashboards.item_responses import read_answers
from storage import AuditStore, Run


def item_page(
    store: AuditStore, run_id: str, *, benchmark: str, first: int, limit: int, prompts: bool
) -> tuple[list[Item], str | None]:
    """Some of a cell's items in their order, and the cursor of the next ones; None at the end.

    Args:
        store: The record.
        run_id: Whose cell.
        benchmark: Which cell.
        first: Number of the first item, from 0.
        limit: How many items at most.
        prompts: Whether the prompts are told, too; with worked examples they are long.

    Raises:
        RunNotFound: There is no such run.
        Problem: The run has no such cell.
        ArtifactError: The responses are gone, altered or out of reach.
    """
    run = store.runs.get(run_id)
    if benchmark not in run.cells and benchmark not in run.bounds:
        raise Problem(404, "cell-not-found", _no_cell(run, benchmark))
    answers = read_answers(store, run, baseline=store.runs.baseline_of(run), benchmark=benchmark)
    last = first + limit
    items = [Item.from_record(answer, with_prompt=prompts) for answer in answers[first:last]]
    return items, str(last) if last < len(answers) else None


def _no_cell(run: Run, benchmark: str) -> str:
    there = ", ".join([*run.cells, *run.bounds]) or f"none, the run is {run.state}"
    return f"run {run.id} has no cell of benchmark {benchmark!r}; there are: {there}"
