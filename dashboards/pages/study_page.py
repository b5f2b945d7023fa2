"""What the page of one study says.

Owns: the facts of the page: headline, rates by host, chips, a page of runs. Does not cover:
figures, which the page asks for one by one (``dashboards.pages.figure_desk``), nor how it looks.
"""

from __future__ import annotations

from typing import Any

from dashboards.figures.catalogue import CATALOGUE
from dashboards.pages.headline import headline
from dashboards.pages.selection import TITLES, Choices, Selection
from dashboards.pages.wording import GAMMA
from search.g1_rates import g1_rows
from storage import AuditStore, QueryError
from storage.records import Run

ROWS = 50
_COLUMNS = (
    ("position", "Run"),
    ("layer", "Layer"),
    ("slots", "T"),
    ("mixer", "Mixer"),
    (None, "Writeback"),
    ("scope", "Trained"),
    ("gradient_scale", GAMMA),
)


def study_facts(store: AuditStore, selection: Selection) -> dict[str, Any]:
    """What ``study.html`` is rendered with.

    Raises:
        StudyNotFound: There is no such study.
        QueryError: The address asks for an order, a state or a value that there is none of.
    """
    name = selection.study
    study = store.studies.get(name)
    _, last_event = store.events.latest([name])[name]
    choices = Choices.read(store, name)
    page = store.runs.page(
        name,
        _where(selection, choices),
        sort=selection.sort,
        limit=ROWS,
        cursor=selection.cursor,
    )
    rates = g1_rows(store, name, with_expected=False)
    return {
        "study": study,
        "head": headline(store, name),
        "rates": rates,
        "last_event": last_event,
        "selection": selection,
        "chips": choices.chips(selection),
        "titles": TITLES,
        "columns": _COLUMNS,
        "runs": page.runs,
        "next_cursor": page.next_cursor,
        "benchmarks": benchmarks_of(page.runs),
        "figures": CATALOGUE,
        "several_hosts": len(study.hosts) > 1,
        "champions": store.rates.champions(name),
    }


def benchmarks_of(runs: Any) -> list[str]:
    """The benchmarks that some of these runs have a cell of, in order."""
    found: dict[str, None] = {}
    run: Run
    for run in runs:
        found.update(dict.fromkeys(run.cells))
    return list(found)


def _where(selection: Selection, choices: Choices) -> Any:
    try:
        return selection.where(choices.values)
    except KeyError as error:
        msg = f"no completed run of study {selection.study!r} has the value {error}"
        raise QueryError(msg) from None
