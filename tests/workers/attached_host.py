"""An intervention on a backbone, attached and not trained: what a run begins with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from workers.backbones.determinism import seed_generators
from workers.backbones.resident import ResidentBackbone
from workers.interventions.bench import Bench
from workers.interventions.registry import intervention_of
from workers.job.jobs import RunJob
from workers.suites.registry import get_suite
from workers.training.sft_data import read_conversations, tokenise


def bench_of(resident: ResidentBackbone, job: RunJob) -> Bench:
    """What the job's intervention is given to work with."""
    said = read_conversations(get_suite(job.suite).train_file, num_examples=job.recipe.num_examples)
    examples = tokenise(said, tokenizer=resident.tokenizer, max_length=job.recipe.max_length)
    scratch = Path(tempfile.gettempdir())
    return Bench(resident, job.adapter, job.seed, job.recipe, examples, scratch)


def attach_host(resident: ResidentBackbone, job: RunJob) -> Any:
    """The job's intervention on the backbone; the generators are where training finds them."""
    bench, intervention = bench_of(resident, job), intervention_of(job)
    host = intervention.attach(bench, intervention.prepare(bench))
    seed_generators(job.seed)
    return host
