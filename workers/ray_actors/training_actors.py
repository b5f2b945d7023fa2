"""The other processes of a run as Ray actors beside the run's own.

Owns: starting one warm executor a process on its place in the run's placement group, handing each
its share of every run, and telling what became of them: a process that failed says why, one that
died makes the run one to be tried again. Does not cover: the place (``search.driving.run_places``),
the process group (``workers.processes.process_group``).

Why not Ray Train: docs/decisions/0006-several-processes.md. The actors are started by the run's
own actor and die with it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import ray
from ray.exceptions import RayError
from ray.util import get_current_placement_group, get_node_ip_address
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from workers.errors import TrainingProcessDiedError, WorkerError, first_line
from workers.job.jobs import RunJob
from workers.processes.process_group import GroupMember, open_store, process_group
from workers.processes.training_processes import JoinGroup
from workers.ray_actors.run_actor import StepFailed, guarded

logger = logging.getLogger(__name__)

_POLL_S = 0.05
# What a process may take to end its part after rank 0 has ended its own: a busy machine makes it
# slow, and a process let go for that costs the next run its start. Ray tells of a death at once.
_END_S = 120.0


class HelpingExecutor(Protocol):
    """What a helping process holds: see ``workers.run.executor.RunExecutor.help``."""

    def help(self, job: RunJob, member: GroupMember) -> None:
        """Train a share of a run."""


class TrainingPeer:
    """A helping process: one call a run."""

    def __init__(self, make_executor: Callable[[], HelpingExecutor]) -> None:
        self._executor = make_executor()

    def help(self, job: RunJob, member: GroupMember) -> StepFailed | None:
        """Train a share of a run."""
        return guarded(lambda: self._executor.help(job, member))


@dataclass(frozen=True)
class _Helping:
    """A process at its share of a run."""

    rank: int
    answer: Any

    def has_ended(self, *, within_s: float) -> bool:
        ended, _ = ray.wait([self.answer], timeout=within_s)
        return bool(ended)

    def failure(self) -> StepFailed | None:
        """What it failed with.

        Raises:
            TrainingProcessDiedError: It died.
        """
        try:
            failed: StepFailed | None = ray.get(self.answer)
        except RayError as error:
            raise TrainingProcessDiedError(
                f"training process {self.rank} died: {first_line(error)}"
            ) from error
        return failed


class RayTrainingProcesses:
    """Used in the process of a run, an actor at the first place of its placement group.

    Args:
        num_processes: Of every run, this one counted.
        make_executor: Called in each other process for what it holds.
    """

    def __init__(self, num_processes: int, *, make_executor: Callable[[], HelpingExecutor]) -> None:
        self._num_processes = num_processes
        self._make_executor = make_executor
        self._peers: list[object] = []

    @contextmanager
    def started(self, job: RunJob) -> Iterator[JoinGroup]:
        """Have the others prepare the same run: see ``TrainingProcesses``."""
        host = get_node_ip_address()
        store = open_store(host)
        mine, *members = [
            GroupMember(rank, self._num_processes, host, store.port)
            for rank in range(self._num_processes)
        ]
        helping = [
            _Helping(member.rank, peer.help.remote(job, member))
            for member, peer in zip(members, self._ready_peers(), strict=True)
        ]

        def join(device: str) -> AbstractContextManager[int]:
            _wait_until_ready(helping, store, [member.ready_key for member in members])
            return process_group(mine, device=device, store=store)

        try:
            yield join
        except WorkerError:
            self._keep_sound(helping)
            raise
        except Exception as error:
            try:
                _explain(error, helping)
            finally:
                self.close()
            raise
        except BaseException:
            self.close()
            raise
        self._keep_sound(helping)

    def close(self) -> None:
        """Let the others go."""
        for peer in self._peers:
            ray.kill(peer)
        self._peers = []

    def _ready_peers(self) -> Sequence[Any]:
        if not self._peers:
            self._peers = [self._start(place) for place in range(1, self._num_processes)]
        return self._peers

    def _start(self, place: int) -> Any:
        group = get_current_placement_group()
        bundle = group.bundle_specs[place]
        actor_class = ray.remote(TrainingPeer).options(
            num_cpus=bundle.get("CPU", 0),
            num_gpus=bundle.get("GPU", 0),
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                group, placement_group_bundle_index=place
            ),
        )
        return actor_class.remote(self._make_executor)

    def _keep_sound(self, helping: Sequence[_Helping]) -> None:
        """Keep the others only if all have ended as this process did."""
        try:
            failures = [
                process.failure() for process in helping if process.has_ended(within_s=_END_S)
            ]
        except TrainingProcessDiedError as error:
            logger.warning("%s, when its run was over", error)
            failures = []
        sound = [failure is None or failure.expected for failure in failures]
        if sound.count(True) < len(helping):
            logger.warning("the helping processes are let go: %s", failures or "not all ended")
            self.close()


def _wait_until_ready(helping: Sequence[_Helping], store: TCPStore, keys: Sequence[str]) -> None:
    """Wait until all have prepared the run.

    Raises:
        WorkerError: One met an error of ours before.
        TrainingProcessDiedError: One died.
    """
    while not store.check(list(keys)):
        for process in helping:
            if process.has_ended(within_s=_POLL_S) and not store.check(list(keys)):
                _raise_failure(process)


def _raise_failure(process: _Helping) -> None:
    failed = process.failure()
    if failed is None:
        return
    if failed.expected:
        raise WorkerError(failed.message)
    raise RuntimeError(f"training process {process.rank}: {failed.message}")


def _explain(error: Exception, helping: Sequence[_Helping]) -> None:
    """A collective that broke says little; a process that ended has the reason.

    Raises:
        TrainingProcessDiedError: One died, and the others noticed.
        RuntimeError: One failed.
    """
    ended = [process for process in helping if process.has_ended(within_s=_END_S)]
    failures = [(process.rank, process.failure()) for process in ended]
    told = [f"training process {rank}: {failed.message}" for rank, failed in failures if failed]
    if told:
        raise RuntimeError("; ".join([f"training process 0: {error}", *told])) from error
