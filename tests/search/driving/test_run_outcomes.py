"""From plans to a verdict on record: that of full evaluation, whatever the outcomes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_executor import ITEMS, cell_result

from search.driving.audits import launch
from search.driving.exact.verdict_plans import VerdictPlans
from search.driving.run_outcomes import answers, cell_text, run_outcome
from search.study.file import parse_study
from search.study.plan import resolve
from storage import ArtifactRef, AuditStore, Run
from storage.new_rows import TREATMENT
from workers.job.cell_plans import CellPlan
from workers.job.jobs import AdapterSpec, CellResult, RunJob, TrainResult

BENCHMARKS = ("tiny_choice", "tiny_code", "tiny_algebra")
CELL = st.lists(st.booleans(), min_size=ITEMS, max_size=ITEMS)
RUN = st.fixed_dictionaries(dict.fromkeys(BENCHMARKS, CELL))
OWNER = "driver"
NUM_RUNS = 4
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditStore]:
    with AuditStore.open(f"sqlite:///{tmp_path_factory.mktemp('record')}/talan.db") as store:
        yield store


def trained() -> TrainResult:
    checkpoint = ArtifactRef(name="checkpoint", sha256="0" * 64, num_bytes=1)
    return TrainResult((1.0,), 1, seconds=1.0, checkpoint=checkpoint)


class Study:
    """A study on record whose runs are driven here, without workers."""

    def __init__(self, store: AuditStore, *, verdicts: str) -> None:
        self.store, name = store, f"{verdicts}-{next(NUMBERS)}"
        slots = list(range(1, NUM_RUNS + 1))
        content = {"name": name, "benchmarks": list(BENCHMARKS), "axes": {"slots": slots}}
        self.file = parse_study({**content, "verdicts": verdicts})
        launch(self.store, self.file, artifact_url="artifacts")
        self.store.leases.acquire(name, owner=OWNER, ttl_s=60)

    def drive(self, outcomes: dict[str, Any]) -> dict[int, Run]:
        """Every run in turn, as the driver and the pool do it; treatments by slots."""
        plans = VerdictPlans(self.store, resolve(self.file))
        for run in self.store.dispatch.next_pending(self.file.name, limit=99):
            slots = run.configuration["slots"] if run.configuration else 0
            order: tuple[str, ...] = BENCHMARKS
            by_name: dict[str, CellPlan] = {}
            if run.kind == TREATMENT and self.file.verdicts == "exact":
                order, by_name = plans.of(run)
            job = replace(_job(run.id), benchmarks=order, plans=by_name)
            cells: list[CellResult] = []
            for benchmark in order:
                cells.append(cell_result(job, benchmark, outcomes[slots][benchmark]))
                if job.is_lost(cells[-1]):
                    break
            attempt = self.store.dispatch.start(run.id, owner=OWNER, worker="w")
            outcome = run_outcome(job, trained(), cells)
            self.store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=outcome)
            seconds = dict.fromkeys(BENCHMARKS, 0.5)
            plans.learn(run.host, kind=run.kind, seed=42, answers=answers(cells), seconds=seconds)
        runs = self.store.runs.iterate(self.file.name)
        return {r.configuration["slots"]: r for r in runs if r.configuration}


def _job(key: str) -> RunJob:
    study = parse_study({"name": "any"})
    return RunJob(
        key=key,
        backbone="tiny-qwen3",
        adapter=AdapterSpec.from_record(study.adapters[0]),
        configuration=None,
        block={},
        seed=42,
        recipe=resolve(study).recipe,
        suite="tiny",
        benchmarks=BENCHMARKS,
        artifact_url="artifacts",
    )


@settings(max_examples=25)
@given(outcomes=st.fixed_dictionaries(dict.fromkeys(range(NUM_RUNS + 1), RUN)), close=st.booleans())
def test_verdicts_and_completed_cells_are_those_of_full_evaluation(
    record: AuditStore, outcomes: dict[int, dict[str, list[bool]]], close: bool
) -> None:
    if close:  # one item apart from the baseline: ties and narrow losses
        outcomes = {
            slots: {
                name: [bit ^ (slots == 1 + place) for place, bit in enumerate(bits)]
                for name, bits in outcomes[0].items()
            }
            for slots in outcomes
        }
    full = Study(record, verdicts="full").drive(outcomes)
    exact = Study(record, verdicts="exact").drive(outcomes)

    assert {slots: run.g1 for slots, run in exact.items()} == {
        slots: run.g1 for slots, run in full.items()
    }
    for slots, run in exact.items():
        for name, cell in run.cells.items():
            expected = replace(full[slots].cells[name], responses_artifact=cell.responses_artifact)
            assert cell == expected
        for name, bound in run.bounds.items():
            cell = full[slots].cells[name]
            assert bound.delta[0] <= (cell.delta or 0.0) <= bound.delta[1]
            assert bound.n_correct[0] <= cell.n_correct <= bound.n_correct[1]
        assert (run.mean_delta is None) == bool(run.bounds)
        if not run.bounds:
            assert run.mean_delta == full[slots].mean_delta


def test_what_a_run_no_longer_reached_is_part_of_its_outcome() -> None:
    plans = {name: CellPlan(12, (0.5,) * ITEMS) for name in BENCHMARKS}
    job = replace(_job("k"), plans=plans)
    held = cell_result(job, "tiny_choice", [True] * ITEMS)
    lost = cell_result(job, "tiny_code", [False] * ITEMS)
    found = run_outcome(job, trained(), [held, lost])

    assert [cell.benchmark for cell in found.cells] == ["tiny_choice"]
    assert [(part.benchmark, len(part.outcomes)) for part in found.partial] == [
        ("tiny_code", 8),
        ("tiny_algebra", 0),
    ]
    assert found.compute_s == 1.0 + 0.5 + 0.5
    assert [cell_text(held), cell_text(lost)] == [
        "tiny_choice 100.0%",
        "tiny_code lost after 8 of 16 items",
    ]
    assert (job.is_lost(held), job.is_lost(lost)) == (False, True)
