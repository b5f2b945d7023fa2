"""What a process may take of a GPU that it shares."""

import pytest
import torch

from workers.errors import WorkerError
from workers.run.gpu_memory import cap_gpu_memory, memory_fraction

GIB = 2**30


@pytest.mark.parametrize(
    ("gpus", "total_gib", "allowed_gib"), [(0.25, 80, 19.5), (0.5, 24, 11.5), (0.1, 16, 1.1)]
)
def test_neighbours_and_their_contexts_fit_beside_each_other(
    gpus: float, total_gib: float, allowed_gib: float
):
    fraction = memory_fraction(gpus, total_bytes=int(total_gib * GIB))

    assert fraction * total_gib == pytest.approx(allowed_gib)
    assert round(1 / gpus) * (fraction * total_gib + 0.5) == pytest.approx(total_gib)


def test_a_share_that_holds_no_more_than_a_context_is_refused():
    with pytest.raises(WorkerError, match=r"is 0\.02, which is 0\.48 GiB .* more than 0\.021$"):
        memory_fraction(0.02, total_bytes=24 * GIB)


@pytest.mark.parametrize("gpus", [0, 0.25, 1, 2])
def test_without_a_gpu_there_is_nothing_to_cap(gpus: float):
    assert not torch.cuda.is_available()
    cap_gpu_memory(gpus)
