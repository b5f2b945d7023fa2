"""Analyses of a whole study: its blocks' weights against what came of the runs.

Owns: which runs are taken (completed treatments with a mean delta and a checkpoint), reading their
weights once, and the artifact with every run's statistics. Does not cover: what is computed
(``discriminators``, ``signature``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from search.analyses.catalogue import DISCRIMINATORS, SIGNATURE
from search.analyses.discriminators import WeighedRun, discriminators
from search.analyses.signature import signatures
from search.analyses.weights import AUGMENTED, SIGNATURE_FEATURES, read_block, weight_statistics
from search.errors import AnalysisError
from storage import TREATMENT, ArtifactError, ArtifactStore, Asked, AuditStore, Run, RunFilter
from storage.canonical_json import canonical_json, content_hash
from storage.verdict import STRICT

OF_STUDIES = (DISCRIMINATORS, SIGNATURE)
_SEED = 0
_IDENTITY = ("run_id", "host", "mixer", "bucket")


@dataclass(frozen=True)
class StudyAnalysis:
    """What came of it: a summary, the artifact's name, wall seconds."""

    summary: dict[str, Any]
    artifact: str
    seconds: float


def asked_of_study(store: AuditStore, study: str) -> list[Asked]:
    """A study's analyses as of its runs now: more runs are another question.

    Raises:
        StudyNotFound: There is no such study.
    """
    ids = sorted(run.id for run in _taken(store, study))
    parameters = {"runs": len(ids), "of": content_hash(canonical_json(ids))[:16]}
    return [Asked(study, None, name, parameters) for name in OF_STUDIES]


def analyse_study(store: AuditStore, study: str, name: str) -> StudyAnalysis:
    """Compute one analysis of a study.

    Raises:
        AnalysisError: No run has weights to be read.
    """
    started = time.perf_counter()
    artifacts = ArtifactStore(store.studies.get(study).artifact_url)
    runs, unread = _weighed(store, study, artifacts)
    if not runs:
        raise AnalysisError(
            f"study {study!r} has no completed run with a mean delta whose block can be read; "
            + (unread[0] if unread else "allowed: studies with completed runs")
        )
    if name == DISCRIMINATORS:
        summary = discriminators(runs, names=AUGMENTED, seed=_SEED)
    else:
        features = {"13": SIGNATURE_FEATURES, "29": AUGMENTED}
        summary = signatures(runs, features=features, seed=_SEED)
    artifact = artifacts.put_bytes(_table(runs), suffix="parquet").name
    unread_runs = {"unread": len(unread), "unread_reason": unread[0] if unread else None}
    return StudyAnalysis({**summary, **unread_runs}, artifact, time.perf_counter() - started)


def _taken(store: AuditStore, study: str) -> list[Run]:
    wanted = RunFilter(kind=TREATMENT, state="completed")
    found = store.runs.iterate(study, wanted)
    return [run for run in found if run.mean_delta is not None and run.checkpoint_artifact]


def _weighed(
    store: AuditStore, study: str, artifacts: ArtifactStore
) -> tuple[list[WeighedRun], list[str]]:
    """The runs with their statistics, and why others have none."""
    runs, unread = [], []
    for run in _taken(store, study):
        assert run.configuration is not None
        try:
            block = read_block(artifacts, str(run.checkpoint_artifact))
        except (AnalysisError, ArtifactError) as error:
            unread.append(f"run {run.id}: {error}")
            continue
        rule = run.configuration["writeback"]
        runs.append(
            WeighedRun(
                run_id=run.id,
                host=f"{run.backbone} {run.adapter}",
                mixer=run.configuration["mixer"],
                bucket=_bucket(run),
                statistics=weight_statistics(block, alpha=rule["alpha"]),
                mean_delta=float(run.mean_delta or 0.0),
                is_strict=run.verdict == STRICT,
            )
        )
    return runs, unread


def _bucket(run: Run) -> str:
    configuration = run.configuration or {}
    rule = configuration["writeback"]
    gate = f":{rule['gate']}" if rule["gate"] else ""
    return (
        f"layer {configuration['layer']}, T {configuration['slots']}, "
        f"{rule['rule']}{gate}:{rule['alpha']:g}"
    )


def _table(runs: list[WeighedRun]) -> bytes:
    rows = [
        {
            **{name: getattr(run, name) for name in _IDENTITY},
            "mean_delta": run.mean_delta,
            **run.statistics,
        }
        for run in runs
    ]
    schema = pa.schema(
        [
            *((name, pa.string()) for name in _IDENTITY),
            ("mean_delta", pa.float64()),
            *((name, pa.float64()) for name in AUGMENTED),
        ]
    )
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file, compression="zstd")
    return file.getvalue()
