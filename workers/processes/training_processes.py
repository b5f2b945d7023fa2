"""The other processes of a run, as an executor sees them.

Owns: what an executor asks of them, and the team of a run that one process trains alone. Does not
cover: the processes themselves (``workers.ray_actors.training_actors``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from workers.job.jobs import RunJob

JoinGroup = Callable[[str], AbstractContextManager[int]]
"""Given the device of the model: a context in which the processes train together."""


class TrainingProcesses(Protocol):
    """Processes that help with runs, one run at a time."""

    def started(self, job: RunJob) -> AbstractContextManager[JoinGroup]:
        """Have the others prepare the same run; at the context's end they are through with it.

        Raises:
            WorkerError: What any of them raised.
            TrainingProcessDiedError: One of them died.
        """

    def close(self) -> None:
        """Let the others go."""


class _Alone:
    """No others."""

    @contextmanager
    def started(self, job: RunJob) -> Iterator[JoinGroup]:  # noqa: ARG002
        yield lambda _device: nullcontext(1)

    def close(self) -> None:
        pass


ALONE: TrainingProcesses = _Alone()
