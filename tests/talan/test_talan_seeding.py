"""Initial weights depend on the seed and on what decides their shapes, and on nothing else."""

import pytest
import torch
from tiny_talan_models import make_backbone, make_config

from talan import Trainability, Writeback, attach


def weights(config, *, seed=0):
    return attach(make_backbone(), config, seed=seed).block.state_dict()


def same(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


def test_the_same_seed_and_configuration_give_the_same_weights_whatever_came_before():
    first = weights(make_config())
    torch.manual_seed(1234)
    assert same(weights(make_config()), first)


def drawn(state):
    """What is drawn of a block: all but the gate, which starts at alpha."""
    return {name: value for name, value in state.items() if not name.startswith("writeback.gate")}


@pytest.mark.parametrize(
    "change",
    [
        {"layer": 2},
        {"writeback": Writeback("gate", "vector", 0.25)},
        {"gradient_scale": 500},
        {"trainability": Trainability("frozen")},
        {"trainability": Trainability("all", train_until=3, warmup_identity=1)},
        {"summary_scope": "prefix"},
    ],
)
def test_what_decides_no_shape_has_no_say_in_the_draw(change):
    assert same(drawn(weights(make_config())), drawn(weights(make_config(**change))))


@pytest.mark.parametrize("rule", [Writeback("direct", None, 0.5), Writeback("gate", "scalar", 0.5)])
def test_rule_and_gate_leave_summarizer_and_mixer_as_they_are(rule):
    first, other = (weights(make_config(writeback=w)) for w in (make_config().writeback, rule))
    shared = {name: value for name, value in first.items() if not name.startswith("writeback.")}
    assert len(shared) > 5
    assert same(shared, other)


@pytest.mark.parametrize(
    ("change", "seed"),
    [
        ({}, 1),
        ({"mixer": "gated_cross_attn"}, 0),
        ({"slots": 4}, 0),
        ({"summarizer": "soft_mos"}, 0),
        ({"inner_dim": 8}, 0),
        ({"heads": 4}, 0),
        ({"components": 2}, 0),
    ],
)
def test_the_seed_and_what_decides_a_shape_give_other_weights(change, seed):
    first, other = weights(make_config()), weights(make_config(**change), seed=seed)
    parts = ("summarizer.", "mixer.")
    names = [n for n in first if n.startswith(parts) and n in other and first[n].dim() == 2]
    assert names
    for name in names:
        shape = [min(pair) for pair in zip(first[name].shape, other[name].shape, strict=True)]
        here, there = (w[name][: shape[0], : shape[1]] for w in (first, other))
        assert not torch.equal(here, there)


def test_another_width_of_the_backbone_gives_other_weights():
    narrow, wide = (
        attach(make_backbone(hidden_size=d), make_config(inner_dim=8)).block.mixer.query.weight
        for d in (16, 32)
    )
    assert not torch.equal(wide[:, :16], narrow)


def test_the_weights_start_as_documented():
    block = attach(make_backbone(hidden_size=256), make_config(mixer="multihead_local")).block
    state = block.state_dict()
    assert not state["mixer.in_proj_bias"].any()
    assert not state["mixer.out_proj.bias"].any()
    assert not state["writeback.lowrank.up.weight"].any()
    assert state["writeback.lowrank.down.weight"].any()
    assert (state["writeback.gate_vector"] == 0.5).all()
    assert abs(state["mixer.in_proj_weight"].std().item() * 16 - 1) < 0.02
    assert abs(state["summarizer.theme_queries"].std().item() - 1) < 0.1


def test_weights_do_not_depend_on_the_backbones_dtype():
    half = attach(make_backbone().to(torch.bfloat16), make_config()).block.state_dict()
    double = attach(make_backbone().double(), make_config()).block.state_dict()
    for name, value in weights(make_config()).items():
        assert torch.equal(half[name], value)
        assert torch.equal(double[name], value.double())
