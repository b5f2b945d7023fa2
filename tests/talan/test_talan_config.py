"""The six axes: what is allowed, their canonical form and identity, and the paper's record."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_talan_models import make_config

from talan import TalanConfig, TalanConfigError, Trainability, Writeback
from talan.vocabulary import MIXERS

Q32B = {
    "type": "talan",
    "clustering_method": "attention",
    "n_themes": 2,
    "network_type": "multihead_local",
    "integration_type": "learned_gate",
    "gate_type": "vector",
    "alpha": 0.008,
    "freeze_steps": 0,
    "connection_point": "layer_12",
    "hidden_size": 5120,
}
DS32B = Q32B | {"network_type": "cross_attn", "alpha": 0.001, "connection_point": "embedding"}
Q8B = Q32B | {
    "network_type": "per_token_mix",
    "alpha": 0.0015,
    "connection_point": "layer_4",
    "hidden_size": 4096,
}
MOE = Q32B | {
    "clustering_method": "soft_mos",
    "n_themes": 6,
    "gate_type": "scalar",
    "freeze_steps": 35,
    "connection_point": "embedding",
    "hidden_size": 2048,
}

writebacks = st.one_of(
    st.builds(Writeback, st.just("gate"), st.sampled_from(["vector", "scalar"]), st.floats(0, 1)),
    st.builds(Writeback, st.just("direct"), st.none(), st.floats(1e-6, 1)),
)
configs = st.builds(
    TalanConfig,
    layer=st.integers(0, 40),
    slots=st.integers(1, 9),
    mixer=st.sampled_from(MIXERS),
    writeback=writebacks,
    trainability=st.builds(
        Trainability,
        st.sampled_from(["all", "writeback", "remix_writeback", "frozen"]),
        st.none() | st.integers(1, 50),
        st.integers(0, 50),
    ),
    gradient_scale=st.none() | st.floats(0.1, 1000) | st.integers(1, 1000),
    summarizer=st.sampled_from(["attention", "soft_mos"]),
)


@given(configs)
def test_the_canonical_axes_are_a_fixed_point_and_survive_json(config):
    axes = config.axes()
    assert list(axes) == [
        "layer",
        "slots",
        "mixer",
        "writeback",
        "trainability",
        "gradient_scale",
    ]
    again = TalanConfig.from_axes(json.loads(json.dumps(axes)))
    assert again.axes() == axes
    assert again.configuration_id == config.configuration_id
    assert re.fullmatch(r"[0-9a-f]{64}", config.configuration_id)


def test_points_that_are_the_same_model_are_one_configuration():
    def identity(scope="all", until=None, scale=None, alpha=0.5, **changes):
        writeback = Writeback("gate", "vector", alpha)
        trainability = Trainability(scope, until)
        return make_config(
            writeback=writeback, trainability=trainability, gradient_scale=scale, **changes
        ).configuration_id

    assert identity(scale=1) == identity(scale=1.0) == identity()
    assert identity(scale=500) != identity()
    for scope in ("frozen", "writeback"):
        assert identity(scope, scale=500) == identity(scope, scale=1)
    assert identity("frozen", until=20) == identity("frozen")
    assert identity("writeback", until=20) != identity("writeback")
    assert identity(alpha=1) == identity(alpha=1.0)
    assert identity(inner_dim=4, summary_scope="prefix") == identity()
    assert identity("remix_writeback", scale=500) != identity("remix_writeback", scale=1)


def test_the_identity_does_not_change_from_one_version_to_the_next():
    config = TalanConfig(12, 2, "multihead_local", Writeback("gate", "vector", 0.008))
    assert config.axes() == {
        "layer": 12,
        "slots": 2,
        "mixer": "multihead_local",
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
        "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
        "gradient_scale": 1.0,
    }
    expected = "e8235651e5ece9ac889ba20c0499d133416d31de8e68fef08e94f5e7b6561f7c"
    assert config.configuration_id == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer": -1}, "layer is -1, but must be an integer of at least 0."),
        ({"layer": 1.0}, "layer is 1.0, but must be an integer"),
        ({"slots": 0}, "slots is 0, but must be an integer of at least 1."),
        ({"slots": True}, "slots is True"),
        ({"mixer": "mlp"}, "mixer is 'mlp', but must be one of cross_attn, gated_cross_attn"),
        ({"gradient_scale": 0}, "gradient_scale is 0, but must be a finite number above 0."),
        ({"gradient_scale": float("nan")}, "gradient_scale is nan"),
        ({"gradient_scale": 1e38}, "gradient_scale is 1e+38, but must be a number from 1e-06 to"),
        ({"gradient_scale": 1e-7}, "gradient_scale is 1e-07, but must be a number from 1e-06 to"),
        ({"gradient_scale": "500"}, "gradient_scale is '500'"),
        ({"summarizer": "mean"}, "summarizer is 'mean', but must be one of attention, soft_mos."),
        ({"summary_scope": "all"}, "summary_scope is 'all', but must be one of prefix, sequence."),
        ({"inner_dim": 10, "heads": 4}, "inner_dim is 10, but must be a multiple of heads = 4."),
        ({"heads": 0}, "heads is 0"),
        ({"writeback": {"rule": "gate"}}, "but must be a Writeback."),
        ({"trainability": "all"}, "trainability is 'all', but must be a Trainability."),
    ],
)
def test_bad_fields_are_named_with_what_is_allowed(changes, message):
    with pytest.raises(TalanConfigError, match=re.escape(message)):
        make_config(**changes)


AXES = {"layer": 1, "slots": 2, "mixer": "cross_attn", "writeback": {"rule": "direct", "alpha": 1}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": 3}, "axes has the unknown key 'depth'; allowed: layer, slots"),
        ({"writeback": {"rule": "gate", "alpha": 1}}, "writeback.gate is None, but must be one"),
        ({"writeback": {"rule": "add", "alpha": 1}}, "writeback.rule is 'add'"),
        ({"writeback": {"rule": "direct", "alpha": 0}}, "writeback.alpha is 0, but must be"),
        ({"writeback": {"rule": "gate", "gate": "scalar", "alpha": -1}}, "number >= 0."),
        (
            {"writeback": {"rule": "direct", "gate": "vector", "alpha": 1}},
            "writeback.gate is 'vector', but must be null",
        ),
        ({"writeback": {"rule": "direct"}}, "writeback lacks the key 'alpha'."),
        ({"writeback": "direct"}, "writeback is 'direct', but must be a mapping."),
        ({"trainability": {"scope": "none"}}, "trainability.scope is 'none'"),
        ({"trainability": {"scope": "all", "train_until": 0}}, "trainability.train_until is 0"),
        ({"trainability": {"scope": "all", "warmup_identity": -1}}, "warmup_identity is -1"),
        ({"trainability": {"scope": "all", "until": 3}}, "trainability has the unknown key"),
    ],
)
def test_bad_axes_are_named_with_what_is_allowed(changes, message):
    with pytest.raises(TalanConfigError, match=re.escape(message)):
        TalanConfig.from_axes(AXES | changes)


def test_axes_need_their_keys_and_block_fields_are_known():
    with pytest.raises(TalanConfigError, match="axes lacks the key 'slots'"):
        TalanConfig.from_axes({key: value for key, value in AXES.items() if key != "slots"})
    with pytest.raises(TalanConfigError, match="talan has the unknown key 'rank'"):
        TalanConfig.from_axes(AXES, rank=3)
    config = TalanConfig.from_axes(AXES, summary_scope="prefix", heads=2)
    assert config.writeback == Writeback("direct", None, 1.0)
    assert (config.summary_scope, config.heads) == ("prefix", 2)


@pytest.mark.parametrize("record", [Q32B, DS32B, Q8B, MOE], ids=["Q32B", "DS32B", "Q8B", "MoE"])
def test_the_papers_records_are_read_and_written(record):
    config = TalanConfig.from_record(record)
    assert config.to_record(record["hidden_size"]) == record


def test_a_record_means_what_the_paper_says():
    config = TalanConfig.from_record(MOE, scope="frozen")
    assert config.layer == 0
    assert config.slots == 6
    assert config.summarizer == "soft_mos"
    assert config.writeback == Writeback("gate", "scalar", 0.008)
    assert config.trainability == Trainability("frozen", None, 35)
    q8b = TalanConfig.from_record(Q8B, train_until=20, gradient_scale=1000)
    assert (q8b.layer, q8b.trainability.train_until, q8b.gradient_scale) == (4, 20, 1000.0)
    direct = Q32B | {"integration_type": "direct_merge", "gate_type": None}
    assert TalanConfig.from_record(direct).writeback == Writeback("direct", None, 0.008)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"connection_point": "12"}, "connection_point is '12'"),
        ({"connection_point": "layer_x"}, "connection_point is 'layer_x'"),
        ({"connection_point": 12}, "connection_point is 12"),
        ({"network_type": "mlp"}, "network_type is 'mlp'"),
        ({"integration_type": "sum"}, "integration_type is 'sum'"),
        ({"clustering_method": "kmeans"}, "clustering_method is 'kmeans'"),
        ({"n_themes": "2"}, "n_themes is '2'"),
        ({"type": "lora"}, "type is 'lora'"),
        ({"color": 1}, "record has the unknown key 'color'"),
    ],
)
def test_records_that_cannot_be_read_are_refused(changes, message):
    with pytest.raises(TalanConfigError, match=re.escape(message)):
        TalanConfig.from_record(Q32B | changes)
