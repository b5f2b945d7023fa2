"""Matched initialisation: with TALAN or without, the adapter and the next draws are the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from attached_host import attach_host

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import ConfigurationError
from workers.interventions.adapted import Adapted as Host
from workers.job.jobs import RunJob
from workers.job.recipe import Recipe

AXES = {
    "layer": 1,
    "slots": 2,
    "mixer": "multihead_local",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 1.0,
}


@pytest.fixture
def resident(small_backbone: str) -> ResidentBackbone:
    model, tokenizer = load_backbone(small_backbone)
    return ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer)


@pytest.fixture
def attached(resident: ResidentBackbone, make_job: Callable[..., RunJob]) -> Callable[..., Host]:
    """Attach hosts one after the other, each taken off before the next."""
    hosts: list[Host] = []

    def attach(**fields: Any) -> Host:
        while hosts:
            hosts.pop().detach()
            resident.restore()
        hosts.append(attach_host(resident, make_job(**fields)))
        return hosts[-1]

    return attach


def _adapter(host: Host) -> dict[str, torch.Tensor]:
    named = host.adapted.named_parameters()
    return {name: p.detach().clone() for name, p in named if "lora_" in name}


def test_treatment_starts_where_its_baseline_does(attached: Callable[..., Host]):
    baseline = _adapter(attached())
    next_draw = torch.rand(3)
    treatment = _adapter(attached(configuration=AXES))

    assert torch.equal(torch.rand(3), next_draw)
    assert baseline.keys() == treatment.keys()
    assert all(torch.equal(baseline[name], treatment[name]) for name in baseline)


def test_talan_and_adapter_are_both_trainable(attached: Callable[..., Host]):
    host = attached(configuration=AXES)

    trainable = [name for name, p in host.adapted.named_parameters() if p.requires_grad]
    assert any(".talan." in name for name in trainable)
    assert any("lora_A" in name for name in trainable)
    assert all(".talan." in name or "lora_" in name for name in trainable)


def test_block_fields_reach_the_block(attached: Callable[..., Host]):
    host = attached(configuration=AXES, block={"summary_scope": "prefix", "inner_dim": 8})

    assert host.talan is not None
    assert host.talan.config.summary_scope == "prefix"
    assert host.talan.config.inner_dim == 8


@pytest.mark.parametrize(
    ("change", "named"),
    [({"layer": 2}, "2"), ({"mixer": "mean"}, "'mean'"), ({"depth": 1}, "'depth'")],
)
def test_what_does_not_fit_is_named_and_leaves_nothing(
    change: dict[str, Any],
    named: str,
    resident: ResidentBackbone,
    make_job: Callable[..., RunJob],
):
    with pytest.raises(ConfigurationError, match=named):
        attach_host(resident, make_job(configuration=AXES | change))

    resident.restore()


def test_seeds_differ_in_adapter_and_block(attached: Callable[..., Host]):
    first = attached(configuration=AXES)
    adapter = _adapter(first)
    block = {k: v.clone() for k, v in first.talan.block.state_dict().items()}
    second = attached(configuration=AXES, seed=8)

    assert not all(torch.equal(adapter[name], w) for name, w in _adapter(second).items())
    other = second.talan.block.state_dict()
    assert not all(torch.equal(block[name], other[name]) for name in block)


def test_job_is_left_as_it_was(make_job: Callable[..., RunJob], attached: Callable[..., Host]):
    job = make_job(configuration=AXES)
    attached(configuration=AXES)

    assert job == replace(make_job(), configuration=AXES)


def test_a_sham_starts_where_its_baseline_does_and_trains_nothing_of_its_own(
    attached: Callable[..., Host],
):
    baseline = _adapter(attached())
    next_draw = torch.rand(3)
    host = attached(configuration=AXES, sham=4)
    assert torch.equal(torch.rand(3), next_draw)
    sham = _adapter(host)
    assert all(torch.equal(baseline[name], sham[name]) for name in baseline)
    assert all("lora_" in n for n, p in host.adapted.named_parameters() if p.requires_grad)
    found = host.provenance()["sham"]
    assert found["number"] == 4
    assert found["norm"] > 0


@pytest.mark.parametrize("change", [{"layer": 2}, {"mixer": "mean"}])
def test_a_sham_that_cannot_be_leaves_nothing(
    change: dict[str, Any], resident: ResidentBackbone, make_job: Callable[..., RunJob]
):
    job = make_job(configuration=AXES | change, sham=0)
    with pytest.raises(ConfigurationError):
        attach_host(resident, job)
    resident.restore()


def test_a_sham_of_no_strength_is_refused(
    resident: ResidentBackbone, make_job: Callable[..., RunJob]
):
    weak = AXES | {"writeback": {"rule": "gate", "gate": "vector", "alpha": 0.0}}
    with pytest.raises(ConfigurationError, match="norm is 0"):
        attach_host(resident, make_job(configuration=weak, sham=0))
    resident.restore()


def test_gamma_acts_where_the_recipe_says(attached: Callable[..., Host]):
    host = attached(configuration=AXES | {"gradient_scale": 500.0})
    gradient, rate = (Recipe(gamma_acts_on=acts) for acts in ("gradient", "learning_rate"))
    assert host.shape_optimizer(gradient) is None
    assert [c.scales_gradients for c in host.callbacks(gradient)] == [True]
    assert [c.scales_gradients for c in host.callbacks(rate)] == [False]
    trained = [p for p in host.adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    shape = host.shape_optimizer(rate)
    assert shape is not None
    shape(optimizer)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 0.5]
    baseline = attached()
    assert baseline.shape_optimizer(rate) is None
    assert baseline.callbacks(rate) == []
