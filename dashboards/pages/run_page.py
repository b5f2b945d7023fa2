"""What the page of one run says.

Owns: the facts of the page: configuration, cells beside the baseline's, a page of its items in one
of their groups. Does not cover: reading answers (``dashboards.item_responses``), the loss curve's
drawing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dashboards.follow_up_tables import ablation_table, seeds_table
from dashboards.item_responses import ALONE, GROUPS, Answer, read_answers
from dashboards.text_table import Table
from dashboards.wording import run_title, seed_words, verdict_words
from search.errors import StudyFileError
from search.follow_ups.ablation import ablations_of
from search.follow_ups.confirmation import confirmation
from search.rates.run_tests import tests_of
from search.study.axes import AXES, axis_label
from storage import ArtifactError, AuditStore, Run

ITEMS = 10
GROUP_TITLES = {
    "helped": "Helped",
    "hurt": "Hurt",
    "both_right": "Both right",
    "both_wrong": "Both wrong",
    "right": "Right",
    "wrong": "Wrong",
}


@dataclass(frozen=True)
class ItemsPage:
    """Some items of one cell.

    Args:
        run_id: The run.
        benchmark: The cell.
        group: The group they are of.
        counts: How many items each group has.
        answers: The items.
        place: Where the page begins, from 0.
        problem: Why there are none to read; empty where there are.
    """

    run_id: str
    benchmark: str
    group: str
    counts: Mapping[str, int]
    answers: list[Answer]
    place: int
    problem: str = ""

    @property
    def total(self) -> int:
        """How many items the group has."""
        return self.counts.get(self.group, 0)

    @property
    def last(self) -> int:
        """Where the page ends."""
        return self.place + len(self.answers)

    def link(self, **changes: object) -> str:
        """The address of another part of the items."""
        query = {"benchmark": self.benchmark, "group": self.group, **changes}
        return f"/runs/{self.run_id}?{urlencode(query)}"


def run_facts(store: AuditStore, run_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What ``run.html`` is rendered with.

    Raises:
        RunNotFound: There is no such run.
    """
    run = store.runs.get(run_id)
    baseline = store.runs.baseline_of(run)
    benchmarks = [*run.cells, *run.bounds]
    return {
        "run": run,
        "title": run_title(run),
        "seed": seed_words(run),
        "axes": _axes(run),
        "baseline": baseline,
        "traceback": store.runs.error_detail(run_id) if run.error else None,
        "has_losses": bool(store.runs.losses(run_id)),
        "benchmarks": benchmarks,
        "rests_on": store.runs.rests_on(run_id),
        "verdict": verdict_words(run.g1, run.verdict),
        "tests": tests_of(run),
        "follow_ups": _follow_ups(store, run_id),
        "items": _items(store, run, baseline, query) if benchmarks else None,
        "group_titles": GROUP_TITLES,
    }


def _axes(run: Run) -> list[tuple[str, str]]:
    configuration = run.configuration or {}
    return [
        (axis.title, axis_label(axis.name, configuration[axis.name]))
        for axis in AXES
        if axis.name in configuration
    ]


def _follow_ups(store: AuditStore, run_id: str) -> list[Table]:
    """What fresh seeds and one axis at a time gave, where the run was followed up."""
    tables = []
    with suppress(StudyFileError):  # not a treatment, or not confirmed
        tables.append(seeds_table(confirmation(store, run_id)))
    return [*tables, *(ablation_table(found) for found in ablations_of(store, run_id))]


def _items(
    store: AuditStore, run: Run, baseline: Run | None, query: Mapping[str, str]
) -> ItemsPage:
    benchmarks = [*run.cells, *run.bounds]
    benchmark = query.get("benchmark", benchmarks[0])
    if benchmark not in benchmarks:
        benchmark = benchmarks[0]
    try:
        answers = read_answers(store, run, baseline=baseline, benchmark=benchmark)
    except ArtifactError:
        problem = "The stored responses are gone, altered, or out of reach just now."
        return ItemsPage(run.id, benchmark, GROUPS[0], {}, [], 0, problem)
    groups = GROUPS if any(answer.baseline for answer in answers) else ALONE
    counts = dict.fromkeys(groups, 0) | Counter(answer.group for answer in answers)
    group = query.get("group", "")
    if group not in counts:
        group = next((name for name in groups if counts[name]), groups[0])
    of_group = [answer for answer in answers if answer.group == group]
    place = _place(query.get("from", ""), len(of_group))
    return ItemsPage(run.id, benchmark, group, counts, of_group[place : place + ITEMS], place)


def _place(text: str, total: int) -> int:
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    return wanted if wanted < total else 0
