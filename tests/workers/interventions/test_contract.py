"""What every intervention owes: one class of tests over all of them, on a tiny backbone.

Each runs through the executor that audits run through; one executor serves all, so that what one
leaves behind would show in the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from storage.artifacts import ArtifactStore
from workers.backbones.loading import load_backbone
from workers.errors import MethodError
from workers.interventions.registry import BUILT_IN, intervention_of
from workers.interventions.restore import restore
from workers.job.jobs import CellResult, RunJob, TrainResult
from workers.run.executor import RunExecutor
from workers.suites.registry import get_suite
from workers.training.checkpoints import load_checkpoint

TALAN = {
    "layer": 1,
    "slots": 2,
    "mixer": "multihead_local",
    "writeback": {"rule": "direct", "gate": None, "alpha": 0.5},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 1.0,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "repe": {"layers": [0, 1], "strengths": [-0.2, 0, 0.2], "pairs": 6},
    "cogsteer": {"layer": [0, 1]},
    "delift": {"fraction": 0.3, "anchors": 4},
    "adapter_fusion": {"value": "low_rank", "width": 4},
    "loreft": {"rank": 4, "positions": "f3+l3", "learning_rate": 0.01},
    "ia3": {"learning_rate": [0.01, 0.1]},
    "vera": {"rank": 16, "learning_rate": 0.05},
    "shadow": {"rank": 4, "learning_rate": 0.005},
}
METHODS = {name: {"method": name, **SETTINGS.get(name, {})} for name in BUILT_IN}
OTHERS: dict[str, dict[str, Any]] = {
    "adapter": {},
    "talan": {"configuration": TALAN},
    "sham": {"configuration": TALAN, "sham": 1},
    "jitter": {"jitter": 1},
}
EVERYTHING = (*OTHERS, *METHODS)
IDS = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12]])
LIMITED = {"max_steps": 2, "batch_size": 4, "num_examples": 24}

Ran = tuple[TrainResult, CellResult]


def _fields(name: str) -> dict[str, Any]:
    return OTHERS[name] if name in OTHERS else {"method": METHODS[name]}


@pytest.fixture(scope="module")
def bench() -> Iterator[RunExecutor]:
    with RunExecutor(device="cpu") as executor:
        yield executor


@pytest.fixture(scope="module")
def short_suite(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Eight items with short answers; the tiny suite's training file, which names domains."""
    folder, tiny = tmp_path_factory.mktemp("short"), get_suite("tiny")
    (folder / "items").mkdir()
    items = tiny.items_file("tiny_choice").read_text().splitlines(keepends=True)[:8]
    (folder / "items" / "short.jsonl").write_text("".join(items))
    (folder / "train.jsonl").write_bytes(tiny.train_file.read_bytes())
    (folder / "suite.yaml").write_text("benchmarks: {short: letters}\nmax_new_tokens: 8\n")
    return str(folder)


@pytest.fixture(scope="module")
def job_of(make_job: Callable[..., RunJob], short_suite: str) -> Callable[..., RunJob]:
    def make(name: str, **fields: Any) -> RunJob:
        asked = {**_fields(name), "suite": short_suite, "benchmarks": ("short",), **fields}
        return make_job(training=LIMITED, **asked)

    return make


def _run(executor: RunExecutor, job: RunJob, *, draft: str | None = None) -> Ran:
    return executor.begin(job), executor.evaluate(job.benchmarks[0], draft)


@pytest.fixture(scope="module")
def ran(bench: RunExecutor, job_of: Callable[..., RunJob]) -> dict[str, list[Any]]:
    """Each with all others before it comes again: results, and the logits of its model.

    The second time, answers are drafted by the baseline's.
    """
    found: dict[str, list[Any]] = {name: [] for name in EVERYTHING}
    draft: str | None = None
    for name in (*EVERYTHING, *EVERYTHING):
        result = _run(bench, job_of(name), draft=draft if found[name] else None)
        draft = draft or result[1].responses.name
        found[name].append((*result, bench.model.eval()(IDS).logits.detach().clone()))
    return found


def _kept(result: Any) -> tuple[Any, ...]:
    trained, cell, logits = result
    return (
        trained.losses,
        trained.checkpoint.name,
        cell.outcomes,
        cell.digests,
        logits.numpy().tobytes(),
    )


@pytest.mark.parametrize("name", EVERYTHING)
class TestContract:
    """Duties of an intervention."""

    def test_a_b_a_gives_a_twice_bit_for_bit(self, name: str, ran: dict[str, list[Any]]):
        first, last = ran[name]
        assert _kept(first) == _kept(last)

    def test_drafted_answers_are_those_of_plain_decoding(
        self, name: str, ran: dict[str, list[Any]]
    ):
        plain, drafted = ran[name][0][1], ran[name][1][1]
        assert plain.generation.drafted_tokens == 0
        if name == "shadow":  # its second cache is nobody's but generate()'s
            assert drafted.generation.mode == "static"
        else:
            assert drafted.generation.drafted_tokens > 0
        assert drafted.digests == plain.digests

    def test_what_it_changes_it_changes(self, name: str, ran: dict[str, list[Any]]):
        differs = not torch.equal(ran[name][0][2], ran["adapter"][0][2])
        assert differs == (name != "adapter")

    def test_a_saved_one_gives_the_same_logits(
        self,
        name: str,
        ran: dict[str, list[Any]],
        job_of: Callable[..., RunJob],
        tmp_path: Path,
    ):
        job = job_of(name)
        trained, _, logits = ran[name][0]
        ArtifactStore(job.artifact_url).get_folder(trained.checkpoint.name, tmp_path / "host")
        model, _ = load_backbone(job.backbone)
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        plain = model(IDS).logits.detach().clone()
        if name in METHODS:
            attached = restore(tmp_path / "host", model=model)
            assert torch.equal(attached.model.eval()(IDS).logits, logits)
            attached.detach()
            attached.detach()
            assert torch.equal(model.eval()(IDS).logits, plain)
            after = model.state_dict()
            assert after.keys() == before.keys()
            assert all(torch.equal(tensor, after[key]) for key, tensor in before.items())
        else:
            adapted, _ = load_checkpoint(tmp_path / "host", model=model)
            assert torch.equal(adapted.eval()(IDS).logits, logits)

    def test_it_names_its_null_and_its_source(self, name: str, job_of: Callable[..., RunJob]):
        found = intervention_of(job_of(name))
        assert found.null
        assert found.source
        assert all(sentence.endswith(".") for sentence in found.unmatched)


def test_the_baseline_is_that_of_a_process_without_methods(
    ran: dict[str, list[Any]], job_of: Callable[..., RunJob]
):
    with RunExecutor(device="cpu") as fresh:
        trained, cell = _run(fresh, job_of("adapter"))
        assert (trained.losses, trained.checkpoint, cell.outcomes, cell.digests) == (
            ran["adapter"][1][0].losses,
            ran["adapter"][1][0].checkpoint,
            ran["adapter"][1][1].outcomes,
            ran["adapter"][1][1].digests,
        )


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_took_and_counts_its_parameters(name: str, ran: dict[str, list[Any]]):
    trained = ran[name][0][0]
    cost = trained.provenance["method"]["cost"]
    assert cost["training_s"] > 0
    assert cost["preparation_s"] >= 0
    assert cost["training_s"] + cost["preparation_s"] == pytest.approx(trained.seconds)
    assert (cost["steps"], cost["examples"]) == (2, 8)
    rank, width, layers = 4, 32, 2
    lora = layers * rank * (4 * width + width + 16 + 16 + width)  # q, k, v, o: 4 heads of 8, 2 of k
    expected = {
        "dora": lora + layers * (32 + 16 + 16 + 32),
        "repe": lora + 2 * (width + 1),
        "cogsteer": lora // layers,
        "delift": lora,
        "ia3": layers * (16 + 16 + 64),
        "vera": layers * (4 * 16 + 32 + 16 + 16 + 32),
        "loreft": layers * (rank * width + rank * width + rank),
    }
    if name in expected:
        assert cost["parameters"] == expected[name]
    assert cost["parameters"] > 0


@pytest.mark.parametrize(
    ("name", "values"),
    [("repe", [-0.2, 0, 0.2]), ("cogsteer", [0, 1]), ("ia3", [0.01, 0.1])],
)
def test_what_is_chosen_is_the_least_held_out_loss(
    name: str, values: list[float], ran: dict[str, list[Any]]
):
    (choice,) = ran[name][0][0].provenance["method"]["choices"]
    assert [one["value"] for one in choice["tries"]] == values
    best = min(choice["tries"], key=lambda one: one["loss"])
    assert choice["value"] == best["value"]
    assert "held-out" in choice["by"]


@pytest.mark.parametrize("name", METHODS)
def test_the_null_lacks_the_mechanism_alone(
    name: str,
    bench: RunExecutor,
    ran: dict[str, list[Any]],
    job_of: Callable[..., RunJob],
):
    other = 1 if name == "dora" else 0
    job = job_of(name)
    null = bench.begin(replace(job, is_method_null=True, seed=job.seed + other))
    logits = bench.model.eval()(IDS).logits.detach()
    plain = load_backbone(job.backbone)[0](IDS).logits
    if name in ("ia3", "vera", "shadow"):
        assert torch.equal(logits, plain)
    if name == "loreft":
        assert not torch.equal(logits, plain)
    trains = name in ("dora", "cogsteer", "delift", "repe")
    assert len(null.losses) == (2 if trains else 0)
    if name == "dora":  # the adapter at another seed, and no magnitudes
        adapter = bench.begin(replace(job_of("adapter"), seed=job.seed + 1))
        assert adapter.losses == null.losses
    if name == "repe" and ran[name][0][0].provenance["method"]["choices"][0]["value"] == 0:
        assert torch.equal(logits, ran["adapter"][0][2])


def test_a_checkpoint_names_its_method(
    ran: dict[str, list[Any]], job_of: Callable[..., RunJob], tmp_path: Path
):
    job = job_of("repe")
    name = ran["repe"][0][0].checkpoint.name
    ArtifactStore(job.artifact_url).get_folder(name, tmp_path / "host")
    found = json.loads((tmp_path / "host" / "intervention.json").read_text())
    assert found["method"] == "repe"
    assert found["settings"]["strengths"] == [-0.2, 0, 0.2]
    files = sorted(path.name for path in (tmp_path / "host").iterdir())
    assert files == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "blocks.safetensors",
        "intervention.json",
        "talan_model.json",
    ]


def test_an_unknown_method_is_refused_with_those_installed(
    bench: RunExecutor, job_of: Callable[..., RunJob]
):
    with pytest.raises(MethodError, match="no method 'dorra'; installed are dora, repe"):
        bench.begin(job_of("adapter", method={"method": "dorra"}))
