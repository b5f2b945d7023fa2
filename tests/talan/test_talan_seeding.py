"""Initial weights depend on (seed, configuration) alone."""

import torch
from tiny_talan_models import make_backbone, make_config

from talan import Writeback, attach


def weights(config, *, seed=0):
    return attach(make_backbone(), config, seed=seed).block.state_dict()


def same(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


def test_the_same_seed_and_configuration_give_the_same_weights_whatever_came_before():
    first = weights(make_config())
    torch.manual_seed(1234)
    assert same(weights(make_config()), first)


def test_another_seed_or_configuration_gives_other_weights():
    first = weights(make_config())
    for other in (
        weights(make_config(), seed=1),
        weights(make_config(writeback=Writeback("gate", "vector", 0.25))),
    ):
        for name in ("summarizer.theme_queries", "mixer.query.weight", "mixer.out.weight"):
            assert not torch.equal(other[name], first[name])


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
