"""Stopping inside a benchmark changes no item: in bfloat16, where other batches do."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

from storage.artifacts import ArtifactStore
from workers.errors import SuiteError
from workers.job.cell_plans import CellPlan
from workers.job.jobs import CellResult, RunJob
from workers.run.executor import RunExecutor

BENCHMARK = "tiny_algebra"
TRAINING = {"dtype": "bfloat16", "eval_batch_size": 16, "max_steps": 2}
N_ITEMS = 128


@pytest.fixture(scope="module")
def full(executor: RunExecutor, make_job: Callable[..., RunJob]) -> CellResult:
    return _cell(executor, make_job, plans={})


def _cell(executor: RunExecutor, make_job: Callable[..., RunJob], **fields: Any) -> CellResult:
    training = TRAINING | fields.pop("training", {})
    executor.begin(make_job(benchmarks=(BENCHMARK,), training=training, **fields))
    return executor.evaluate(BENCHMARK)


def _rows(cell: CellResult, job: RunJob) -> dict[str, dict[str, Any]]:
    data = ArtifactStore(job.artifact_url).get_bytes(cell.responses.name)
    return {row["item_id"]: row for row in pq.read_table(BytesIO(data)).to_pylist()}


def test_a_cell_that_is_never_lost_is_the_full_one(
    executor: RunExecutor, make_job: Callable[..., RunJob], full: CellResult
):
    shares = tuple((number * 37 % N_ITEMS) / N_ITEMS for number in range(N_ITEMS))

    found = _cell(executor, make_job, plans={BENCHMARK: CellPlan(0, shares)})

    assert found.responses == full.responses
    assert (found.outcomes, found.items, found.n_items) == (full.outcomes, None, N_ITEMS)


def test_a_lost_cell_has_whole_batches_of_the_full_one_and_no_score(
    executor: RunExecutor, make_job: Callable[..., RunJob], full: CellResult
):
    plan = CellPlan(N_ITEMS - 20, tuple(map(float, full.outcomes)))
    job = make_job()

    found = _cell(executor, make_job, plans={BENCHMARK: plan})

    assert found.items is not None
    assert found.score is None
    assert (found.n_items, found.n_evaluated) == (N_ITEMS, 32)  # 21 wrong ones need two batches
    assert found.outcomes == tuple(full.outcomes[item] for item in found.items)
    recorded = _rows(full, job)
    for item_id, row in _rows(found, job).items():
        assert row == recorded[item_id]


def test_in_bfloat16_other_batches_do_change_answers(
    executor: RunExecutor, make_job: Callable[..., RunJob], full: CellResult
):
    """Else the two tests above could not fail."""
    other = _cell(executor, make_job, training={"eval_batch_size": 5})

    job = make_job()
    ours, theirs = _rows(full, job), _rows(other, job)
    assert any(ours[item] != theirs[item] for item in ours)


def test_a_plan_for_other_items_is_refused(executor: RunExecutor, make_job: Callable[..., RunJob]):
    with pytest.raises(SuiteError, match="has 128 items, its plan 3"):
        _cell(executor, make_job, plans={BENCHMARK: CellPlan(1, (0.5,) * 3)})
