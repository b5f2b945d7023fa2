"""The records: checked where they are made, light to import, whole after a pickle."""

import pickle
import subprocess
import sys

import pytest

from workers.errors import AdapterError
from workers.job.jobs import AdapterSpec, CellResult, RunJob
from workers.job.recipe import Recipe

TARGETS = ("q_proj", "v_proj")


def test_spec_reads_a_study_files_entry():
    record = {"type": "lora", "r": 8, "alpha": 16, "target_modules": ["v_proj", "q_proj"]}

    spec = AdapterSpec.from_record(record)

    assert spec == AdapterSpec("lora", 8, 16.0, ("q_proj", "v_proj"), 0.0)
    assert spec.label == "lora-r8"
    assert AdapterSpec.from_record(spec.to_record()) == spec


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("type", "adalora", "lora, dora, rslora"),
        ("r", 0, "at least 1"),
        ("r", 2.0, "whole number"),
        ("r", True, "whole number"),
        ("alpha", 0, "above 0"),
        ("alpha", float("nan"), "above 0"),
        ("dropout", 1.0, "below 1"),
        ("target_modules", (), "list of module names"),
        ("target_modules", "q_proj", "list of module names"),
        ("target_modules", ("all-linear",), "list of module names"),
        ("target_modules", ("talan",), "list of module names"),
    ],
)
def test_spec_refuses_bad_values_by_name(field: str, value: object, named: str):
    record = {"type": "lora", "r": 8, "alpha": 16, "target_modules": list(TARGETS)}
    with pytest.raises(AdapterError) as refused:
        AdapterSpec.from_record(record | {field: value})

    message = str(refused.value)
    assert f"adapter.{field}" in message
    assert repr(value) in message
    assert named in message


def test_spec_refuses_unknown_and_missing_keys():
    with pytest.raises(AdapterError, match="'rank'"):
        AdapterSpec.from_record({"rank": 8})
    with pytest.raises(AdapterError, match="alpha, target_modules"):
        AdapterSpec.from_record({"type": "lora", "r": 8})


def test_jobs_survive_a_pickle():
    job = RunJob(
        key="k",
        backbone="tiny-qwen3",
        adapter=AdapterSpec("dora", 4, 8, TARGETS),
        configuration={"layer": 1},
        block={"summary_scope": "prefix"},
        seed=1,
        recipe=Recipe(),
        suite="tiny",
        benchmarks=("tiny_choice",),
        artifact_url="somewhere",
    )

    assert pickle.loads(pickle.dumps(job)) == job


def test_score_is_in_percent():
    cell = CellResult("b", 8, 3, (True,) * 3 + (False,) * 5, responses=None, seconds=0.0)

    assert cell.score == 37.5


def test_importing_the_records_imports_no_framework():
    check = (
        "import sys, workers.job.jobs; sys.exit('torch' in sys.modules or 'peft' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
