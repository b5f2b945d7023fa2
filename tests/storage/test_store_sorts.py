"""Listings in the order of an axis or of G1; duties held to on both databases."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from audit_plans import begin, complete

from storage import BASELINE, SORTS, TREATMENT, AuditStore, QueryError, RunFilter


def _walk(store: AuditStore, sort: str, *, limit: int, **where: Any) -> list[int]:
    seen, cursor = [], None
    while True:
        page = store.runs.page("grid", RunFilter(**where), sort=sort, limit=limit, cursor=cursor)
        seen += [run.position for run in page.runs]
        cursor = page.next_cursor
        if cursor is None:
            return seen


class TestSortsContract:
    def test_every_sort_gives_every_run_once_at_every_page_size(self, store: AuditStore) -> None:
        runs = begin(store, configurations=7)
        complete(store, runs[BASELINE][0], 10)
        for run, correct in zip(runs[TREATMENT], (9, 12, 12), strict=False):
            complete(store, run, correct)
        for sort in SORTS:
            whole = _walk(store, sort, limit=100)
            assert sorted(whole) == list(range(8))
            assert _walk(store, sort, limit=1) == whole
            assert _walk(store, sort, limit=3) == whole

    def test_axes_come_smallest_first_and_baselines_last(self, store: AuditStore) -> None:
        begin(store, configurations=6)
        # Runs 0 .. 5 are of four mixers in turn; run 6 is the baseline.
        assert _walk(store, "mixer", limit=2) == [1, 5, 2, 0, 4, 3, 6]
        assert _walk(store, "layer", limit=2) == [0, 1, 2, 3, 4, 5, 6]
        # Gamma is null where the scope is frozen: runs 2 and 5.
        assert _walk(store, "gradient_scale", limit=2) == [0, 1, 3, 4, 2, 5, 6]
        assert _walk(store, "layer", limit=1, axes={"mixer": "multihead_local"}) == [0, 4]

    def test_g1_runs_come_first_then_the_others_then_the_undecided(self, store: AuditStore) -> None:
        runs = begin(store, configurations=4)
        complete(store, runs[BASELINE][0], 10)
        for place, correct in ((0, 9), (2, 11), (3, 10)):
            complete(store, runs[TREATMENT][place], correct)
        assert _walk(store, "g1", limit=1) == [2, 3, 0, 1, 4]

    def test_a_forged_cursor_is_refused(self, store: AuditStore) -> None:
        begin(store)
        places: list[list[Any]] = [
            ["layer", "deep", 0, "00"],
            ["layer", True, 0, "00"],
            ["layer", 10**30, 0, "00"],
            ["mixer", 3, 0, "00"],
            ["g1", 1, 0, "00"],
            ["alpha", float("nan"), 0, "00"],
            ["position", None, 10**30, "00"],
            ["position", None, 0, "\x00"],
            ["mixer", "\ud800", 0, "00"],
        ]
        for place in places:
            cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
            with pytest.raises(QueryError, match="cursor"):
                store.runs.page("grid", sort=place[0], cursor=cursor)

    def test_the_newest_event_is_told_per_study(self, store: AuditStore) -> None:
        runs = begin(store)
        begin(store, "other", owner="driver-2")
        complete(store, runs[BASELINE][0], 10)
        newest = store.events.after("grid")[-1].id
        assert store.events.latest(["grid", "other", "none"]) == {
            "grid": ("queued", newest),
            "other": ("queued", 0),
        }
