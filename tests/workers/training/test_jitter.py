"""A jitter moves the adapter's first weights along a circle: 0 is the baseline, 1 another draw."""

import math

import pytest
import torch

from workers.backbones.adapters import attach_adapter, detach_adapter
from workers.backbones.loading import load_backbone
from workers.job.jobs import AdapterSpec
from workers.training.jitter import jitter_adapter

KINDS = ["lora", "dora", "rslora"]


@pytest.fixture
def backbone(small_backbone):
    return load_backbone(small_backbone)[0]


def first_weights(backbone, *, kind="lora", scale=None, number=0, seed=7):
    """The adapter's tensors as they begin, and the logits of a few tokens."""
    spec = AdapterSpec(kind, 4, 8.0, ("q_proj", "v_proj"))
    adapted = attach_adapter(backbone, spec, seed=seed)
    if scale is not None:
        jitter_adapter(adapted, seed=seed, number=number, scale=scale)
    named = {n: p.detach().clone() for n, p in adapted.named_parameters() if p.requires_grad}
    with torch.no_grad():
        logits = adapted.eval()(torch.tensor([[3, 4, 5, 6]])).logits
    detach_adapter(adapted)
    return named, logits


def matrices(named):
    return {name: tensor for name, tensor in named.items() if "lora_A" in name}


@pytest.mark.parametrize("kind", KINDS)
def test_at_0_it_is_the_baseline_bit_for_bit(backbone, kind):
    plain, _ = first_weights(backbone, kind=kind)
    jittered, _ = first_weights(backbone, kind=kind, scale=0.0)
    assert all(torch.equal(plain[name], jittered[name]) for name in plain)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_first_matrix_moves_and_the_first_forward_pass_is_the_baselines(backbone, kind):
    plain, logits = first_weights(backbone, kind=kind)
    jittered, moved = first_weights(backbone, kind=kind, scale=0.3)
    changed = {name for name in plain if not torch.equal(plain[name], jittered[name])}
    assert changed == set(matrices(plain))
    assert torch.equal(moved, logits)


def test_it_is_the_stated_mix_of_two_draws(backbone):
    plain = matrices(first_weights(backbone)[0])
    new = matrices(first_weights(backbone, scale=1.0)[0])
    s = 0.25
    for name, mixed in matrices(first_weights(backbone, scale=s)[0]).items():
        expected = math.sqrt(1 - s**2) * plain[name] + s * new[name]
        torch.testing.assert_close(mixed, expected)
        assert float(mixed.std()) == pytest.approx(float(plain[name].std()), rel=0.1)
        cosine = torch.cosine_similarity(new[name].flatten(), plain[name].flatten(), dim=0)
        assert abs(float(cosine)) < 0.5


def test_numbers_and_seeds_are_other_draws_and_the_same_is_the_same(backbone):
    drawn = [
        matrices(first_weights(backbone, scale=1.0, number=n, seed=s)[0])
        for n, s in ((0, 7), (0, 7), (1, 7), (0, 8))
    ]
    name = next(iter(drawn[0]))
    assert torch.equal(drawn[0][name], drawn[1][name])
    assert not torch.equal(drawn[0][name], drawn[2][name])
    assert not torch.equal(drawn[0][name], drawn[3][name])
