"""What a process may take of a GPU that it shares."""

from types import SimpleNamespace

import pytest
import torch

from workers.errors import WorkerError
from workers.run.gpu_memory import cap_gpu_memory, memory_fraction

GIB = 2**30


@pytest.mark.parametrize(
    ("gpus", "total_gib", "allowed_gib"), [(0.25, 80, 19.25), (0.5, 24, 11.25), (0.1, 16, 0.85)]
)
def test_neighbours_and_their_contexts_fit_beside_each_other(
    gpus: float, total_gib: float, allowed_gib: float
):
    fraction = memory_fraction(gpus, total_bytes=int(total_gib * GIB))

    assert fraction * total_gib == pytest.approx(allowed_gib)
    assert round(1 / gpus) * (fraction * total_gib + 0.75) == pytest.approx(total_gib)


def test_a_share_that_holds_no_more_than_a_context_is_refused():
    with pytest.raises(WorkerError, match=r"is 0\.02, which is 0\.48 GiB .* more than 0\.031$"):
        memory_fraction(0.02, total_bytes=24 * GIB)


@pytest.mark.parametrize(("gpus", "capped"), [(0, []), (0.25, [0.240625]), (1, []), (2, [])])
@pytest.mark.parametrize("has_gpu", [False, True])
def test_a_fraction_of_a_gpu_is_capped_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, gpus: float, capped: list[float], has_gpu: bool
):
    asked: list[float] = []
    gpu = SimpleNamespace(total_memory=80 * GIB)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: gpu)
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda share, _: asked.append(share)
    )

    cap_gpu_memory(gpus)

    assert asked == (capped if has_gpu else [])
