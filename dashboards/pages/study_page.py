"""What the page of one study says.

Owns: the facts of the page: headline, rates by host, chips, a page of runs. Does not cover:
figures, which the page asks for one by one (``dashboards.pages.figure_cache``), nor how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards.figures.catalogue import CATALOGUE, MECHANISM, Figure
from dashboards.follow_up_tables import ablation_table, confirmed_table
from dashboards.pages.headline import Results, headline, results
from dashboards.pages.page_cache import Kept, Moment, moment_of
from dashboards.pages.selection import TITLES, Choices, Selection
from dashboards.story import counts_by_axis, story
from dashboards.wording import GAMMA, NO_CHAMPION, split_words
from search.follow_ups.recorded import ablations, confirmations, follow_ups_of
from search.methods.rows import method_rows
from search.methods.summaries import MethodSummary, summarised
from search.rates.champion_worth import ChampionWorth, worths_among
from search.rates.g1_rates import g1_rows
from search.rates.g1_row import G1Row
from search.rates.host_worths import HostWorths, host_worths
from storage import AuditStore, QueryError
from storage.records import LIVE, Run

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


@dataclass(frozen=True)
class Summary:
    """What changes with a study's events only, and takes counting every run."""

    results: Results | None
    choices: Choices
    rates: list[G1Row]
    champions: list[Run]
    worths: list[HostWorths]
    champion_worths: dict[str, ChampionWorth]
    story: tuple[str, ...]
    methods: list[MethodSummary]


class Summaries:
    """What was counted of studies and of their follow-ups, until these move."""

    def __init__(self, most: int) -> None:
        self._studies: Kept[Summary] = Kept(most)
        self._follow_ups: Kept[dict[str, Any]] = Kept(most)

    def of(self, store: AuditStore, moment: Moment) -> Summary:
        """The summary of a study."""
        name, state, _ = moment
        return self._studies.get(moment, lambda: _summary(store, name, is_live=state in LIVE))

    def follow_ups(self, store: AuditStore, moment: Moment) -> dict[str, Any]:
        """Tables of a study's confirmations and ablations; they move with the studies of these."""
        moved = store.events.latest(follow_ups_of(store, moment[0]))
        place = (moment, tuple(sorted(moved.items())))
        return self._follow_ups.get(place, lambda: _follow_ups(store, moment[0]))


def study_facts(store: AuditStore, selection: Selection, kept: Summaries) -> dict[str, Any]:
    """What ``study.html`` is rendered with.

    Raises:
        StudyNotFound: There is no such study.
        QueryError: The address asks for an order, a state or a value that there is none of.
    """
    name = selection.study
    moment = moment_of(store, name)
    study = store.studies.get(name)
    summary = kept.of(store, moment)
    page = store.runs.page(
        name,
        _where(selection, summary.choices),
        sort=selection.sort,
        limit=ROWS,
        cursor=selection.cursor,
    )
    return {
        "study": study,
        "head": headline(store, store.studies.status(name), summary.results),
        "rates": summary.rates,
        "last_event": moment[2],
        "selection": selection,
        "chips": summary.choices.chips(selection),
        "titles": TITLES,
        "columns": _COLUMNS,
        "runs": page.runs,
        "next_cursor": page.next_cursor,
        "benchmarks": benchmarks_of(page.runs),
        "figures": _figures(summary),
        "inside": MECHANISM,
        "analyses": {one.name: one for one in store.analyses.of_study(name)},
        "several_hosts": len(study.hosts) > 1,
        "champions": summary.champions,
        "no_champion": NO_CHAMPION,
        "worths": summary.worths,
        "story": summary.story,
        "methods": summary.methods,
        "split_words": split_words,
        "champion_worths": summary.champion_worths,
        **kept.follow_ups(store, moment),
    }


def _figures(summary: Summary) -> list[Figure]:
    """The first one stands by itself: that of methods where there is no rate to show."""
    if summary.rates or not summary.methods:
        return list(CATALOGUE)
    return sorted(CATALOGUE, key=lambda figure: figure.key != "methods")


def _follow_ups(store: AuditStore, name: str) -> dict[str, Any]:
    return {
        "confirmed": confirmed_table(confirmations(store, name)),
        "ablated": [ablation_table(found) for found in ablations(store, name)],
    }


def _summary(store: AuditStore, name: str, *, is_live: bool) -> Summary:
    """While a study runs, tests and the variance model are left out: they read every outcome."""
    rows = g1_rows(store, name, with_tests=not is_live)
    champions = store.rates.champions(name)
    worths = [] if is_live else host_worths(store, name)
    champion_worths = worths_among(worths, champions)
    return Summary(
        results=results(store, name).get(name),
        choices=Choices.read(store, name),
        rates=rows,
        champions=champions,
        worths=worths,
        champion_worths=champion_worths,
        story=story(rows, champions, champion_worths, by_axis=counts_by_axis(store, name)),
        methods=summarised(method_rows(store, name)),
    )


def benchmarks_of(runs: Any) -> list[str]:
    """The benchmarks that some of these runs have a cell of, in order."""
    found: dict[str, None] = {}
    run: Run
    for run in runs:
        found.update(dict.fromkeys([*run.cells, *run.bounds]))
    return list(found)


def _where(selection: Selection, choices: Choices) -> Any:
    try:
        return selection.where(choices.values)
    except KeyError as error:
        msg = f"no completed run of study {selection.study!r} has the value {error}"
        raise QueryError(msg) from None
