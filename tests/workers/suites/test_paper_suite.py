"""The paper's suite: the harness' prompts, verdicts by value, and a run from end to end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lm_eval.tasks
import published_data
import pyarrow.parquet as pq
import pytest
from kinds import kind_of
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.tasks.gpqa.cot_zeroshot.utils import preprocess
from lm_eval.utils import apply_template

from storage.artifacts import ArtifactStore
from workers.backbones.inspection import inspect_backbone
from workers.data.rows import read_json_lines
from workers.errors import SuiteError
from workers.job.jobs import RunJob
from workers.run.executor import RunExecutor
from workers.suites import get_suite
from workers.suites.fingerprint import item_hashes, suite_fingerprint
from workers.suites.paper.benchmarks import clean_choice
from workers.suites.paper.prepare import import_benchmark
from workers.suites.paper.shots import worked_examples
from workers.suites.paper.suite import PAPER_BENCHMARKS
from workers.suites.scoring import score
from workers.suites.scoring.alternatives import score_as
from workers.suites.scoring.programs import close_sandbox
from workers.suites.tasks import load_tasks

HARNESS = Path(lm_eval.tasks.__file__).parent
TRAIN = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}'


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with small copies of all four, and a training file."""
    folder = tmp_path_factory.mktemp("paper")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TALAN_DATA", str(folder / "data"))
        for name, file in published_data.write_published(folder).items():
            import_benchmark(name, file)
        (folder / "train.jsonl").write_text(f"{TRAIN}\n" * 8)
        yield folder
    close_sandbox()


def items_of(name: str) -> list[dict[str, Any]]:
    return read_json_lines(get_suite("paper").items_file(name))


def asked(task: Any) -> list[str]:
    """The prompts of a loaded task, without a chat template."""
    shots = task.config.num_fewshot
    return [task.fewshot_context(doc, shots) for doc in task.test_docs()]


def harness_task(folder: str, name: str, file: Path) -> Any:
    """A task of the installed harness over a local file."""
    manager = TaskManager(include_path=str(HARNESS / folder), include_defaults=False)
    kind = {".parquet": "parquet", ".jsonl": "json"}[file.suffix]
    local = {
        "task": name,
        "dataset_path": kind,
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(file)}, "keep_in_memory": True},
    }
    return manager.load({"group": "theirs", "task": [local]})["tasks"][name]


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("gsm8k_cot", "gsm8k", "gsm8k.parquet"),
        ("minerva_math500", "minerva_math", "math500.jsonl"),
    ],
)
def test_prompts_are_the_harness(data: Path, name: str, folder: str, file: str) -> None:
    ours = load_tasks(get_suite("paper"), [name])[name]
    theirs = harness_task(folder, name, data / file)
    assert asked(ours) == asked(theirs)
    assert ours.config.num_fewshot == theirs.config.num_fewshot
    assert ours.config.metadata["version"] == theirs.config.metadata["version"]
    stops = [task.config.generation_kwargs["until"] for task in (ours, theirs)]
    assert stops[0] == stops[1]
    assert ours.config.generation_kwargs["max_gen_toks"] == 8192


def test_prompts_of_code_are_the_harness() -> None:
    theirs = load_yaml(HARNESS / "mbpp" / "mbpp.yaml", resolve_func=False)
    docs = [
        {**shot, "test_list": shot["tests"]}
        for shot in [*worked_examples("mbpp"), *items_of("mbpp")]
    ]
    texts = [apply_template(theirs["doc_to_text"], doc) for doc in docs]
    before = "".join(f"{t}{d['target']}\n\n" for t, d in zip(texts[:3], docs[:3], strict=True))
    ours = asked(load_tasks(get_suite("paper"), ["mbpp"])["mbpp"])
    assert ours == [before + text for text in texts[3:]]
    assert theirs["target_delimiter"] == ""


def test_prompts_of_choices_are_the_harness() -> None:
    theirs = load_yaml(
        HARNESS / "gpqa" / "cot_zeroshot" / "gpqa_diamond_cot_zeroshot.yaml", resolve_func=False
    )
    docs = [
        {"Question": i["question"], **{f"choice{n + 1}": c for n, c in enumerate(i["choices"])}}
        for i in items_of("gpqa_diamond")
    ]
    ours = load_tasks(get_suite("paper"), ["gpqa_diamond"])["gpqa_diamond"]
    assert asked(ours) == [apply_template(theirs["doc_to_text"], doc) for doc in docs]
    assert ours.config.generation_kwargs["until"] == theirs["generation_kwargs"]["until"]


@pytest.mark.parametrize("text", [" a  b ", "x [title] y", "   ", "a    b", "plain"])
def test_choices_are_cleaned_as_the_harness_does(text: str) -> None:
    assert clean_choice(text) == preprocess(text)


def gpqa(right: str) -> Callable[[dict[str, Any]], str]:
    """A response made from an item's own letters: `right`, with the right and a wrong letter."""

    def make(item: dict[str, Any]) -> str:
        letter = item["target"][1]
        return right.format(right=letter, wrong="ABCD"[("ABCD".index(letter) + 1) % 4])

    return make


FENCED = "Here it is:\n```python\n{code}\n```\nIt counts."


@pytest.mark.parametrize(
    ("name", "number", "response", "is_correct"),
    [
        ("gpqa_diamond", 0, gpqa("The answer is ({right})"), True),
        ("gpqa_diamond", 0, gpqa("Not ({wrong}). The answer is ({right}), I am sure."), True),
        ("gpqa_diamond", 0, gpqa("({right}) looks right, yet it is ({wrong})"), False),
        ("gpqa_diamond", 0, gpqa("So much energy: 86.4 kJ"), True),
        ("gpqa_diamond", 0, gpqa("Answer: {right}"), True),
        ("gpqa_diamond", 0, gpqa("Energy is power times time, and"), False),
        ("gsm8k_cot", 0, "7 * 13 = 91, 91 + 9 = 100. The answer is 100.", True),
        ("gsm8k_cot", 0, "The answer is $100.", True),
        ("gsm8k_cot", 0, "The answer is 100. That is 9 more than 91", False),
        ("gsm8k_cot", 1, "The answer is 5000.", True),
        ("gsm8k_cot", 1, "It sells 5,000", True),
        ("gsm8k_cot", 1, "It sells 5,000.00", False),
        ("gsm8k_cot", 0, "7 rows of", False),
        ("minerva_math500", 0, "It is $\\boxed{\\frac12}$.", True),
        ("minerva_math500", 0, "It is $\\boxed{0.5}$.", True),
        ("minerva_math500", 0, "Final Answer: The final answer is $\\frac{3}{6}$.", True),
        ("minerva_math500", 0, "It is $\\boxed{\\frac{1}{3}}$.", False),
        ("minerva_math500", 0, "We have $\\frac", False),
        ("minerva_math500", 1, "$\\boxed{(x-4)(x+1)}$", True),
        ("mbpp", 0, "def count_even(xs):\n    return len([x for x in xs if x % 2 == 0])", True),
        ("mbpp", 0, FENCED.format(code="def count_even(xs): return sum(x%2==0 for x in xs)"), True),
        ("mbpp", 0, "[BEGIN]\ndef count_even(xs): return sum(x % 2 == 0 for x in xs)\n", True),
        (
            "mbpp",
            0,
            "<think>```python\nno\n```</think>\n```python\ndef count_even(xs):\n"
            "    return sum(1 - x % 2 for x in xs)\n```",
            True,
        ),
        ("mbpp", 0, "```python\ndef count_even(xs): return 2\n```", False),
        ("mbpp", 0, "def count_even(xs):\n    return sum(", False),
        ("mbpp", 0, "", False),
    ],
)
def test_verdicts(name: str, number: int, response: Any, is_correct: bool) -> None:
    item = items_of(name)[number]
    text = response(item) if callable(response) else response
    assert score(kind_of(name), text, item).is_correct is is_correct
    assert score_as("canonical", kind_of(name), text, item).is_correct is is_correct


def test_the_harness_comes_to_the_same_verdicts() -> None:
    """Through the filters and metrics of the loaded tasks themselves."""
    responses = {
        "gpqa_diamond": ["(A)", "(B)", "Answer: C", "24 kJ", "nothing"],
        "gsm8k_cot": ["The answer is $100.", "5,000 and 5", "5000.", "none", "-23"],
        "minerva_math500": ["$\\boxed{\\frac{2}{4}}$", "$0.5$", "$x$", ""],
        "mbpp": ["def count_even(xs): return 0", "```\ncount_even = lambda xs: 2\n```"],
    }
    for name, task in load_tasks(get_suite("paper"), PAPER_BENCHMARKS).items():
        for doc in task.test_docs():
            for response in responses[name]:
                (ensemble,) = task._filters
                one = SimpleNamespace(resps=[response], doc=doc, filtered_resps={})
                ensemble.apply([one])
                (answer,) = one.filtered_resps.values()
                found = task.process_results(doc, [answer])
                assert (
                    bool(next(iter(found.values())))
                    is score(kind_of(name), response, doc).is_correct
                )


def test_stated_numbers_are_strict_about_the_words() -> None:
    item = items_of("gsm8k_cot")[0]
    assert score_as("strict", kind_of("gsm8k_cot"), "The answer is 100.", item).is_correct
    assert not score_as("strict", kind_of("gsm8k_cot"), "#### 100", item).is_correct
    assert score_as("last-number", kind_of("gsm8k_cot"), "It is 100.0", item).is_correct


def small_suite(data: Path, **settings: object) -> str:
    """The paper's suite with short responses, as a user writes it."""
    folder = data / "short"
    folder.mkdir(exist_ok=True)
    lines = {"extends": "paper", "max_new_tokens": 12, "train_file": "../train.jsonl", **settings}
    (folder / "suite.yaml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
    return str(folder)


@pytest.fixture
def roomy_backbone(tmp_path: Path) -> str:
    """The tiny backbone with room for eight worked examples, letter by letter."""
    folder = tmp_path / "roomy"
    shutil.copytree(inspect_backbone("tiny-qwen3").source, folder)
    for name, key in (
        ("config.json", "max_position_embeddings"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**content, key: 8192}))
    return str(folder)


def test_a_run_from_end_to_end(
    data: Path, roomy_backbone: str, make_job: Callable[..., RunJob]
) -> None:
    suite = get_suite(small_suite(data))
    job = make_job(
        backbone=roomy_backbone,
        suite=suite.name,
        benchmarks=suite.benchmarks,
        training={"max_steps": 1, "batch_size": 2, "eval_batch_size": 4},
    )
    with RunExecutor(device="cpu") as bench:
        trained = bench.begin(job)
        cells = [bench.evaluate(name) for name in job.benchmarks]
    assert {cell.benchmark: cell.n_items for cell in cells} == published_data.NUM_ITEMS
    assert trained.provenance["suite_hash"] == suite_fingerprint(suite.name)
    assert trained.provenance["item_hashes"] == item_hashes("paper", PAPER_BENCHMARKS)
    for cell in cells:
        stored = ArtifactStore(job.artifact_url).get_bytes(cell.responses.name)
        table = pq.read_table(BytesIO(stored))
        assert table["item_id"].to_pylist() == [i["id"] for i in items_of(cell.benchmark)]
        assert all(0 < len(text) <= 12 for text in table["response"].to_pylist())
        assert len(set(table["prompt_sha256"].to_pylist())) == cell.n_items
        lengths = map(len, table["response"].to_pylist())  # marks are tokens without a letter
        cut = table["truncated"].to_pylist()
        assert all(is_cut or n < 12 for n, is_cut in zip(lengths, cut, strict=True))
        assert any(cut)


def test_the_fingerprint_follows_items_examples_and_settings(data: Path) -> None:
    name = small_suite(data)
    suite = get_suite(name)
    seen = {suite_fingerprint(name), suite_fingerprint(name, ["mbpp"])}
    for path in (suite.items_file("mbpp"), suite.shots_file("mbpp"), suite.settings_file):
        before = path.read_text()
        path.write_text(before + "\n")
        seen.add(suite_fingerprint(name))
        path.write_text(before)
    assert len(seen) == 5
    assert suite_fingerprint(name) in seen


def test_missing_data_names_what_to_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SuiteError, match="get it with talan data pull mixture and talan data bui"):
        suite_fingerprint("paper")
    monkeypatch.setenv("TALAN_DATA", str(data / "empty"))
    with pytest.raises(SuiteError, match=r"of benchmark mbpp is missing: .*talan data pull paper"):
        load_tasks(get_suite("paper"), ["mbpp"])
