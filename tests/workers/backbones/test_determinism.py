"""One seed reaches every global generator."""

import random

import numpy as np
import pytest
import torch

from workers.backbones.determinism import seed_generators


def _draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_same_seed_same_draws_in_every_generator():
    seed_generators(3)
    first = _draws()
    _draws()
    seed_generators(3)

    assert _draws() == first


def test_other_seed_other_draws_in_every_generator():
    seed_generators(3)
    first = _draws()
    seed_generators(4)

    assert all(a != b for a, b in zip(first, _draws(), strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_range_is_refused(seed: int):
    with pytest.raises(ValueError, match=f"{seed}"):
        seed_generators(seed)
