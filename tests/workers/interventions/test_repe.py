"""A planted direction is found, steering is the equation, and pairs are what they say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from attached_host import bench_of

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import DataError, MethodError
from workers.interventions.adapted import Adapted
from workers.interventions.registry import read_method
from workers.interventions.repe import (
    Steered,
    Steering,
    corrupted_pairs,
    direction_of,
    last_states,
)
from workers.training.sft_data import SftExample


def _example(prompt: int, *answer: int, domain: str = "a") -> SftExample:
    return SftExample((prompt, prompt, *answer, 3), (-100, -100, *answer, -100), domain)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_planted_direction_is_found_with_its_sign(sign: float):
    generator = torch.Generator().manual_seed(1)
    planted = torch.randn(24, generator=generator, dtype=torch.float64)
    planted /= planted.norm()
    shared = 50 * torch.randn(24, generator=generator, dtype=torch.float64)
    corrupted = shared + 0.05 * torch.randn(40, 24, generator=generator, dtype=torch.float64)
    sizes = 1 + torch.rand(40, 1, generator=generator, dtype=torch.float64)
    noise = 0.05 * torch.randn(40, 24, generator=generator, dtype=torch.float64)
    right = corrupted + sign * sizes * planted + noise
    found = direction_of(right, corrupted)
    assert float(found.norm()) == pytest.approx(1.0)
    assert float(found @ planted) * sign > 0.99


def test_directions_equal_a_plain_reading():
    generator = torch.Generator().manual_seed(2)
    right, corrupted = (torch.randn(6, 4, generator=generator) for _ in range(2))
    rows = [
        (1 if number % 2 == 0 else -1) * (right[number] - corrupted[number]).double()
        for number in range(6)
    ]
    centred = torch.stack(rows) - sum(rows) / 6
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    found = direction_of(right, corrupted)
    assert abs(float(found @ vectors[:, values.argmax()])) == pytest.approx(1.0, abs=1e-9)
    assert float((right - corrupted).double().mean(dim=0) @ found) > 0


def test_steering_is_the_equation_and_keeps_norms():
    h = torch.tensor([[[3.0, 4.0], [0.0, 1.0]]])
    moved = Steering(torch.tensor([1.0, 0.0]), 2.0)(h)
    for token in (0, 1):
        plain = h[0, token].double() + 2.0 * torch.tensor([1.0, 0.0], dtype=torch.float64)
        plain = plain / plain.norm() * h[0, token].double().norm()
        assert moved[0, token].double().numpy() == pytest.approx(plain.numpy(), rel=1e-6)
    assert Steering(torch.tensor([1.0, 0.0]), 0.0)(h) is h


def test_a_corrupted_answer_is_another_of_its_domain():
    examples = [
        _example(10, 1, 2),
        _example(11, 3),
        _example(12, 1, 2),
        _example(13, 9, domain="b"),
        _example(14, 8, domain="b"),
        _example(15, 7, domain="alone"),
    ]
    pairs = corrupted_pairs(examples, generator=torch.Generator().manual_seed(0))
    answers = {"a": {(1, 2), (3,)}, "b": {(9,), (8,)}}
    assert len(pairs) == 5
    for right, wrong in pairs:
        assert right.input_ids[:2] == wrong.input_ids[:2]
        mine, other = right.input_ids[2:], wrong.input_ids[2:]
        assert {mine, other} == answers[right.domain or ""]
    alike = [_example(1, 5), _example(2, 5)]
    with pytest.raises(DataError, match="2 training examples give 0"):
        corrupted_pairs(alike, generator=torch.Generator())


def test_states_are_those_of_the_blocks_outputs(small_backbone: str, make_job: Any):
    model, tokenizer = load_backbone(small_backbone)
    bench = bench_of(ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer), make_job())
    host = Adapted(bench.attach_adapter())
    examples = bench.examples[:3]
    found = last_states(host.adapted.eval(), examples, layers=[0])
    for number, example in enumerate(examples):
        ids = torch.tensor([example.input_ids])
        states = host.adapted(ids, output_hidden_states=True).hidden_states
        assert torch.equal(found[number, 0], states[1][0, -1].detach().double())
    steered = Steered(host)
    steered.steer({1: torch.ones(32)}, strength=3.0)
    ids = torch.tensor([examples[0].input_ids])
    plain = steered.model(ids).logits
    steered.set_strength(0.0)
    assert not torch.equal(steered.model(ids).logits, plain)
    assert steered.num_parameters() == host.num_parameters() + 33


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"strengths": [0.5, 1]}, r"repe.strengths is \[0.5, 1\]; allowed: .* with 0 among them"),
        ({"strengths": 1}, "repe.strengths is 1"),
        ({"contrast": "sentiment"}, "repe.contrast is 'sentiment'; allowed: corrupted_answer"),
        ({"layers": ["100%"]}, "repe.layers is '100%'"),
        ({"layers": []}, "repe.layers is"),
        ({"pairs": True}, "repe.pairs is True"),
        ({"layer": 3}, "no key 'layer'; allowed: learning_rate, layers, contrast"),
    ],
)
def test_what_is_not_allowed_is_named(settings: dict[str, Any], said: str):
    with pytest.raises(MethodError, match=said):
        read_method({"method": "repe", **settings})
