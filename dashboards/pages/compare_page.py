"""What the page of two studies says.

Owns: the facts of the page: both headlines, what the studies share, and the configurations whose
verdict changed. Does not cover: matching them (``dashboards.pages.compare_facts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.pages import compare_facts
from dashboards.pages.compare_facts import Pair
from dashboards.pages.figure_cache import FigureCache
from dashboards.pages.headline import Headline, headline
from dashboards.pages.page_cache import moment_of
from dashboards.pages.study_page import Summaries, Summary
from storage import AuditStore

MOST_ROWS = 100


def compare_page_facts(
    store: AuditStore, cache: FigureCache, kept: Summaries, query: Mapping[str, str]
) -> dict[str, Any]:
    """What ``compare.html`` is rendered with; without two names, only what there is to choose.

    Raises:
        StudyNotFound: A study is named that does not exist.
    """
    names = [status.name for status in reversed(store.studies.list())]
    first, second = query.get("first", ""), query.get("second", "")
    facts: dict[str, Any] = {"names": names, "first": first, "second": second, "pair": None}
    if not first or not second:
        return facts
    pair = read_pair(store, cache, first=first, second=second)
    summaries = {name: kept.of(store, moment_of(store, name)) for name in (first, second)}
    table = compare_facts.facts(pair)
    counts = table["verdict"].value_counts().to_dict()
    changed = table[table["changed"]]
    return {
        **facts,
        "pair": pair,
        "heads": [_head(store, name, summaries[name]) for name in (first, second)],
        "hosts": _hosts(summaries[first], summaries[second]),
        "num_matched": len(table),
        "counts": {verdict: int(counts.get(verdict, 0)) for verdict in compare_facts.VERDICTS},
        "changed": changed.head(MOST_ROWS).to_dict("records"),
        "num_changed": len(changed),
    }


def read_pair(store: AuditStore, cache: FigureCache, *, first: str, second: str) -> Pair:
    """Two studies' records.

    Raises:
        StudyNotFound: A study is named that does not exist.
    """
    return Pair(cache.record(store, first), cache.record(store, second))


def _head(store: AuditStore, name: str, summary: Summary) -> Headline:
    return headline(store, store.studies.status(name), summary.results)


def _hosts(first: Summary, second: Summary) -> list[dict[str, object]]:
    """Rates by host, side by side; None where a study has no such host."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for side, summary in (("first", first), ("second", second)):
        for row in summary.rates:
            key = (row.count.backbone, row.count.adapter)
            found.setdefault(key, {"first": None, "second": None})[side] = row
    return [
        {"backbone": backbone, "adapter": adapter, **sides}
        for (backbone, adapter), sides in found.items()
    ]
