"""What a worker is asked to do for a due run.

Owns: the job of a run of each kind. Does not cover: whose turn it is (``search.driving.driver``),
what is asked first for a verdict (``search.driving.exact``).
"""

from __future__ import annotations

from dataclasses import dataclass

from search.driving.exact.verdict_plans import VerdictPlans
from search.driving.matched_nulls import MatchedNulls
from search.study.plan import Audit
from storage.new_rows import JITTER_NULL, METHOD, METHOD_NULL, NUMBERED, SHAM_NULL, TREATMENT
from storage.records import DueRun
from workers.job.cell_plans import CellPlan
from workers.job.jobs import AdapterSpec, RunJob, Supplies


@dataclass(frozen=True)
class RunJobs:
    """Makes jobs of a study's runs.

    Args:
        audit: The study.
        artifact_url: Where workers put responses and checkpoints.
        supplies: What workers on other nodes can fetch; None: they have all of it.
        matched: What its null runs are matched to.
        plans: In which order items are asked; None: every item of every benchmark.
    """

    audit: Audit
    artifact_url: str
    supplies: Supplies | None
    matched: MatchedNulls
    plans: VerdictPlans | None

    def of(self, run: DueRun) -> RunJob:
        """A due run's job.

        Raises:
            StudyFileError: The run cannot be carried out on its host.
        """
        host = self.audit.hosts[run.host]
        benchmarks = self.audit.benchmarks
        plans: dict[str, CellPlan] = {}
        if self.plans and run.kind in (TREATMENT, METHOD) and self.plans.knows(run):
            benchmarks, plans = self.plans.of(run)
        return RunJob(
            key=run.id,
            backbone=host.backbone,
            adapter=AdapterSpec.from_record(host.adapter),
            configuration=run.configuration,
            block=self.audit.file.talan,
            # The seed of these nulls is their number: they are trained as their baseline was.
            seed=run.baseline_seed if run.kind in NUMBERED else run.seed,
            recipe=self.audit.recipe,
            suite=self.audit.suite.name,
            benchmarks=benchmarks,
            artifact_url=self.artifact_url,
            sham=run.seed if run.kind == SHAM_NULL else None,
            plans=plans,
            jitter=run.seed if run.kind == JITTER_NULL else None,
            held_out=self.matched.held_out(run),
            match=self.matched.match(run),
            method=run.method,
            is_method_null=run.kind == METHOD_NULL,
            supplies=self.supplies,
        )
