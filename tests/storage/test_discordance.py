"""Items that runs answer otherwise than their baseline; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import OWNER, begin, fail, outcome

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    CellOutcome,
    Run,
    RunOutcome,
    StudyNotFound,
)

N_ITEMS = 13  # no whole number of bytes


def complete(store: AuditStore, run: Run, *rights: set[int]) -> None:
    """Finish a run that answers just these items right, on the benchmarks a, b, ..."""
    cells = [
        CellOutcome("ab"[i], [item in right for item in range(N_ITEMS)], "responses", 1.0)
        for i, right in enumerate(rights)
    ]
    attempt = store.dispatch.start(run.id, owner=OWNER, worker="w")
    done = RunOutcome(cells, (1.0,), None, 1.0, {})
    store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=done)


def test_different_answers_are_counted_whichever_way_they_fall(store: AuditStore) -> None:
    runs = begin(store, configurations=3, hosts=2)
    for baseline in runs[BASELINE]:
        complete(store, baseline, {0, 1, 2}, {5 + baseline.host})
    first, second, third = (run for run in runs[TREATMENT] if run.host == 0)
    complete(store, first, {0, 1, 2}, {12})
    complete(store, second, {2, 3, 12}, set())
    fail(store, third)
    other = next(run for run in runs[TREATMENT] if run.host == 1)
    complete(store, other, set(range(13)), {6})
    here, there = store.rates.discordance("grid")
    assert (here.study, here.backbone, here.adapter) == ("grid", "backbone-0", "lora-r8")
    assert sorted(here.runs, key=lambda run: run["a"]) == [{"a": 0, "b": 2}, {"a": 4, "b": 1}]
    assert there.runs == [{"a": 10, "b": 0}]
    assert store.rates.discordance(backbone="backbone-1") == [there]
    (sampled,) = store.rates.discordance("grid", backbone="backbone-0", runs_per_host=1)
    assert sampled.runs == [{"a": 0, "b": 2} if first.id < second.id else {"a": 4, "b": 1}]


def test_a_run_without_its_baseline_tells_nothing(store: AuditStore) -> None:
    runs = begin(store, configurations=1)
    attempt = store.dispatch.start(runs[TREATMENT][0].id, owner=OWNER, worker="w")
    store.results.finish(runs[TREATMENT][0].id, owner=OWNER, attempt=attempt, outcome=outcome(3, 4))
    assert store.rates.discordance("grid") == []
    with pytest.raises(StudyNotFound):
        store.rates.discordance("nowhere")
