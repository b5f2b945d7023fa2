"""Studies recorded by hand for the tests of the pages: real rows, real stored responses."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

from same_words import OWNER
from stored_answers import store_answers

from storage import (
    BASELINE,
    SEED_NULL,
    TREATMENT,
    AuditStore,
    CellOutcome,
    HostPlan,
    Run,
    RunFilter,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from talan.vocabulary import MIXERS
from workers.evaluation.asked_items import AskedItem

BENCHMARKS = {"tiny_choice": 20, "tiny_code": 10}
BACKBONES = ("backbone-a", "backbone-b")
HOSTILE = "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
NUM_NULLS = 4


def configuration(number: int) -> dict[str, Any]:
    """Mixers alternate, layers grow by four, every third is frozen."""
    frozen = number % 3 == 2
    return {
        "layer": number // 4,
        "slots": 2 if number % 8 < 4 else 4,
        "mixer": MIXERS[number % 4],
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
        "trainability": {
            "scope": "frozen" if frozen else "all",
            "train_until": None,
            "warmup_identity": 0,
        },
        "gradient_scale": None if frozen else 500.0,
    }


def plan(name: str, *, artifacts: str, configurations: int = 12) -> StudyPlan:
    """Two hosts, each with a baseline, its configurations and some null runs."""
    runs: list[RunPlan] = []
    for host in range(len(BACKBONES)):
        runs.append(RunPlan(host, BASELINE, 42, len(runs)))
        runs += [_treatment(number, len(runs) + number, host) for number in range(configurations)]
        runs += [
            RunPlan(host, SEED_NULL, 100 + number, len(runs) + number, baseline_seed=42)
            for number in range(NUM_NULLS)
        ]
    spec = {
        "name": name,
        "backbones": list(BACKBONES),
        "benchmarks": list(BENCHMARKS),
        "seeds": [42],
        "resources": {"workers": 2},
    }
    return StudyPlan(
        name=name,
        spec=spec,
        spec_hash=hashlib.sha256(name.encode()).hexdigest(),
        design={"sampler": "grid", "max_runs": None, "seed": 0},
        recipe_hash="r" * 64,
        artifact_url=artifacts,
        hosts=[
            HostPlan(backbone, "lora-r8", {"type": "lora", "r": 8}, 12, f"print-{backbone}")
            for backbone in BACKBONES
        ],
        runs=runs,
    )


def begin(store: AuditStore, name: str, *, artifacts: str, configurations: int = 12) -> list[Run]:
    """Put a study on record as one that is being driven; its runs in order."""
    store.studies.create(plan(name, artifacts=artifacts, configurations=configurations))
    store.leases.acquire(name, owner=OWNER, ttl_s=600)
    store.studies.set_state(name, "running", owner=OWNER)
    return list(store.runs.iterate(name))


def finished(store: AuditStore, name: str, *, artifacts: str, configurations: int = 12) -> None:
    """A study that is over: the last configuration of the second host failed."""
    runs = begin(store, name, artifacts=artifacts, configurations=configurations)
    failing = [run for run in runs if run.kind == TREATMENT][-1]
    for run in runs:
        if run.id == failing.id:
            attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-1")
            error = f"the loss is nan at step 3 {HOSTILE}"
            store.dispatch.fail(run.id, owner=OWNER, attempt=attempt, error=error, retry=False)
        else:
            finish(store, run, artifacts=artifacts)
    store.leases.release(name, owner=OWNER, state="completed")


def finish(store: AuditStore, run: Run, *, artifacts: str) -> None:
    """Take a run to its end; a baseline has 10 and 5 right, others a few more or less."""
    attempt = store.dispatch.start(run.id, owner=OWNER, worker=f"worker-{run.position % 2}")
    outcome = outcome_of(run, artifacts=artifacts)
    store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=outcome)


def outcome_of(run: Run, *, artifacts: str) -> RunOutcome:
    """What a run comes to, with its responses stored; they hold what a page must not run."""
    draw = random.Random(f"{run.study} {run.backbone} {run.kind} {run.seed} {run.configuration_id}")
    cells = []
    for name, num_items in BENCHMARKS.items():
        shift = 0 if run.kind == BASELINE else draw.randint(-2, 3)
        right = [(item + shift) % num_items < num_items // 2 + shift for item in range(num_items)]
        word = f"{HOSTILE} {run.kind} {name}"
        asked = prompts() if name == next(iter(BENCHMARKS)) else ()
        answers = store_answers(artifacts, right, word=word, asked=asked)
        cells.append(CellOutcome(name, right, answers, 1.5))
    return RunOutcome(
        cells=cells,
        losses=tuple(2.5 / (1 + step / 4) + draw.random() / 10 for step in range(20)),
        checkpoint_artifact="checkpoint",
        compute_s=12.5,
        provenance={"torch": "2.13.0"},
    )


def prompts() -> list[AskedItem]:
    """What the items of the first benchmark were asked with; the second prompt is long."""
    texts = [f"Question {number} {HOSTILE}" for number in range(20)]
    texts[1] += "x" * 600
    return [AskedItem(f"item-{number}", text, "?") for number, text in enumerate(texts)]


def treatments(store: AuditStore, name: str) -> list[Run]:
    """The runs of configurations, in order."""
    return list(store.runs.iterate(name, RunFilter(kind=TREATMENT)))


def _treatment(number: int, position: int, host: int) -> RunPlan:
    axes = configuration(number)
    identity = hashlib.sha256(json.dumps(axes, sort_keys=True).encode()).hexdigest()
    return RunPlan(host, TREATMENT, 42, position, axes, identity)
