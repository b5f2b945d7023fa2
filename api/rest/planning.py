"""What a study would come to, before anything is launched.

Owns: counting a study's runs from its file, and an estimate of their cost from what earlier runs
of the same backbone on the same benchmarks took. Does not cover: checks, which are the launch's own
(``api.rest.launching``), nor storing anything: nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.plan import Audit
from storage import AuditStore
from storage.durations import Duration


def plan_shape(store: AuditStore, audit: Audit) -> dict[str, Any]:
    """The answer of ``POST /studies/plan``."""
    file = audit.file
    treatments = audit.treatments_due()
    hosts, seeds = len(audit.hosts), len(file.seeds)
    nulls = hosts * (file.null_runs.seed + file.null_runs.sham)
    return {
        "configurations": sum(treatments) // seeds,
        "runs": sum(treatments),
        "baselines": hosts * seeds,
        "nulls": nulls,
        "estimate": _estimate(store, audit, treatments),
    }


def _estimate(store: AuditStore, audit: Audit, treatments: Sequence[int]) -> dict[str, Any] | None:
    """Seconds per run by host, summed; None where a backbone was never run on these benchmarks."""
    file = audit.file
    nulls = file.null_runs.seed + file.null_runs.sham
    total_s, total_runs, used = 0.0, 0, dict[str, int]()
    for host, due in zip(audit.hosts, treatments, strict=True):
        found = _comparable(store.durations.read(backbone=host.backbone), file.spec)
        if not found:
            return None
        runs = due + nulls + len(file.seeds)
        total_s += runs * _mean_s(found)
        total_runs += runs
        for entry in found:
            used[entry.study] = used.get(entry.study, 0) + entry.num_runs
    at_once = min(file.resources.workers, max(total_runs, 1))
    return {
        "seconds_per_run": total_s / total_runs,
        "wall_s": total_s / at_once,
        "cpu_s": total_s * file.resources.cpus_per_run,
        "based_on": {"studies": sorted(used), "runs": sum(used.values())},
    }


def _comparable(found: Sequence[Duration], spec: Mapping[str, Any]) -> list[Duration]:
    """Runs on the same benchmarks; if there are any, only those with the same training."""
    same = [entry for entry in found if entry.spec.get("benchmarks") == spec["benchmarks"]]
    trained = [entry for entry in same if entry.spec.get("training", {}) == spec["training"]]
    return trained or same


def _mean_s(found: Sequence[Duration]) -> float:
    runs = sum(entry.num_runs for entry in found)
    return sum(entry.mean_s * entry.num_runs for entry in found) / runs
