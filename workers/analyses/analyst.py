"""Carrying out one analysis on a warm backbone.

Owns: which function an analysis' name means, its table, and one error tree. Does not cover: the
backbone (the executor's, ``workers.run.executor``), nor which analyses are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from storage.artifacts import ArtifactStore
from workers.analyses import components, depth, divergence, domains, drift, scale, slots
from workers.analyses.hosts import Hosts
from workers.analyses.items import AnalysedItem, Choice, parted, read_items, spread
from workers.analyses.jobs import (
    COMPONENTS,
    DEPTH,
    DIVERGENCE,
    DOMAINS,
    DRIFT,
    SCALE,
    SLOTS,
    AnalysisJob,
    AnalysisResult,
)
from workers.analyses.tables import Table
from workers.backbones.resident import ResidentBackbone
from workers.errors import WorkerError


@dataclass(frozen=True)
class Given:
    """What an analysis works with.

    Attributes:
        job: What is asked for.
        hosts: The stored hosts.
        items: What they are read on.
        table: Where values go.
    """

    job: AnalysisJob
    hosts: Hosts
    items: list[AnalysedItem]
    table: Table


@dataclass(frozen=True)
class _Analysis:
    compute: Callable[[Given], Mapping[str, object]]
    schema: pa.Schema
    choose: Choice | None = spread


_ANALYSES: dict[str, _Analysis] = {
    DEPTH: _Analysis(lambda g: depth.analyse_depth(g.hosts, g.items, g.table), depth.SCHEMA),
    SCALE: _Analysis(lambda g: scale.analyse_scale(g.hosts, g.items, g.table), scale.SCHEMA),
    DOMAINS: _Analysis(
        lambda g: domains.analyse_domains(g.hosts, g.items, g.table), domains.SCHEMA
    ),
    SLOTS: _Analysis(
        lambda g: slots.analyse_slots(g.hosts, g.items, g.table, seed=g.job.seed), slots.SCHEMA
    ),
    DRIFT: _Analysis(
        lambda g: drift.analyse_drift(g.hosts, g.table, seed=g.job.seed, redrawn=g.job.redrawn),
        drift.SCHEMA,
        choose=None,
    ),
    COMPONENTS: _Analysis(
        lambda g: components.analyse_components(g.hosts, g.table, seed=g.job.seed),
        components.SCHEMA,
        choose=None,
    ),
    DIVERGENCE: _Analysis(
        lambda g: divergence.analyse_divergence(g.hosts, g.items, g.table),
        divergence.SCHEMA,
        choose=parted,
    ),
}


def analyse(job: AnalysisJob, resident: ResidentBackbone) -> AnalysisResult:
    """Compute, and store what came of it.

    Raises:
        WorkerError: It cannot be computed for this run; the sentence says why.
        ArtifactError: Something it needs is gone or altered.
    """
    if job.name not in _ANALYSES:
        allowed = ", ".join(_ANALYSES)
        raise WorkerError(f"there is no analysis {job.name!r} of a run; allowed: {allowed}")
    analysis, started = _ANALYSES[job.name], time.perf_counter()
    with ExitStack() as held:
        hosts = held.enter_context(
            Hosts(resident, artifact_url=job.artifact_url, checkpoints=job.checkpoints)
        )
        table = held.enter_context(Table(analysis.schema))
        items = []
        if analysis.choose is not None:
            items = read_items(job, resident.tokenizer, choose=analysis.choose)
        summary = analysis.compute(Given(job, hosts, items, table))
        artifact = table.store(ArtifactStore(job.artifact_url))
    return AnalysisResult(summary, artifact, seconds=time.perf_counter() - started)
