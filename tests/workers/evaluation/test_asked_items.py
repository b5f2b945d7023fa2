"""Prompts are kept beside the responses: those that were asked, whole, and once a backbone."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

from storage.artifacts import ArtifactStore
from workers.data.rows import read_json_lines
from workers.errors import DataError
from workers.evaluation.asked_items import AskedItem, asked_artifact, decode_asked, encode_asked
from workers.job.cell_plans import CellPlan
from workers.job.jobs import RunJob
from workers.run.executor import RunExecutor
from workers.suites.registry import get_suite

ITEMS = [AskedItem("b", "2 + 2 = ñ\n", "4"), AskedItem("a", "", "")]
TRAINING = {"max_steps": 1, "eval_batch_size": 16}


def test_items_keep_their_order_and_content():
    assert decode_asked(encode_asked(ITEMS)) == ITEMS
    assert encode_asked(ITEMS) == encode_asked(list(ITEMS))
    assert encode_asked(ITEMS) != encode_asked(ITEMS[::-1])


@pytest.mark.parametrize("data", [b"", b"no parquet"])
def test_other_bytes_are_refused(data: bytes):
    with pytest.raises(DataError, match="not the items of a benchmark"):
        decode_asked(data)


@pytest.mark.parametrize("benchmark", ["tiny_choice", "tiny_code"])
def test_a_cell_names_the_prompts_it_was_asked_with(
    benchmark: str, executor: RunExecutor, make_job: Callable[..., RunJob]
):
    job = make_job(benchmarks=(benchmark,), training=TRAINING)
    executor.begin(job)
    name, rows = _responses(job, executor.evaluate(benchmark).responses.name)

    asked = decode_asked(ArtifactStore(job.artifact_url).get_bytes(name))
    items = read_json_lines(get_suite("tiny").items_file(benchmark))
    assert [item.item_id for item in asked] == [item["id"] for item in items]
    assert [item.expected for item in asked] == [str(item["target"]) for item in items]
    assert all(item["prompt"] in found.prompt for item, found in zip(items, asked, strict=True))
    hashes = [hashlib.sha256(item.prompt.encode()).hexdigest() for item in asked]
    assert hashes == [row["prompt_sha256"] for row in rows]


def test_a_cell_that_ended_early_names_the_same_prompts(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    names = []
    for plans in ({}, {"tiny_choice": CellPlan(128, (0.5,) * 128)}):
        job = make_job(benchmarks=("tiny_choice",), training=TRAINING, plans=plans)
        executor.begin(job)
        name, rows = _responses(job, executor.evaluate("tiny_choice").responses.name)
        names.append((name, len(rows)))

    (full, num_full), (early, num_early) = names
    assert full == early
    assert num_early < num_full


def _responses(job: RunJob, name: str) -> tuple[str, list[dict[str, Any]]]:
    table = pq.read_table(BytesIO(ArtifactStore(job.artifact_url).get_bytes(name)))
    asked = asked_artifact(table.schema)
    assert asked is not None
    return asked, table.to_pylist()
