"""A process's part in a run that several train together.

Owns: joining the process group of a run and leaving it, so that the process is afterwards what it
was: a worker trains many runs, each in a group of its own. Gloo between CPUs, NCCL between GPUs.
Does not cover: who starts the processes (``workers.ray_actors.training_actors``), how batches are
dealt and gradients averaged (``workers.training.training``; transformers and accelerate do both).

Every process sees one device at most, so each is the first of its node (LOCAL_RANK 0).
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from accelerate.state import AcceleratorState
from torch import distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from workers.errors import WorkerError

# How long a process waits for another that is alive but does not come: NCCL notices no earlier
# that one is dead, Gloo notices at once.
PATIENCE = timedelta(minutes=10)
# How long one that is through waits for the others to be through, too: long, for on a busy machine
# they may be slow, and who leaves early breaks their last call. Only a death after it costs this.
_LEAVING_S = 120.0
_LEFT_KEY = "left"


@dataclass(frozen=True)
class GroupMember:
    """Which of a run's processes this is, and where they meet.

    Attributes:
        rank: From 0, the process that began the run and keeps what comes of it.
        num_processes: At least 2.
        host: Where rank 0 can be reached.
        port: At which rank 0's key-value store listens.
    """

    rank: int
    num_processes: int
    host: str
    port: int

    @property
    def ready_key(self) -> str:
        """What a process writes into the store once its host is attached."""
        return f"ready-{self.rank}"


def open_store(host: str) -> TCPStore:
    """Rank 0's store, at a free port of this machine."""
    return TCPStore(host, 0, is_master=True, wait_for_workers=False, timeout=PATIENCE)


@contextmanager
def process_group(
    member: GroupMember, *, device: str, store: TCPStore | None = None
) -> Iterator[int]:
    """Within this context the processes of a run train together; their number.

    Args:
        member: This process's.
        device: Where its model is.
        store: Rank 0's; the others reach it at the member's address.
    """
    if store is None:
        store = TCPStore(member.host, member.port, timeout=PATIENCE)
    store.set(member.ready_key, "")
    with _environment(member):
        distributed.init_process_group(
            "nccl" if device.startswith("cuda") else "gloo",
            store=store,
            rank=member.rank,
            world_size=member.num_processes,
            timeout=PATIENCE,
        )
        try:
            yield member.num_processes
        except WorkerError:  # all processes of the run meet it
            _leave_together(member, store)
            raise
        else:
            _leave_together(member, store)
        finally:
            distributed.destroy_process_group()
            AcceleratorState._reset_state(reset_partial_state=True)


def _leave_together(member: GroupMember, store: TCPStore) -> None:
    """Wait until all are through: one that takes its connections away breaks another's last call.

    An unexpected error does not wait: the others notice it by the broken connection.
    """
    until = time.monotonic() + _LEAVING_S
    left = store.add(_LEFT_KEY, 1)
    while left < member.num_processes and time.monotonic() < until:
        time.sleep(0.005)
        left = store.add(_LEFT_KEY, 0)


@contextmanager
def _environment(member: GroupMember) -> Iterator[None]:
    """What accelerate tells a distributed process by."""
    wanted: Mapping[str, object] = {
        "RANK": member.rank,
        "WORLD_SIZE": member.num_processes,
        "LOCAL_RANK": 0,
        "LOCAL_WORLD_SIZE": 1,
        "MASTER_ADDR": member.host,
        "MASTER_PORT": member.port,
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update({key: str(value) for key, value in wanted.items()})
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
