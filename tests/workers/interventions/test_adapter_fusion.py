"""Uniform weights are the adapters' mean; fusion equals a plain reading of its equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from attached_host import bench_of

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import DataError, MethodError
from workers.interventions.adapter_fusion import VALUES, Fusion, NearIdentity
from workers.interventions.registry import read_method
from workers.job.jobs import AdapterSpec, RunJob


def _fusion(value: str, *, disturbed: bool) -> Fusion:
    generator = torch.Generator().manual_seed(4)
    down, up = torch.randn(3, 2, 6, generator=generator), torch.randn(3, 5, 2, generator=generator)
    fusion = Fusion(down, up, width=4, value=value, generator=generator).double()
    if disturbed:
        with torch.no_grad():
            for parameter in fusion.parameters():
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.add_(0.3 * noise)
    return fusion


@pytest.mark.parametrize("value", VALUES)
def test_uniform_weights_equal_the_mean(value: str):
    fusion = _fusion(value, disturbed=False)
    x, y = torch.randn(2, 3, 6).double(), torch.randn(2, 3, 5).double()
    outputs = [x @ fusion.down[a].T @ fusion.up[a].T for a in range(3)]
    mean = sum(outputs) / 3
    assert fusion.weights(y, fusion.outputs(x)).unique().tolist() == pytest.approx([1 / 3])
    assert fusion(y, x).detach().numpy() == pytest.approx((y + mean).numpy(), abs=1e-12)


@pytest.mark.parametrize("value", VALUES)
def test_fusion_equals_a_plain_reading(value: str):
    fusion = _fusion(value, disturbed=True)
    torch.manual_seed(0)
    x, y = torch.randn(1, 2, 6).double(), torch.randn(1, 2, 5).double()
    found = fusion(y, x)
    factors = [factor.detach() for factor in fusion.deviation.factors]
    form = {
        "full": lambda: factors[0],
        "low_rank": lambda: factors[0] @ factors[1],
        "scalar": lambda: factors[0] * torch.eye(5).double(),
    }
    W_V = torch.eye(5).double() + form[value]()
    for token in (0, 1):
        z = [fusion.up[a] @ (fusion.down[a] @ x[0, token]) for a in range(3)]
        scores = [
            ((fusion.query @ y[0, token]) @ (fusion.key @ z[a])).item() / math.sqrt(4)
            for a in range(3)
        ]
        total = sum(math.exp(score) for score in scores)
        plain = y[0, token] + sum(
            math.exp(score) / total * (W_V @ each) for score, each in zip(scores, z, strict=True)
        )
        assert found[0, token].detach().numpy() == pytest.approx(plain.detach().numpy())
    penalty = (W_V - torch.eye(5)).pow(2).sum() if value != "scalar" else factors[0] ** 2
    assert float(fusion.deviation.penalty()) == pytest.approx(float(penalty))


def test_the_penalty_draws_w_v_to_the_identity():
    fusion = _fusion("full", disturbed=True)
    (factor,) = fusion.deviation.factors
    factor.grad = torch.ones_like(factor)
    NearIdentity({"a": fusion}, strength=0.5).on_pre_optimizer_step(None, None, None)
    assert torch.allclose(factor.grad, 1 + factor.detach())


def test_an_adapter_a_domain_with_steps_in_proportion(
    small_backbone: str, make_job: Callable[..., RunJob], monkeypatch: pytest.MonkeyPatch
):
    model, tokenizer = load_backbone(small_backbone)
    resident = ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer)
    bench = bench_of(resident, make_job(training={"max_steps": 3, "batch_size": 4}))
    trained: list[tuple[set[str | None], int]] = []

    def train(attached: Any, *, examples: Any, recipe: Any) -> None:
        trained.append(({example.domain for example in examples}, recipe.max_steps))
        with torch.no_grad():
            for name, parameter in attached.adapted.named_parameters():
                if "lora_B" in name:
                    parameter.fill_(len(trained))

    monkeypatch.setattr(bench, "train", train)
    prepared = read_method({"method": "adapter_fusion"}).prepare(bench)
    resident.restore()
    shares = [sum(e.domain == d for e in bench.unheld) / len(bench.unheld) for d in bench.domains]
    assert trained == [
        ({domain}, max(1, round(3 * share)))
        for domain, share in zip(bench.domains, shares, strict=True)
    ]
    down, up = prepared["model.layers.0.self_attn.q_proj"]
    assert down.shape == (4, 4, 32)
    assert up[:, 0, 0].tolist() == [1, 2, 3, 4]
    assert len(prepared) == 8


def test_no_domains_is_an_error(small_backbone: str, make_job: Callable[..., RunJob]):
    model, tokenizer = load_backbone(small_backbone)
    bench = bench_of(ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer), make_job())
    bench.examples = [replace(example, domain=None) for example in bench.examples]
    with pytest.raises(DataError, match="names 0; allowed: lines with a key domain"):
        read_method({"method": "adapter_fusion"}).prepare(bench)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"value": "diagonal"}, "adapter_fusion.value is 'diagonal'; allowed: full, low_rank"),
        ({"width": 1.5}, "adapter_fusion.width is 1.5"),
        ({"regularisation": -1}, "adapter_fusion.regularisation is -1"),
    ],
)
def test_what_is_not_allowed_is_named(settings: dict[str, Any], said: str):
    with pytest.raises(MethodError, match=said):
        read_method({"method": "adapter_fusion", **settings})


@pytest.mark.parametrize("method", ["adapter_fusion", "dora"])
def test_a_dora_host_is_refused(method: str):
    adapter = AdapterSpec("dora", 4, 8, ("q_proj",))
    with pytest.raises(MethodError, match=r"host tiny-qwen3 dora-r4.*allowed: adapters of type"):
        read_method({"method": method}).check(num_layers=6, backbone="tiny-qwen3", adapter=adapter)
