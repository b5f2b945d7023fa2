"""Fixtures of the TALAN tests."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(params=["qwen3", "qwen3_moe", "llama"])
def architecture(request):
    return request.param


@pytest.fixture
def ids():
    return torch.tensor([[5, 9, 12, 30, 8, 44], [7, 3, 21, 21, 2, 17]])
