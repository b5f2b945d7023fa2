"""A study's trials: told to Optuna when their runs are over, asked for when the design adapts.

Owns: keeping Optuna in step with our record, after a crash as well as while driving. Does not
cover: Optuna's tables (``search.driving.optuna_record``), the record (``storage``), dispatch.
"""

from __future__ import annotations

from collections import defaultdict

from search.driving.optuna_record import (
    HostStudy,
    TrialResult,
    host_study_name,
    open_optuna_storage,
)
from search.study.plan import Audit, configuration_id, treatments
from storage import AuditStore
from storage.new_rows import RunPlan, TrialKey
from storage.records import RunFilter, Trial

_TOLD_TOGETHER = 1000  # trials that are marked in one transaction


class Trials:
    """The trials of all hosts of one study.

    Args:
        store: The record.
        audit: The study.
        owner: The holder of the study's lease.
    """

    def __init__(self, store: AuditStore, audit: Audit, *, owner: str) -> None:
        self._store, self._audit, self._owner = store, audit, owner
        self._study = audit.file.name
        self._taken: dict[int, set[str]] = defaultdict(set)
        # Null interventions are one model, which a self-check has run: none is proposed.
        self._still = [
            {configuration_id(space.point(index)) for index in space.null_interventions}
            for space in audit.spaces
        ]
        storage = self._storage = open_optuna_storage(store.sibling_url("optuna"))
        design = audit.file.design
        self._hosts = [
            HostStudy(
                storage,
                name=host_study_name(
                    self._study, backbone=host.backbone, adapter=host.adapter_label
                ),
                sampler=design.sampler,
                seed=design.seed,
                space=space,
            )
            for host, space in zip(audit.hosts, audit.spaces, strict=True)
        ]

    def close(self) -> None:
        """Close Optuna's connections, this thread's own first."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def reconcile(self) -> None:
        """Bring Optuna level with the record: what a driver that died left between the two."""
        if self._audit.adaptive:
            for run in self._store.runs.iterate(self._study, RunFilter(kind="treatment")):
                self._taken[run.host].add(run.configuration_id or "")
            for index, host in enumerate(self._hosts):
                host.close_orphans(self._taken[index])
        self.tell_ended()

    def tell_ended(self) -> None:
        """Tell Optuna every trial whose runs are all over."""
        is_more = True
        while is_more:
            ended = self._store.trials.ended(self._study, limit=_TOLD_TOGETHER)
            numbers = {trial.key: self._tell(trial) for trial in ended}
            if numbers:
                self._store.trials.mark_told(self._study, owner=self._owner, numbers=numbers)
            is_more = len(ended) == _TOLD_TOGETHER

    def num_configurations(self, host: int) -> int:
        """How many configurations a host of an adaptive study has so far."""
        return len(self._taken[host])

    def propose(self, host: int, *, position: int) -> list[RunPlan]:
        """Ask the host's sampler for one more configuration and put its runs on record.

        Answers no run when the space has no free configuration left.
        """
        taken = self._taken[host] | self._still[host]
        asked = self._hosts[host].ask(identify=configuration_id, taken=taken)
        if asked is None:
            return []
        number, configuration = asked
        runs = treatments(self._audit, host=host, points=[configuration], first_position=position)
        identity = configuration_id(configuration)
        self._taken[host].add(identity)
        self._store.studies.add_runs(self._study, owner=self._owner, runs=runs)
        self._store.trials.assign(
            self._study, owner=self._owner, numbers={TrialKey(host, identity): number}
        )
        return runs

    def _tell(self, trial: Trial) -> int:
        decided = trial.state in ("completed", "ended_early")
        result = TrialResult(
            configuration_id=trial.key.configuration_id,
            configuration=trial.configuration,
            worst_deltas=trial.worst_deltas if decided else None,
            mean_delta=trial.mean_delta if decided else None,
        )
        return self._hosts[trial.key.host].tell(result)
