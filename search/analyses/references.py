"""A run's analysis beside its references: the same numbers of null runs.

Owns: which recorded analyses of null runs stand beside a run's (same host, same baseline, same
parameters), and putting them into its summary when it is read. A null run that is analysed later
widens the band; nothing recorded changes. Does not cover: references that an analysis computes by
itself (fresh weights, shuffled labels, random directions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.analyses.asking import matched_nulls
from storage import NULL_KINDS, Analysis, AuditStore, Run
from workers.analyses.jobs import DEPTH, DIVERGENCE, DRIFT

NO_NULLS = (
    "no null run of this host and baseline is analysed: without one, none of these numbers says "
    "that the block does more than any disturbance"
)
FROZEN = "frozen"
Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Beside:
    """The completed analyses of a run's null runs, by kind of null."""

    by_kind: Mapping[str, Sequence[Summary]]

    @property
    def all(self) -> list[Summary]:
        """Of all kinds."""
        return [summary for found in self.by_kind.values() for summary in found]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind there are."""
        return {kind: len(found) for kind, found in self.by_kind.items() if found}


def with_references(store: AuditStore, run: Run, analysis: Analysis) -> dict[str, object] | None:
    """The summary as pages and programs read it; None where there is none yet."""
    if analysis.summary is None:
        return None
    if analysis.name == DRIFT:
        return {**analysis.summary, "frozen": _frozen(store, run, analysis)}
    add = _ADDED.get(analysis.name)
    if add is None:
        return dict(analysis.summary)
    return add(analysis.summary, beside(store, run, analysis))


def beside(store: AuditStore, run: Run, analysis: Analysis) -> Beside:
    """What null runs came to with the same parameters; a null run is none of its own."""
    found: dict[str, list[Summary]] = {kind: [] for kind in NULL_KINDS}
    kinds = {null.id: null.kind for null in matched_nulls(store, run)}
    for other in store.analyses.of_runs(run.study, name=analysis.name, among=kinds):
        if other.parameters == analysis.parameters:
            found[kinds[other.run_id or ""]].append(other.summary or {})
    return Beside(found)


def _frozen(store: AuditStore, run: Run, analysis: Analysis) -> dict[str, object]:
    """The largest drift in the study's frozen blocks that were analysed: what noise comes to."""
    drifts = [
        row["drift"]
        for other in store.analyses.of_runs(run.study, name=analysis.name)
        if other.run_id != run.id and (other.summary or {}).get("scope") == FROZEN
        for row in (other.summary or {})["tensors"]
        if row["drift"] is not None
    ]
    return {"tensors": len(drifts), "largest_drift": max(drifts, default=None)}


def _depth(summary: Summary, nulls: Beside) -> dict[str, object]:
    return {
        **summary,
        **{key: _banded(summary[key], nulls, key) for key in ("by_layer", "output", "with_answer")},
        "null": _null(nulls, similarity=[found["curve_similarity"] for found in nulls.all]),
    }


def _banded(rows: Sequence[Summary], nulls: Beside, key: str) -> list[dict[str, object]]:
    """Every layer with the least and the most of the null runs' means."""
    out = []
    for at, row in enumerate(rows):
        values = [found[key][at]["relative_l2"] for found in nulls.all]
        cosines = [found[key][at]["cosine"] for found in nulls.all]
        out.append(
            {
                **row,
                "null_low": min(values, default=None),
                "null_high": max(values, default=None),
                "null_by_kind": {
                    kind: [min(of_kind), max(of_kind)]
                    for kind, found in nulls.by_kind.items()
                    if (of_kind := [one[key][at]["relative_l2"] for one in found])
                },
                "null_cosine_low": min(cosines, default=None),
                "null_cosine_high": max(cosines, default=None),
            }
        )
    return out


def _null(nulls: Beside, **more: Sequence[float | None]) -> dict[str, object]:
    found = {name: [v for v in values if v is not None] for name, values in more.items()}
    return {
        "runs": len(nulls.all),
        "kinds": nulls.counts,
        "reason": None if nulls.all else NO_NULLS,
        **{name: [min(v), max(v)] if v else None for name, v in found.items()},
    }


def _divergence(summary: Summary, nulls: Beside) -> dict[str, object]:
    keys = ("median_parting", "first_line_share", "kl_at_parting", "kl_before_parting")
    return {
        **summary,
        "null": _null(nulls, **{key: [found[key] for found in nulls.all] for key in keys}),
    }


_ADDED: dict[str, Callable[[Summary, Beside], dict[str, object]]] = {
    DEPTH: _depth,
    DIVERGENCE: _divergence,
}
