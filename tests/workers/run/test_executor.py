"""Whole runs on a warm executor: exact resets, matched baselines, nothing left after a failure."""

import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from same_words import FROZEN
from small_suite import KINDS, small_suite

from storage.artifacts import ArtifactStore
from workers.backbones.loading import load_backbone
from workers.errors import (
    AdapterError,
    BackboneError,
    ConfigurationError,
    RecipeError,
    SuiteError,
    TrainingDivergedError,
    WorkerError,
)
from workers.job.jobs import AdapterSpec, CellResult, RunJob, TrainResult
from workers.job.null_matching import HeldOut, KlMatch
from workers.run.executor import RunExecutor
from workers.run.scale_search import CLOSE
from workers.training.checkpoints import load_checkpoint

GATE = {"rule": "gate", "gate": "vector", "alpha": 0.05}
AXES = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": GATE,
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 5.0,
}
NULL = AXES | {
    "writeback": GATE | {"alpha": 0.0},
    "trainability": FROZEN,
    "gradient_scale": None,
}

Result = tuple[TrainResult, list[CellResult]]


def _run(executor: RunExecutor, job: RunJob) -> Result:
    trained = executor.begin(job)
    return trained, [executor.evaluate(benchmark) for benchmark in job.benchmarks]


def _bits(result: Result) -> dict[str, Any]:
    """Everything of a run that must not depend on when and where it is computed."""
    trained, cells = result
    return {
        "losses": list(trained.losses),
        "checkpoint": trained.checkpoint.name,
        "cells": [[c.benchmark, c.responses.name, list(c.outcomes)] for c in cells],
    }


@pytest.fixture(scope="module")
def make_job(
    make_job: Callable[..., RunJob], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., RunJob]:
    """Jobs on the first items of the built-in suite: what is compared here are bits of a few."""
    return partial(make_job, suite=small_suite(tmp_path_factory.mktemp("suite") / "small", *KINDS))


@pytest.fixture(scope="module")
def baseline(executor: RunExecutor, make_job: Callable[..., RunJob]) -> dict[str, Any]:
    return _bits(_run(executor, make_job()))


@pytest.mark.parametrize(
    "between",
    [
        {"configuration": AXES},
        {"seed": 8},
        {"training": {"gradient_checkpointing": True, "max_steps": 2}},
        {"training": {"dtype": "bfloat16", "max_steps": 2}},
        {"training": {"batch_size": 4, "gradient_accumulation": 2, "max_length": 60}},
    ],
    ids=["talan", "seed", "checkpointing", "bfloat16", "batches"],
)
def test_a_run_is_the_same_after_any_other(
    between: dict[str, Any],
    executor: RunExecutor,
    make_job: Callable[..., RunJob],
    baseline: dict[str, Any],
):
    other = _bits(_run(executor, make_job(**between)))

    assert other["losses"] != baseline["losses"]
    assert _bits(_run(executor, make_job())) == baseline


def test_a_sham_is_a_run_like_any_other_and_its_norm_is_on_record(
    executor: RunExecutor, make_job: Callable[..., RunJob], baseline: dict[str, Any], tmp_path: Path
):
    jobs = [make_job(configuration=AXES, sham=number) for number in (0, 1)]
    first, second = (_run(executor, job) for job in jobs)

    assert _bits(first)["losses"] != _bits(second)["losses"]
    assert baseline["losses"] not in (_bits(first)["losses"], _bits(second)["losses"])
    assert _bits(_run(executor, make_job())) == baseline
    assert _bits(_run(executor, jobs[0])) == _bits(first)
    found = [run[0].provenance["sham"] for run in (first, second)]
    assert [sham["number"] for sham in found] == [0, 1]
    assert found[0]["norm"] == pytest.approx(found[1]["norm"], rel=1e-5)
    assert found[0]["norm"] > 0
    assert "sham" not in _run(executor, make_job(configuration=AXES))[0].provenance


@pytest.mark.parametrize("kind", ["dora", "rslora"])
def test_adapters_differ_and_are_taken_off(
    kind: str,
    executor: RunExecutor,
    make_job: Callable[..., RunJob],
    lora: AdapterSpec,
    baseline: dict[str, Any],
):
    job = make_job(adapter=replace(lora, type=kind, dropout=0.1))
    first = _bits(_run(executor, job))

    assert first["checkpoint"] != baseline["checkpoint"]
    assert _bits(_run(executor, make_job())) == baseline
    assert _bits(_run(executor, job)) == first


def test_a_process_of_its_own_gives_the_same_bits(
    make_job: Callable[..., RunJob], executor: RunExecutor, tmp_path: Path
):
    job = make_job(configuration=AXES)
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    script = """
import json, pickle, sys
from pathlib import Path
from workers.run.process import prepare_process
prepare_process()
from workers.run.executor import RunExecutor
from workers.run.scale_search import CLOSE
folder = Path(sys.argv[1])
job = pickle.loads((folder / "job").read_bytes())
with RunExecutor(device="cpu") as bench:
    trained = bench.begin(job)
    cells = [bench.evaluate(benchmark) for benchmark in job.benchmarks]
(folder / "bits").write_text(json.dumps({
    "losses": list(trained.losses),
    "checkpoint": trained.checkpoint.name,
    "cells": [[c.benchmark, c.responses.name, list(c.outcomes)] for c in cells],
}))
"""
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment)

    assert json.loads((tmp_path / "bits").read_text()) == _bits(_run(executor, job))


@pytest.mark.parametrize(
    "place",
    [("multihead_local", 0), ("cross_attn", 1), ("gated_cross_attn", 0), ("per_token_mix", 1)],
)
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_null_intervention_is_the_baseline_bit_for_bit(
    place: tuple[str, int],
    dropout: float,
    executor: RunExecutor,
    make_job: Callable[..., RunJob],
    lora: AdapterSpec,
):
    job = make_job(adapter=replace(lora, dropout=dropout))
    null = replace(job, configuration=NULL | {"mixer": place[0], "layer": place[1]})
    expected, trained = _run(executor, job), _run(executor, null)

    assert trained[0].losses == expected[0].losses
    assert [c.responses for c in trained[1]] == [c.responses for c in expected[1]]
    assert [c.outcomes for c in trained[1]] == [c.outcomes for c in expected[1]]
    assert _adapter_file(null, trained[0]) == _adapter_file(job, expected[0])


def test_talan_changes_what_is_learnt(
    executor: RunExecutor, make_job: Callable[..., RunJob], baseline: dict[str, Any]
):
    treatment = _bits(_run(executor, make_job(configuration=AXES)))

    assert treatment["losses"][0] == pytest.approx(baseline["losses"][0], rel=0.05)
    assert treatment["losses"] != baseline["losses"]


@pytest.mark.parametrize("architecture", ["qwen3_moe", "llama"])
def test_other_architectures_take_the_same_path(
    architecture: str,
    executor: RunExecutor,
    make_job: Callable[..., RunJob],
    make_backbone: Callable[[str], str],
    baseline: dict[str, Any],
):
    job = make_job(backbone=make_backbone(architecture), configuration=AXES)
    first = _bits(_run(executor, job))

    assert _bits(_run(executor, make_job())) == baseline
    assert _bits(_run(executor, job)) == first


def test_checkpoint_artifact_is_the_trained_host(
    executor: RunExecutor, make_job: Callable[..., RunJob], tmp_path: Path
):
    job = make_job(configuration=AXES)
    trained = executor.begin(job)
    ids = torch.tensor([[5, 6, 7]])
    logits = executor.model(ids).logits
    ArtifactStore(job.artifact_url).get_folder(trained.checkpoint.name, tmp_path / "host")

    adapted, talan = load_checkpoint(tmp_path / "host", model=load_backbone(job.backbone)[0])

    assert talan is not None
    assert torch.equal(adapted.eval()(ids).logits, logits)


def test_embedded_default_scores_inside_the_range(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    benchmarks = ("tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code")
    job = make_job(backbone="tiny-qwen3", suite="tiny", benchmarks=benchmarks)
    trained, cells = _run(executor, job)

    assert trained.steps == 4
    assert trained.provenance["seed"] == job.seed
    assert [cell.benchmark for cell in cells] == list(benchmarks)
    for cell in cells:
        assert cell.n_items == len(cell.outcomes) >= 100
        assert cell.n_correct == sum(cell.outcomes)
    assert 0 < sum(cell.n_correct for cell in cells) < sum(cell.n_items for cell in cells)


def test_a_run_that_altered_the_backbone_fails_and_the_next_is_sound(
    executor: RunExecutor, make_job: Callable[..., RunJob], baseline: dict[str, Any]
):
    executor.begin(make_job())
    with torch.no_grad():
        executor.model.get_base_model().model.norm.weight[0] += 1e-6

    with pytest.raises(BackboneError, match="altered its weights"):
        executor.evaluate("tiny_choice")
    assert _bits(_run(executor, make_job())) == baseline


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"configuration": AXES | {"layer": 9}}, (ConfigurationError, "9")),
        (
            {"training": {"learning_rate": 1e39, "warmup_ratio": 0.0}},
            (TrainingDivergedError, "nan"),
        ),
        ({"adapter": AdapterSpec("lora", 4, 8, ("wq",))}, (AdapterError, "'wq'")),
        ({"backbone": "./nowhere"}, (BackboneError, "nowhere")),
        ({"suite": "unheard-of"}, (SuiteError, "unheard-of")),
        ({"training": {"dtype": "float16"}}, (RecipeError, "'float16'; allowed on a CPU")),
        ({"artifact_url": "/dev/null/store"}, (WorkerError, "/dev/null/store")),
    ],
    ids=["layer", "diverging", "target", "backbone", "suite", "dtype", "store"],
)
def test_a_failed_run_leaves_a_sound_workbench(
    change: dict[str, Any],
    refusal: tuple[type[WorkerError], str],
    executor: RunExecutor,
    make_job: Callable[..., RunJob],
    baseline: dict[str, Any],
):
    with pytest.raises(refusal[0], match=refusal[1]):
        executor.begin(make_job(**change))
    with pytest.raises(WorkerError, match="before a run was begun"):
        executor.evaluate("tiny_choice")

    assert _bits(_run(executor, make_job())) == baseline


def test_a_benchmark_the_run_does_not_have_is_named(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    executor.begin(make_job())

    with pytest.raises(SuiteError, match="'tiny_code'; this run has tiny_choice"):
        executor.evaluate("tiny_code")


def test_another_thread_is_refused(executor: RunExecutor, make_job: Callable[..., RunJob]):
    caught: list[WorkerError] = []

    def call() -> None:
        try:
            executor.begin(make_job())
        except WorkerError as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()

    assert "main thread" in str(caught[0])


def _adapter_file(job: RunJob, trained: TrainResult) -> bytes:
    """The stored adapter's bytes: what a null run members with its baseline."""
    data = ArtifactStore(job.artifact_url).get_bytes(trained.checkpoint.name)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = next(m for m in tar.getmembers() if m.name.endswith("adapter_model.safetensors"))
        file = tar.extractfile(member)
        assert file is not None
        return file.read()


def test_a_jitter_and_a_sham_are_scaled_until_they_are_as_far_as_they_are_to_be(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    make = partial(make_job, training={"num_examples": 96})
    reference = executor.begin(make(held_out=HeldOut()))
    assert reference.held_out is not None
    assert reference.kl_to_baseline is None
    measured = HeldOut(reference.held_out.name)
    treated = executor.begin(make(configuration=AXES, held_out=measured)).kl_to_baseline
    assert treated is not None
    assert treated > 0
    early = make(configuration=AXES)
    assert executor.begin(early).kl_to_baseline is None  # its baseline is not done yet
    assert executor.meet_baseline(replace(early, held_out=measured)).kl_to_baseline == treated
    assert executor.begin(make(held_out=measured)).kl_to_baseline == 0
    for part in ({"jitter": 0}, {"sham": 0, "configuration": AXES}):
        job = make(held_out=measured, match=KlMatch(treated), **part)
        found = executor.begin(job)
        match = found.provenance["match"]
        assert match["target_kl"] == treated
        assert match["tries"][-1] == {"scale": found.null_scale, "kl": found.kl_to_baseline}
        assert found.kl_to_baseline == pytest.approx(treated, rel=CLOSE - 1)
        again = executor.begin(job)
        assert (again, again.checkpoint) == (
            replace(found, seconds=again.seconds),
            found.checkpoint,
        )
        warm = executor.begin(replace(job, match=KlMatch(treated, start=found.null_scale)))
        assert len(warm.provenance["match"]["tries"]) == 1
        assert (warm.losses, warm.checkpoint) == (found.losses, found.checkpoint)


def test_a_matched_run_without_a_baseline_to_be_measured_is_refused(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    with pytest.raises(WorkerError, match="is matched, and has no baseline to be measured"):
        executor.begin(make_job(jitter=0, match=KlMatch(0.1)))


def test_gamma_on_the_learning_rate_is_another_run_and_at_1_the_same(
    executor: RunExecutor, make_job: Callable[..., RunJob]
):
    """Of the same first loss, for gamma acts after the forward pass."""
    found = {}
    for gamma in (1.0, 20.0):
        for acts in ("gradient", "learning_rate"):
            job = make_job(
                configuration=AXES | {"gradient_scale": gamma}, training={"gamma_acts_on": acts}
            )
            found[gamma, acts] = executor.begin(job)
    assert len({result.losses[0] for result in found.values()}) == 1
    plain = found[1.0, "gradient"]
    assert found[1.0, "learning_rate"].checkpoint == plain.checkpoint
    scaled = found[20.0, "learning_rate"]
    assert scaled.losses[-1] not in (plain.losses[-1], found[20.0, "gradient"].losses[-1])
