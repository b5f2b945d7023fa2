"""What a study will cost before it is launched: seconds a run, hours of CPUs and GPUs.

Owns: the estimate and what it rests on: earlier runs of the same host, recipe and benchmarks where
the record has any, else a measurement of this machine (``workers.backbones.costs``), else nothing,
which is said. Does not cover: parameter counts (``search.study.host_checks``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from search.study.plan import Audit
from storage.durations import Duration
from storage.new_rows import BASELINE, TREATMENT
from workers.backbones.costs import HostCost
from workers.job.recipe import Recipe

_DECIDES = ("benchmarks", "training", "training_data", "talan", "verdicts")


@dataclass(frozen=True)
class HostEstimate:
    """One host of a study.

    Attributes:
        backbone: As the study names it.
        adapter_label: The adapter's name in tables.
        runs: Baselines, treatments (at most) and null runs.
        seconds_per_run: Mean compute of one run; None where nothing is known.
        earlier: The recorded runs that the figure rests on: how many, by study.
    """

    backbone: str
    adapter_label: str
    runs: int
    seconds_per_run: float | None
    earlier: Mapping[str, int] = field(default_factory=dict)

    @property
    def based_on(self) -> str | None:
        """What the figure rests on, in words; None where nothing is known."""
        if self.earlier:
            return f"{sum(self.earlier.values())} earlier runs ({', '.join(sorted(self.earlier))})"
        return None if self.seconds_per_run is None else "measured on this machine"


@dataclass(frozen=True)
class StudyEstimate:
    """A study's hosts and what they take together.

    Attributes:
        hosts: In the study's order.
        workers: Concurrent runs.
        cpus_per_run: CPUs that a run holds.
        gpus_per_run: GPUs, or the fraction of one, that a run holds.
    """

    hosts: Sequence[HostEstimate]
    workers: int
    cpus_per_run: float
    gpus_per_run: float

    @property
    def runs(self) -> int:
        """Of all hosts."""
        return sum(host.runs for host in self.hosts)

    @property
    def compute_s(self) -> float | None:
        """Seconds of all runs, one after the other; None where a host's are not known."""
        seconds = [
            None if host.seconds_per_run is None else host.runs * host.seconds_per_run
            for host in self.hosts
        ]
        known = [value for value in seconds if value is not None]
        return sum(known) if len(known) == len(seconds) else None

    @property
    def wall_s(self) -> float | None:
        """Seconds until the study is over, with ``workers`` runs at a time."""
        return None if self.compute_s is None else self.compute_s / min(self.workers, self.runs)

    @property
    def gpu_hours(self) -> float | None:
        """Hours of GPUs held."""
        return None if self.compute_s is None else self.compute_s * self.gpus_per_run / 3600

    @property
    def cpu_hours(self) -> float | None:
        """Hours of CPUs held."""
        return None if self.compute_s is None else self.compute_s * self.cpus_per_run / 3600


@dataclass(frozen=True)
class Workload:
    """How much one run trains and decodes.

    Attributes:
        train_tokens: In all optimizer steps.
        decoded_tokens: Of all responses to all items.
    """

    train_tokens: float
    decoded_tokens: float

    def seconds(self, cost: HostCost) -> float:
        """Seconds of one run with TALAN, at the measured speed."""
        train_s = self.train_tokens / cost.train_tokens_per_s * cost.train_ratio
        return train_s + self.decoded_tokens / cost.decode_tokens_per_s * cost.decode_ratio


def workload(recipe: Recipe, *, mean_tokens: float, decoded_tokens: float) -> Workload:
    """One run's work: optimizer steps of ``mean_tokens`` an example, and every item answered."""
    examples = recipe.max_steps * recipe.batch_size * recipe.gradient_accumulation
    return Workload(examples * mean_tokens, decoded_tokens)


def estimate_study(
    audit: Audit,
    *,
    durations: Sequence[Duration] = (),
    measured: Mapping[int, float] | None = None,
) -> StudyEstimate:
    """Estimate from the record, or from a measurement where the record has nothing.

    Args:
        audit: The study.
        durations: What earlier runs took (``AuditStore.durations``).
        measured: Seconds of one run by host number, from a measurement.
    """
    resources = audit.file.resources
    hosts = [
        _estimate_host(audit, number, durations, (measured or {}).get(number))
        for number in range(len(audit.hosts))
    ]
    return StudyEstimate(
        hosts,
        workers=resources.workers,
        cpus_per_run=resources.cpus_held,
        gpus_per_run=resources.gpus_held,
    )


def _estimate_host(
    audit: Audit, number: int, durations: Sequence[Duration], measured_s: float | None
) -> HostEstimate:
    host, runs = audit.hosts[number], runs_of(audit, number)
    like = [d for d in durations if _is_like(d, audit, number)]
    if not like:
        return HostEstimate(host.backbone, host.adapter_label, runs, measured_s)
    earlier: Counter[str] = Counter()
    for duration in like:
        earlier[duration.study] += duration.num_runs
    seconds = sum(d.mean_s * d.num_runs for d in like) / earlier.total()
    return HostEstimate(host.backbone, host.adapter_label, runs, seconds, earlier)


def runs_of(audit: Audit, host: int) -> int:
    """How many runs a host will have: baselines, a self-check, treatments (at most), null runs."""
    file = audit.file
    nulls = file.null_runs.total(file.seeds)
    checks = int(audit.self_check(host) is not None)
    methods = 2 * len(file.methods) * len(file.seeds)
    return len(file.seeds) + checks + audit.treatments_due()[host] + nulls + methods


def _is_like(duration: Duration, audit: Audit, number: int) -> bool:
    """Whether runs of that host did the same work: a baseline's is nearly a treatment's."""
    host, spec = audit.hosts[number], audit.file.spec
    same_host = (duration.backbone, _text(duration.adapter)) == (host.backbone, _text(host.adapter))
    same_work = all(_text(duration.spec.get(key)) == _text(spec.get(key)) for key in _DECIDES)
    same_work &= _processes(duration.spec) == _processes(spec)
    return same_host and same_work and duration.kind in (BASELINE, TREATMENT)


def _processes(spec: Mapping[str, Any]) -> int:
    """How many train a run; studies from before there was a choice do not say."""
    return int(spec.get("resources", {}).get("processes_per_run", 1))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
