"""Provenance names what a run's numbers depend on, and never fails."""

import json
from collections.abc import Callable

import torch

from workers.backbones.inspection import inspect_backbone
from workers.job.jobs import RunJob
from workers.run.provenance import collect_provenance


def test_everything_a_number_depends_on_is_named(make_job: Callable[..., RunJob]):
    job = make_job()
    record = collect_provenance(job)

    assert record["versions"]["torch"] == torch.__version__
    assert None not in record["versions"].values()
    assert record["machine"]["num_cpus"] >= 1
    assert record["machine"]["cpu"]
    assert record["threads"] == 1
    assert record["deterministic"] is True
    assert record["seed"] == 7
    assert record["dtype"] == "float32"
    assert record["recipe_hash"] == job.recipe.hash
    assert record["backbone_fingerprint"] == inspect_backbone(job.backbone).fingerprint
    assert len(record["suite_hash"]) == 64
    assert json.loads(json.dumps(record)) == record


def test_unknown_parts_are_none(make_job: Callable[..., RunJob]):
    record = collect_provenance(make_job(backbone="./nowhere", suite="unheard-of"))

    assert record["backbone_fingerprint"] is None
    assert record["suite_hash"] is None
