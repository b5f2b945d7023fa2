"""Continuous generation in a run: the static run's responses, waves in half precision, refusals."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

from storage.artifacts import ArtifactStore
from workers.backbones.loading import load_backbone
from workers.errors import GenerationError
from workers.evaluation.continuous_lm import ContinuousLM, harness_model
from workers.evaluation.decoding import Decoding
from workers.evaluation.harness import PromptCache, ResidentLM, evaluate_benchmark
from workers.job.cell_plans import CellPlan
from workers.job.jobs import CellResult, RunJob
from workers.job.recipe import Recipe
from workers.run.executor import RunExecutor
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks

BENCHMARK = "tiny_algebra"
N_ITEMS = 128
TALAN = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.5},
}
HALF = {"dtype": "bfloat16", "generation": "continuous", "eval_batch_size": 16, "max_steps": 2}


def _cell(
    executor: RunExecutor, make_job: Callable[..., RunJob], training: dict[str, Any], **fields: Any
) -> CellResult:
    executor.begin(make_job(benchmarks=(BENCHMARK,), training=training, **fields))
    return executor.evaluate(BENCHMARK)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_in_float32_all_ways_store_the_same_responses(
    executor: RunExecutor, make_job: Callable[..., RunJob], scope: str
):
    baseline = _cell(executor, make_job, {"eval_batch_size": "auto"})
    treated = {"configuration": TALAN, "block": {"summary_scope": scope}}
    static, continuous, plain = (
        _cell(executor, make_job, {"generation": way, "eval_batch_size": rows}, **treated)
        for way, rows in (("static", 64), ("continuous", 32), ("auto", "auto"))
    )
    drafted = executor.evaluate(BENCHMARK, baseline.responses.name)
    own, again = (executor.evaluate(BENCHMARK, plain.responses.name) for _ in range(2))

    rows = [_rows(cell, make_job()) for cell in (static, continuous, plain, drafted, own)]
    assert all(found == rows[0] for found in rows)
    assert again.responses == own.responses
    assert static.responses == continuous.responses
    assert _counts(static) == ("static", 0)
    assert _counts(continuous) == ("continuous", 0)
    assert _counts(plain) == ("continuous", 0)
    assert drafted.generation is not None
    assert continuous.generation is not None
    assert drafted.generation.mode == "drafted"
    num_tokens = sum(len(row["tokens"]) for row in rows[0])
    assert drafted.generation.answer_tokens == num_tokens == continuous.generation.answer_tokens
    assert continuous.generation.passes == num_tokens - N_ITEMS
    assert 0 < drafted.generation.drafted_tokens < num_tokens
    assert own.generation is not None  # near ties are written again, a pass a token
    assert own.generation.passes < num_tokens / 10


def _rows(cell: CellResult, job: RunJob) -> list[dict[str, Any]]:
    data = ArtifactStore(job.artifact_url).get_bytes(cell.responses.name)
    return pq.read_table(BytesIO(data)).drop_columns("margin").to_pylist()


def _counts(cell: CellResult) -> tuple[str, int]:
    assert cell.generation is not None
    return cell.generation.mode, cell.generation.drafted_tokens


@pytest.fixture(scope="module")
def full(executor: RunExecutor, make_job: Callable[..., RunJob]) -> CellResult:
    """In half precision."""
    return _cell(executor, make_job, HALF)


def test_in_half_precision_a_cell_that_is_never_lost_is_the_full_one(
    executor: RunExecutor, make_job: Callable[..., RunJob], full: CellResult
):
    """Waves are asked in another order, and no answer knows."""
    shares = tuple((number * 37 % N_ITEMS) / N_ITEMS for number in range(N_ITEMS))

    found = _cell(executor, make_job, HALF, plans={BENCHMARK: CellPlan(0, shares)})
    again = _cell(executor, make_job, HALF)
    other = _cell(executor, make_job, HALF | {"eval_batch_size": 24})

    assert found.responses == full.responses == again.responses
    assert other.responses != full.responses  # else the above could not fail


def test_in_half_precision_a_lost_cell_ends_with_a_wave(
    executor: RunExecutor, make_job: Callable[..., RunJob], full: CellResult
):
    plan = CellPlan(N_ITEMS - 20, tuple(map(float, full.outcomes)))
    found = _cell(executor, make_job, HALF, plans={BENCHMARK: plan})

    assert found.items is not None
    assert found.n_evaluated == 64  # a wave of 4 x 16
    recorded = _responses(full, make_job())
    assert _responses(found, make_job()).items() <= recorded.items()


def _responses(cell: CellResult, job: RunJob) -> dict[str, str]:
    data = ArtifactStore(job.artifact_url).get_bytes(cell.responses.name)
    return {row["item_id"]: row["response"] for row in pq.read_table(BytesIO(data)).to_pylist()}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"dtype": "float32"},
            Decoding(16, is_continuous=True, is_exact=True, is_drafted=True),
        ),
        (
            {"dtype": "float32", "generation": "continuous"},
            Decoding(16, is_continuous=True, is_required=True, is_exact=True),
        ),
        (
            {"dtype": "bfloat16", "generation": "drafted"},
            Decoding(16, is_continuous=True, is_required=True, is_drafted=True),
        ),
        ({"dtype": "bfloat16"}, Decoding(16)),
        ({"dtype": "float32", "generation": "static"}, Decoding(16, is_exact=True)),
        (
            {"dtype": "bfloat16", "generation": "continuous"},
            Decoding(16, is_continuous=True, is_required=True),
        ),
        (
            {"dtype": "bfloat16", "eval_batch_size": "auto"},
            Decoding(None, is_continuous=True, is_required=True),
        ),
    ],
)
def test_what_a_recipe_comes_to(fields: dict[str, Any], expected: Decoding):
    assert Decoding.of(Recipe(**fields)) == expected


def test_only_float32_writes_near_ties_again():
    assert Decoding.of(Recipe(dtype="float32")).near_tie == 1e-4
    assert Decoding.of(Recipe(dtype="float32", generation="continuous")).near_tie == 0
    assert Decoding.of(Recipe(dtype="bfloat16", generation="drafted")).near_tie == 0


def test_items_that_may_meet():
    assert Decoding(16).items_together == 16
    assert Decoding(16, is_continuous=True, is_exact=True).items_together == 16
    assert Decoding(16, is_continuous=True).items_together == 64
    assert Decoding(None, is_continuous=True).items_together == 256


def test_a_model_that_penalises_repetition_is_left_to_generate(small_backbone: str):
    model, tokenizer = load_backbone(small_backbone)
    model.generation_config.repetition_penalty = 1.05
    options: dict[str, Any] = {"tokenizer": tokenizer, "prompts": PromptCache()}

    chosen = harness_model(model, decoding=Decoding(8, is_continuous=True), **options)
    assert type(chosen) is ResidentLM
    with pytest.raises(GenerationError, match=r"has repetition_penalty = 1.05, .*'static' or"):
        harness_model(model, decoding=Decoding(8, is_continuous=True, is_required=True), **options)
    model.generation_config.repetition_penalty = None
    again = harness_model(model, decoding=Decoding(8, is_continuous=True), **options)
    assert type(again) is ContinuousLM


def test_a_task_that_samples_is_refused(small_backbone: str):
    model, tokenizer = load_backbone(small_backbone)
    tasks = load_tasks(get_suite("tiny"), [BENCHMARK])
    tasks[BENCHMARK].config.generation_kwargs["temperature"] = 0.7
    tasks[BENCHMARK].config.generation_kwargs["do_sample"] = True
    chosen = harness_model(
        model,
        tokenizer=tokenizer,
        decoding=Decoding(8, is_continuous=True),
        prompts=PromptCache(),
    )

    with pytest.raises(GenerationError, match="A task generates with "):
        evaluate_benchmark(chosen, tasks=tasks, benchmark=BENCHMARK)


def test_an_item_whose_prompt_is_too_long_is_named(small_backbone: str):
    """The backbone's context is cut to less than its longest prompts."""
    model, tokenizer = load_backbone(small_backbone)
    model.config.max_position_embeddings = 30
    chosen = harness_model(
        model,
        tokenizer=tokenizer,
        decoding=Decoding(8, is_continuous=True),
        prompts=PromptCache(),
    )
    tasks = load_tasks(get_suite("tiny"), ["tiny_code"])

    with pytest.raises(GenerationError, match=r"The prompt of item '[\w-]+' has \d+ tokens"):
        evaluate_benchmark(chosen, tasks=tasks, benchmark="tiny_code")
