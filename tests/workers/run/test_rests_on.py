"""What a verdict rests on is kept, and a run that rests on something else gets no delta."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from same_words import FROZEN

from search.driving.run_outcomes import run_outcome
from storage import BASELINE, TREATMENT, AuditStore, HostPlan, RunOutcome, RunPlan, StudyPlan
from storage.errors import PairingMismatch
from storage.pairing import RESTS_ON, differing
from workers.backbones import loading
from workers.job.jobs import RunJob
from workers.run.executor import RunExecutor

OWNER = "driver"
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart: never the same day
IDENTITY = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.0},
    "trainability": FROZEN,
    "gradient_scale": None,
}


@pytest.fixture(autouse=True)
def _zone_put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.undo()
    time.tzset()


def done(job: RunJob) -> RunOutcome:
    """A run done by a worker of its own."""
    with RunExecutor(device="cpu") as executor:
        trained = executor.begin(job)
        cells = [executor.evaluate(benchmark) for benchmark in job.benchmarks]
    return run_outcome(job, trained, cells)


def test_everything_is_named_and_two_workers_agree(make_job: Callable[..., RunJob]) -> None:
    baseline = done(make_job()).provenance[RESTS_ON]
    treatment = done(make_job(configuration=IDENTITY)).provenance[RESTS_ON]
    assert baseline == treatment
    assert set(baseline) == {
        *("recipe", "backbone files", "backbone weights", "tokenizer", "chat template"),
        *("training text", "training order at seed 7", "dtype", "device", "kernels", "processes"),
        *("scorers", "torch", "transformers", "tokenizers", "peft", "lm-eval", "math-verify"),
        *("numpy", "items of tiny_choice", "all prompts of tiny_choice"),
        "prompts asked of tiny_choice",
    }
    assert (baseline["kernels"], baseline["dtype"]) == ("deterministic", "float32")
    assert not any(value in ("", "None", "not installed") for value in baseline.values())


def test_another_seed_differs_in_the_order_of_the_examples_alone(
    make_job: Callable[..., RunJob],
) -> None:
    one, other = (done(make_job(seed=seed)).provenance[RESTS_ON] for seed in (7, 8))
    assert differing(one, other) == {}
    assert set(one) ^ set(other) == {"training order at seed 7", "training order at seed 8"}


def test_a_study_that_goes_on_elsewhere_compares_no_other_prompts(
    make_job: Callable[..., RunJob],
    small_backbone: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The baseline in one time zone, the treatment in another, a clock that nobody stopped."""
    backbone = _with_clock(small_backbone, tmp_path)
    monkeypatch.setattr(loading, "with_date", _undated)
    jobs = {
        BASELINE: make_job(backbone=backbone, artifact_url=str(tmp_path / "artifacts")),
        TREATMENT: make_job(
            backbone=backbone, artifact_url=str(tmp_path / "artifacts"), configuration=IDENTITY
        ),
    }
    with AuditStore.open(f"sqlite:///{tmp_path}/talan.db") as store:
        runs = _recorded(store, jobs[BASELINE])
        monkeypatch.setenv("TZ", EAST)
        time.tzset()
        _finish(store, runs[BASELINE], done(jobs[BASELINE]))
        monkeypatch.setenv("TZ", WEST)
        time.tzset()
        with pytest.raises(PairingMismatch) as caught:
            _finish(store, runs[TREATMENT], done(jobs[TREATMENT]))
        said = str(caught.value)
        assert "prompts asked of tiny_choice: " in said
        assert "training text: " in said
        assert "backbone" not in said.replace("its baseline", "")
        assert store.runs.get(runs[TREATMENT]).mean_delta is None
        store.dispatch.fail(runs[TREATMENT], owner=OWNER, attempt=1, error=said, retry=False)
        store.dispatch.requeue_failed("zones", owner=OWNER)
        monkeypatch.setenv("TZ", EAST)  # the cause is gone
        time.tzset()
        _finish(store, runs[TREATMENT], done(jobs[TREATMENT]))
        assert store.runs.get(runs[TREATMENT]).verdict == "inert"


def _undated(template: str, *, date: str) -> str:
    """Let a template ask for the day that it is, instead of the recipe's."""
    assert date
    return template


def _with_clock(backbone: str, folder: Path) -> str:
    """A copy of a backbone whose template begins with the day."""
    copy = shutil.copytree(backbone, folder / "dated")
    file = copy / "chat_template.jinja"
    if file.is_file():
        file.write_text("{{ strftime_now('%d %b %Y') }}" + file.read_text())
    else:
        config = json.loads((copy / "tokenizer_config.json").read_text())
        config["chat_template"] = "{{ strftime_now('%d %b %Y') }}" + config["chat_template"]
        (copy / "tokenizer_config.json").write_text(json.dumps(config))
    return str(copy)


def _recorded(store: AuditStore, job: RunJob) -> dict[str, str]:
    plan = StudyPlan(
        name="zones",
        spec={"name": "zones"},
        spec_hash="s" * 64,
        design={"sampler": "grid"},
        recipe_hash=job.recipe.hash,
        artifact_url=job.artifact_url,
        hosts=[HostPlan(job.backbone, "lora-r4", job.adapter.to_record(), 2, "f")],
        runs=[
            RunPlan(0, BASELINE, job.seed, 0),
            RunPlan(0, TREATMENT, job.seed, 1, IDENTITY, "c" * 64),
        ],
    )
    store.studies.create(plan)
    store.leases.acquire("zones", owner=OWNER, ttl_s=600)
    return {run.kind: run.id for run in store.runs.iterate("zones")}


def _finish(store: AuditStore, run_id: str, outcome: RunOutcome) -> None:
    if store.runs.get(run_id).state == "pending":
        store.dispatch.start(run_id, owner=OWNER, worker="worker-0")
    attempt = store.runs.get(run_id).attempt
    store.results.finish(run_id, owner=OWNER, attempt=attempt, outcome=outcome)
