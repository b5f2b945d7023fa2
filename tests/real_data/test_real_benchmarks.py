"""The paper's benchmarks as they are published: imports, prompts, references, stored responses."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import lm_eval.tasks
import lm_eval.utils
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.utils import apply_template
from math_verify import parse, verify

from workers.mixture.overlap import OverlapIndex
from workers.sandbox import Limits
from workers.suites import get_suite
from workers.suites.items import read_items, why_refused
from workers.suites.paper.prepare import import_benchmark
from workers.suites.paper.shots import worked_examples
from workers.suites.paper.suite import PAPER_BENCHMARKS
from workers.suites.scoring import score
from workers.suites.scoring.algebra import score_algebra
from workers.suites.scoring.programs import close_sandbox
from workers.suites.tasks import load_tasks

HARNESS = Path(lm_eval.tasks.__file__).parent
FILES = {
    "gpqa_diamond": "gpqa_schema_standin_mmlu.csv",
    "gsm8k_cot": "gsm8k_test.jsonl",
    "minerva_math500": "math500_test.jsonl",
    "mbpp": "mbpp.jsonl",
}
NUM_ITEMS = {"gsm8k_cot": 1319, "minerva_math500": 500, "mbpp": 500}
# MBPP's own answers that are wrong, or take longer than any limit: 498 of 500 pass.
MOST_FAILING_PROGRAMS = 2


@pytest.fixture(scope="module", autouse=True)
def _imported(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TALAN_DATA", str(tmp_path_factory.mktemp("real")))
        for name, file in FILES.items():
            import_benchmark(name, real_data / file)
        yield
    close_sandbox()


@pytest.fixture(scope="module", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    """The harness compiles its templates again for every example of every prompt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lm_eval.utils.env, "from_string", cache(lm_eval.utils.env.from_string))
        yield


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def asked(name: str) -> list[str]:
    task = load_tasks(get_suite("paper"), [name])[name]
    return [task.fewshot_context(doc, task.config.num_fewshot) for doc in task.test_docs()]


def harness_task(folder: str, name: str, file: Path) -> Any:
    """A task of the installed harness over a local file."""
    manager = TaskManager(include_path=str(HARNESS / folder), include_defaults=False)
    local = {
        "task": name,
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(file)}, "keep_in_memory": True},
    }
    return manager.load({"group": "theirs", "task": [local]})["tasks"][name]


@pytest.mark.parametrize("name", NUM_ITEMS)
def test_every_format_gives_the_same_bytes(real_data: Path, tmp_path: Path, name: str) -> None:
    rows = rows_of(real_data / FILES[name])
    (tmp_path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    files = [*sorted(tmp_path.iterdir()), real_data / FILES[name]]
    prepared = [import_benchmark(name, file) for file in files]
    assert len(prepared) == 4
    assert {one.num_items for one in prepared} == {NUM_ITEMS[name]}
    assert len({one.items_sha256 for one in prepared}) == 1


@pytest.mark.parametrize(
    ("name", "folder"), [("gsm8k_cot", "gsm8k"), ("minerva_math500", "minerva_math")]
)
def test_prompts_are_the_stock_harness(real_data: Path, name: str, folder: str) -> None:
    theirs = harness_task(folder, name, real_data / FILES[name])
    shots = theirs.config.num_fewshot
    stock = [theirs.fewshot_context(doc, shots) for doc in theirs.test_docs()]

    assert asked(name) == stock
    assert len(stock) == NUM_ITEMS[name]


def test_prompts_of_code_are_the_stock_harness() -> None:
    template = load_yaml(HARNESS / "mbpp" / "mbpp.yaml", resolve_func=False)["doc_to_text"]
    shots, items = worked_examples("mbpp"), read_items(get_suite("paper"), "mbpp")
    texts = [apply_template(template, {**d, "test_list": d["tests"]}) for d in [*shots, *items]]
    before = "".join(f"{t}{d['target']}\n\n" for t, d in zip(texts[:3], shots, strict=True))

    assert asked("mbpp") == [before + text for text in texts[3:]]


@pytest.mark.parametrize("name", ["gpqa_diamond", "gsm8k_cot", "minerva_math500"])
def test_every_reference_is_accepted_by_its_scorer(name: str) -> None:
    suite = get_suite("paper")
    kind = suite.benchmark(name).kind
    why = [why_refused(item, kind, cpu_s=Limits.cpu_s) for item in read_items(suite, name)]
    assert [reason for reason in why if reason is not None] == []


def test_programs_pass_their_tests() -> None:
    items = read_items(get_suite("paper"), "mbpp")
    failing = [item["id"] for item in items if not score("code", item["target"], item).is_correct]
    assert len(failing) <= MOST_FAILING_PROGRAMS, failing


def stock_verdicts(task: Any, cases: list[tuple[dict[str, Any], str]]) -> list[bool]:
    """What a task's own filters and metric say."""
    instances = [
        Instance(request_type="generate_until", doc=item, arguments=("", {}), idx=0, resps=[text])
        for item, text in cases
    ]
    (ensemble,) = task._filters
    ensemble.apply(instances)
    metrics = [
        next(iter(task.process_results(i.doc, list(i.filtered_resps.values())).values()))
        for i in instances
    ]
    return [bool(metric) for metric in metrics]


def test_numbers_are_scored_as_the_stock_harness_does(real_data: Path) -> None:
    """Four models' stored solutions of all of GSM8K."""
    targets = {item["question"]: item for item in read_items(get_suite("paper"), "gsm8k_cot")}
    cases = [
        (targets[row["question"]], answer["solution"])
        for row in rows_of(real_data / "gsm8k_example_solutions.jsonl")
        for answer in row.values()
        if isinstance(answer, dict) and row["question"] in targets
    ]
    assert len(cases) > 5000
    theirs = stock_verdicts(load_tasks(get_suite("paper"), ["gsm8k_cot"])["gsm8k_cot"], cases)
    ours = [score("stated", text, item).is_correct for item, text in cases]
    assert ours == theirs
    assert 0 < sum(ours) < len(ours)


def test_letters_are_scored_as_the_stock_harness_does(real_data: Path) -> None:
    """Seven models' stored responses to multiple choice with up to ten choices."""
    with gzip.open(
        real_data / "mmlu_pro_responses_sample.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        rows = [json.loads(line) for line in file]
    cases = [
        ({"choices": row["options"], "target": f"({row['answer']})"}, row["response"])
        for row in rows
    ]
    theirs = stock_verdicts(load_tasks(get_suite("paper"), ["gpqa_diamond"])["gpqa_diamond"], cases)
    ours = [score("letters", text, item).is_correct for item, text in cases]
    assert ours == theirs
    assert len(cases) == 2100
    assert 0 < sum(ours) < len(ours)


def test_algebra_is_compared_as_math_verify_does() -> None:
    """Each worked solution against its own item and against the next one's."""
    items = read_items(get_suite("paper"), "minerva_math500")
    cases = [*zip(items, items, strict=True), *itertools.pairwise(items)]
    for gold, answer in cases:
        theirs = bool(verify(gold=parse(gold["target"]), target=parse(answer["target"])))
        assert score_algebra(answer["target"], gold).is_correct == theirs, gold["id"]


@pytest.mark.parametrize("name", PAPER_BENCHMARKS)
def test_every_planted_item_is_found(name: str) -> None:
    suite = get_suite("paper")
    declared, items = suite.benchmark(name), read_items(suite, name)
    index = OverlapIndex(ngram_words=13)
    for item in items:
        index.add(item, declared)

    found = [index.find(" ".join(declared.questions(item))) for item in items]
    assert [overlap.of for overlap in found if overlap is not None] == ["question"] * len(items)


def test_training_questions_are_no_overlap(real_data: Path) -> None:
    """GSM8K's training questions against its test items: two are the same but for numbers."""
    suite = get_suite("paper")
    index = OverlapIndex(ngram_words=13)
    for item in read_items(suite, "gsm8k_cot"):
        index.add(item, suite.benchmark("gsm8k_cot"))

    rows = rows_of(real_data / "gsm8k_train.jsonl")
    flagged = [overlap for row in rows if (overlap := index.find(row["question"]))]
    assert len(flagged) <= 4
    assert all(overlap.share >= 0.5 for overlap in flagged)
