"""What a study would come to, before anything is launched.

Owns: the shape of the answer. Does not cover: the estimate (``search.cost.cost``), checks, which
are the launch's own (``api.rest.studies.launching``), nor storing anything: nothing is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from search.cost.cost import StudyEstimate, estimate_study
from search.study.plan import Audit
from storage import AuditStore


def plan_shape(store: AuditStore, audit: Audit) -> dict[str, Any]:
    """The answer of ``POST /studies/plan``."""
    file = audit.file
    treatments = audit.treatments_due()
    hosts, seeds = len(audit.hosts), len(file.seeds)
    return {
        "configurations": sum(treatments) // seeds,
        "runs": sum(treatments),
        "baselines": hosts * seeds,
        "nulls": hosts * (file.null_runs.seed + file.null_runs.sham),
        "estimate": _shape(estimate_study(audit, durations=store.durations.read())),
    }


def _shape(estimate: StudyEstimate) -> dict[str, Any] | None:
    """None where a host was never run with this recipe on these benchmarks."""
    total_s = estimate.compute_s
    if total_s is None:
        return None
    earlier: Counter[str] = Counter()
    for host in estimate.hosts:
        earlier.update(host.earlier)
    return {
        "seconds_per_run": total_s / estimate.runs,
        "wall_s": estimate.wall_s,
        "cpu_s": total_s * estimate.cpus_per_run,
        "based_on": {"studies": sorted(earlier), "runs": earlier.total()},
    }
