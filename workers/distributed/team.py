"""The other processes of a run, as a workbench sees them.

Owns: what a workbench asks of them, and the team of a run that one process trains alone. Does not
cover: the processes themselves (``workers.distributed.ray_team``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from workers.jobs import RunJob

Join = Callable[[str], AbstractContextManager[int]]
"""Given the device of the model: a context in which the processes train together."""


class Team(Protocol):
    """Processes that help with runs, one run at a time."""

    def summoned(self, job: RunJob) -> AbstractContextManager[Join]:
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
    def summoned(self, job: RunJob) -> Iterator[Join]:  # noqa: ARG002
        yield lambda _device: nullcontext(1)

    def close(self) -> None:
        pass


ALONE: Team = _Alone()
