"""With a plan and drafts, drafts are verified first: verdicts, answers and what is left unasked."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.artifacts import ArtifactStore
from workers.errors import SuiteError
from workers.job.cell_plans import CellPlan
from workers.job.jobs import CellResult, RunJob
from workers.run.executor import RunExecutor

BENCHMARK = "tiny_algebra"
N_ITEMS, PORTION = 128, 16


@pytest.fixture(scope="module")
def job(make_job: Callable[..., RunJob]) -> RunJob:
    return make_job(benchmarks=(BENCHMARK,), training={"eval_batch_size": PORTION, "max_steps": 2})


@pytest.fixture(scope="module")
def begun(executor: RunExecutor, job: RunJob) -> Callable[[CellPlan | None], RunExecutor]:
    """The trained run, told of a plan; its own answers are then its drafts."""
    executor.begin(job)

    def tell(plan: CellPlan | None) -> RunExecutor:
        plans = {} if plan is None else {BENCHMARK: plan}
        executor.meet_baseline(RunJob(**{**vars(job), "plans": plans}))
        return executor

    return tell


@pytest.fixture(scope="module")
def full(begun: Callable[[CellPlan | None], RunExecutor]) -> CellResult:
    return begun(None).evaluate(BENCHMARK)


def wrong(full: CellResult) -> list[int]:
    """Nearly all: the backbone is a random one."""
    found = [number for number, is_right in enumerate(full.outcomes) if not is_right]
    assert len(found) > N_ITEMS - PORTION
    return found


def table(cell: CellResult, job: RunJob) -> Any:
    return pq.read_table(BytesIO(ArtifactStore(job.artifact_url).get_bytes(cell.responses.name)))


def rows(cell: CellResult, job: RunJob) -> dict[str, Any]:
    return {row["item_id"]: row for row in table(cell, job).drop_columns("margin").to_pylist()}


def draft_but_for(parting: set[int], cell: CellResult, job: RunJob) -> str:
    """The artifact of the cell's answers, some of them with another token in the middle."""
    known = table(cell, job)
    tokens = known["tokens"].to_pylist()
    for number in parting:
        middle = len(tokens[number]) // 2
        tokens[number][middle] = tokens[number][middle] % 50 + 3
    place = known.schema.get_field_index("tokens")
    changed = known.set_column(place, "tokens", pa.array(tokens, pa.list_(pa.int32())))
    file = BytesIO()
    pq.write_table(changed, file)
    return ArtifactStore(job.artifact_url).put_bytes(file.getvalue(), suffix="parquet").name


def shares(first: list[int]) -> tuple[float, ...]:
    """Some items before all others."""
    return tuple(0.0 if number in first else 1.0 for number in range(N_ITEMS))


def test_a_cell_that_is_never_lost_has_every_answer(
    begun: Callable[[CellPlan | None], RunExecutor], job: RunJob, full: CellResult
):
    draft = draft_but_for({3, 40, 41, 127}, full, job)
    varied = tuple((number * 37 % N_ITEMS) / N_ITEMS for number in range(N_ITEMS))

    found = begun(CellPlan(0, varied)).evaluate(BENCHMARK, draft)

    assert (found.items, found.outcomes) == (None, full.outcomes)
    assert rows(found, job) == rows(full, job)
    assert found.generation is not None
    assert full.generation is not None
    assert found.generation.answer_tokens == full.generation.answer_tokens
    assert found.generation.passes < full.generation.passes / 4


def test_what_parts_is_left_where_what_is_accepted_decides(
    begun: Callable[[CellPlan | None], RunExecutor], job: RunJob, full: CellResult
):
    """17 wrong answers lose: there are 12 in the first portion, and 28 with the second."""
    first = wrong(full)[: 2 * PORTION]
    parting = {first[at] for at in (1, 5, 6, 9)}
    plan = CellPlan(N_ITEMS - PORTION, shares(first))

    found = begun(plan).evaluate(BENCHMARK, draft_but_for(parting, full, job))

    assert found.items == tuple(number for number in first if number not in parting)
    answered = rows(found, job)
    assert answered.items() <= rows(full, job).items()
    assert found.generation is not None
    assert found.generation.answer_tokens == sum(len(row["tokens"]) for row in answered.values())


def test_where_items_are_asked_one_by_one_no_batches_are_made(
    begun: Callable[[CellPlan | None], RunExecutor],
    job: RunJob,
    full: CellResult,
    monkeypatch: pytest.MonkeyPatch,
):
    made: list[object] = []
    monkeypatch.setattr("workers.evaluation.benchmark_evaluation.full_batches", made.append)
    draft = full.responses.name

    found = begun(CellPlan(N_ITEMS - PORTION, shares(wrong(full)))).evaluate(BENCHMARK, draft)

    assert found.items is not None
    assert made == []
    with pytest.raises(SuiteError, match="has 128 items, its plan 3"):
        begun(CellPlan(1, (0.5,) * 3)).evaluate(BENCHMARK, draft)


def test_what_parts_is_written_out_as_soon_as_it_may_decide(
    begun: Callable[[CellPlan | None], RunExecutor], job: RunJob, full: CellResult
):
    """15 wrong answers lose: with four that part, the first portion alone can tell."""
    first = wrong(full)[-PORTION:]
    plan = CellPlan(N_ITEMS - 14, shares(first))

    found = begun(plan).evaluate(BENCHMARK, draft_but_for(set(first[3:7]), full, job))

    assert found.items == tuple(first)
    assert rows(found, job).items() <= rows(full, job).items()


def test_where_all_parts_the_answers_are_the_same(
    begun: Callable[[CellPlan | None], RunExecutor], job: RunJob, full: CellResult
):
    """Verifying settles nothing; 100 wrong answers lose, after seven portions of 16."""
    first = wrong(full)[: 7 * PORTION]
    plan = CellPlan(N_ITEMS - 99, shares(first))

    found = begun(plan).evaluate(BENCHMARK, draft_but_for(set(range(N_ITEMS)), full, job))

    assert found.items == tuple(first)
    assert rows(found, job).items() <= rows(full, job).items()
