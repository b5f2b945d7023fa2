"""A benchmark's declaration stands in its task file, whole, or the benchmark is refused."""

from pathlib import Path

import pytest

from workers.errors import SuiteError
from workers.suites.benchmark import KINDS, Benchmark, read_benchmark
from workers.suites.registry import get_suite

WHOLE = {"kind": "code", "question": "[text]", "reference": "[target, tests]"}


def task(folder: Path, **metadata: str) -> Path:
    file = folder / "own.yaml"
    lines = [f"  {key}: {value}" for key, value in metadata.items()]
    head = ["process_results: !function nowhere.at_all", "metadata:", "  version: 1.0"]
    file.write_text("\n".join([*head, *lines]))
    return file


def test_the_declaration_is_read_past_the_harness_own_tags(tmp_path: Path) -> None:
    read = read_benchmark(task(tmp_path, **WHOLE))
    assert read == Benchmark("code", ("text",), ("target", "tests"))
    item = {"text": "Add.", "target": "def add(): ...", "tests": ["a == 1", "b == 2"]}
    assert list(read.questions(item)) == ["Add."]
    assert list(read.references(item)) == ["def add(): ...", "a == 1 b == 2"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"kind": "essay"}, f"kind is 'essay'; allowed: {', '.join(KINDS)}"),
        ({"question": ""}, "metadata names no question; allowed: a list of the items' keys"),
        ({"reference": "[]"}, "metadata names no reference; allowed: a list"),
    ],
)
def test_half_a_declaration_is_refused(
    tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        read_benchmark(task(tmp_path, **{**WHOLE, **changed}))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["tiny", "paper"])
def test_every_built_in_benchmark_declares_itself(name: str) -> None:
    suite = get_suite(name)
    for benchmark in suite.benchmarks:
        assert suite.benchmark(benchmark).kind in KINDS
