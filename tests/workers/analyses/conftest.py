"""Stored hosts that nobody trained: a baseline, a run with a block and another seed, disturbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from stored_hosts import ANSWERS, PROMPTS, Stored, disturbed, generated

from storage.artifacts import ArtifactStore
from workers.analyses.jobs import AnalysisJob, CellSource
from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.evaluation.asked_items import AskedItem, encode_asked, naming_asked
from workers.job.jobs import RunJob

AXES: dict[str, Any] = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.3},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 1.0,
}


@pytest.fixture(scope="session")
def make_stored(
    make_backbone: Callable[[str], str],
    make_job: Callable[..., RunJob],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Stored]:
    """Makes stored hosts on an architecture; keywords change the run's configuration."""
    made: dict[str, Stored] = {}

    def make(architecture: str = "qwen3", **axes: Any) -> Stored:
        key = f"{architecture} {json.dumps(axes, sort_keys=True)}"
        if key not in made:
            folder = str(tmp_path_factory.mktemp("stored"))
            job = make_job(backbone=make_backbone(architecture), artifact_url=folder)
            made[key] = _stored(job, {**AXES, **axes}, folder)
        return made[key]

    return make


def _stored(job: RunJob, axes: dict[str, Any], folder: str) -> Stored:
    model, tokenizer = load_backbone(job.backbone)
    resident = ResidentBackbone(job.backbone, model=model, tokenizer=tokenizer)
    jobs = {
        "run": replace(job, configuration=axes),
        "baseline": job,
        "other_seed": replace(job, seed=job.seed + 1),
    }
    if axes["writeback"]["alpha"]:  # what disturbs nothing has no sham
        jobs["sham"] = replace(job, configuration=axes, sham=0)
    number = {"run": 1, "baseline": 2, "other_seed": 3, "sham": 2}
    checkpoints = {
        role: disturbed(resident, one, number=number[role], folder=folder)
        for role, one in jobs.items()
    }
    cells = tuple(
        CellSource(
            name, *(_answers(folder, name, whose, tokenizer) for whose in ("run", "baseline"))
        )
        for name in ANSWERS
    )
    analysis = AnalysisJob(
        key="analysis",
        name="depth",
        parameters={"items": 4},
        backbone=job.backbone,
        recipe=job.recipe,
        artifact_url=folder,
        checkpoints={"run": checkpoints["run"], "baseline": checkpoints["baseline"]},
        cells=cells,
        seed=job.seed,
    )
    return Stored(resident, analysis, axes, checkpoints, Path(folder))


def _answers(folder: str, benchmark: str, whose: str, tokenizer: Any) -> str:
    """The first benchmark's cell is an older run's, which kept no tokens."""
    store = ArtifactStore(folder)
    asked = [AskedItem(f"{benchmark}-{n}", text, "?") for n, text in enumerate(PROMPTS)]
    name = store.put_bytes(encode_asked(asked), suffix="parquet").name
    rows = [
        {"item_id": item.item_id, "response": text, "correct": correct}
        for item, (text, correct) in zip(asked, ANSWERS[benchmark][whose], strict=True)
    ]
    if benchmark == "second":
        for row in rows:
            row["tokens"] = generated(row["response"], tokenizer)
    table = pa.Table.from_pylist(rows)
    file = BytesIO()
    pq.write_table(table.cast(naming_asked(table.schema, name)), file)
    return store.put_bytes(file.getvalue(), suffix="parquet").name


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
