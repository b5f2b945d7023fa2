"""A method's run finds its null, says what it took, and is in no rate of the configurations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded_methods import NOTES, OWNER, record_methods

from api.views.methods import Method
from search.methods.rows import method_rows
from search.methods.summaries import summarised
from storage import METHOD, METHOD_NULL, AuditStore, RunFilter
from storage.errors import PlanError
from storage.new_rows import RunPlan


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}") as opened:
        record_methods(opened)
        yield opened


def test_the_json_is_what_others_rely_on(store: AuditStore):
    rows = [Method.from_row(row).model_dump(mode="json") for row in method_rows(store, "rivals")]
    assert [(row["method"], row["seed"]) for row in rows] == [
        ("dora", 1),
        ("dora", 2),
        ("ia3", 1),
        ("ia3", 2),
    ]
    keys = "method parameters backbone adapter seed cells mean_delta g1 verdict cost null chosen"
    assert list(rows[0]) == [*keys.split(), "unmatched"]
    first, third = rows[0], rows[2]
    assert first["parameters"] == {"learning_rate": None}
    assert (first["mean_delta"], first["g1"], first["verdict"]) == (7.5, True, "strict")
    assert first["cost"] == {
        "training_s": 9.0,
        "preparation_s": 1.5,
        "parameters": 1234,
        "seconds_per_1k_tokens": 4.0,
    }
    assert first["null"]["name"] == "the adapter at another seed"
    assert first["null"]["mean_delta"] == -5.0
    assert list(first["null"]["cells"]) == ["a", "b"]
    assert first["chosen"] is None
    assert first["unmatched"] == ["More parameters."]
    assert third["chosen"] == {"by": "least loss", "tries": 3, "value": 0.1}
    assert rows[3]["null"] is None  # it is pending
    assert rows[3]["mean_delta"] is None


def test_summaries_are_our_tables_2_and_9(store: AuditStore):
    dora, ia3 = summarised(method_rows(store, "rivals"))
    assert (dora.label, dora.mean_delta, dora.null_mean) == ("dora", 5.0, -5.0)
    assert dora.cells == {"a": 7.5, "b": 2.5}
    assert (dora.not_below, dora.verdicts) == (2, {"strict": 2})
    assert dora.interval_method == "Student's t over 2 seeds"
    assert dora.interval is not None
    assert dora.interval[0] < 5.0 < dora.interval[1]
    assert (ia3.mean_delta, ia3.not_below, ia3.verdicts) == (-2.5, 1, {"not_g1": 1})
    assert ia3.interval_method == "paired bootstrap over items, one seed"
    assert ia3.interval is not None
    assert ia3.first.fairness == (
        "40 steps, 640 examples seen, learning rate 0.1 (chosen on held-out training loss); "
        "0.1 chosen from 3 tries by least loss."
    )


def test_methods_are_in_no_rate_of_the_configurations(store: AuditStore):
    assert store.rates.g1_counts("rivals") == []
    assert store.rates.champions("rivals") == []
    status = store.studies.status("rivals")
    assert (status.runs.total, status.g1, status.scored) == (0, 0, 0)
    assert status.kinds[METHOD].total == 4
    assert status.kinds[METHOD_NULL].total == 4


def test_a_run_keeps_its_method_and_two_may_have_one_seed(store: AuditStore):
    runs = list(store.runs.iterate("rivals", RunFilter(kind=METHOD)))
    assert len({run.id for run in runs}) == 4
    assert {run.method["method"] for run in runs} == {"dora", "ia3"}
    assert store.runs.method_notes("rivals")[runs[0].id] == NOTES["dora"]
    due = store.dispatch.next_pending("rivals", limit=9)
    assert [run.method["method"] for run in due] == ["ia3", "ia3"]


@pytest.mark.parametrize("change", [{"method": None}, {"kind": "treatment"}])
def test_a_kind_and_its_method_go_together(store: AuditStore, change: dict[str, Any]):
    run = RunPlan(0, METHOD, 3, 9, method={"method": "vera"})
    with pytest.raises(PlanError, match="needs a method's kind with a method"):
        store.studies.add_runs("rivals", owner=OWNER, runs=[replace(run, **change)])
