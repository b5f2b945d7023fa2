"""The six-axis space: which points are distinct, how they are numbered, and their Optuna names."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from same_words import FROZEN
from small_spaces import DIRECT, EXAMPLE_AXES, GATE, MIXERS, SMALL_AXES, space_of

from search.errors import StudyFileError
from search.study.keys import Axes
from search.study.space import Space, build_space, optuna_params, resolve_layer
from talan import TalanConfig

ALL = {"scope": "all", "train_until": None, "warmup_identity": 0}


def identities(space: Space) -> list[str]:
    return [
        TalanConfig.from_axes(space.point(index)).configuration_id for index in range(space.size)
    ]


class TestSize:
    def test_of_the_example(self) -> None:
        # 3 layers x 2 slots x 4 mixers x 2 writebacks x (2 + 2 + 1) modes: frozen has no gamma.
        assert space_of(EXAMPLE_AXES).size == 3 * 2 * 4 * 2 * 5 == 240

    @pytest.mark.parametrize(
        ("axes", "size"),
        [
            ({}, 1),
            (SMALL_AXES, 6),  # 2 mixers x (all at 2 gammas, frozen)
            ({"trainability": [{"scope": "writeback"}], "gradient_scale": [1, 2, 3]}, 1),
            ({"trainability": [{"scope": "remix_writeback"}], "gradient_scale": [1, 2, 3]}, 3),
            ({"trainability": [{"scope": "frozen"}, {"scope": "frozen", "train_until": 5}]}, 1),
            ({"gradient_scale": [1, 1.0]}, 1),
            ({"slots": [2, 4, 2]}, 2),
            ({"mixer": ["cross_attn", "cross_attn"]}, 1),
            ({"writeback": [DIRECT, {**DIRECT, "gate": None}]}, 1),
            ({"writeback": [{**DIRECT, "alpha": 1}, {**DIRECT, "alpha": 1.0}]}, 1),
            ({"layer": [0, "embedding", "0%", "10%"]}, 1),
            ({"layer": ["50%", 3, "60%"]}, 1),  # 3.0 and 3.6 blocks of 6
        ],
    )
    def test_points_that_are_the_same_model_count_once(
        self, axes: dict[str, Any], size: int
    ) -> None:
        assert space_of(axes).size == size

    @pytest.mark.parametrize(("until", "size"), [(19, 2), (20, 1), (21, 1)])
    def test_a_limit_past_the_last_step_is_none(self, until: int, size: int) -> None:
        axes = {"trainability": [{"scope": "all"}, {"scope": "all", "train_until": until}]}
        assert space_of(axes, max_steps=20).size == size


class TestPoints:
    def test_are_the_product_with_the_layer_slowest(self) -> None:
        space = space_of(EXAMPLE_AXES)
        modes = [(ALL, 1.0), (ALL, 500.0)]
        modes += [({**ALL, "train_until": 20}, 1.0), ({**ALL, "train_until": 20}, 500.0)]
        modes += [(FROZEN, None)]
        expected = [
            {
                "layer": layer,
                "slots": slots,
                "mixer": mixer,
                "writeback": writeback,
                "trainability": trainability,
                "gradient_scale": gamma,
            }
            for layer, slots, mixer, writeback, (trainability, gamma) in itertools.product(
                [0, 1, 2], [2, 4], MIXERS, [GATE, {**DIRECT, "gate": None}], modes
            )
        ]
        assert [space.point(index) for index in range(240)] == expected

    def test_are_distinct_and_canonical(self) -> None:
        space = space_of(EXAMPLE_AXES)
        assert len(set(identities(space))) == 240
        for index in range(0, 240, 7):
            point = space.point(index)
            assert TalanConfig.from_axes(point).axes() == point
            assert json.loads(json.dumps(point)) == point

    @pytest.mark.parametrize("index", [-1, 6])
    def test_lie_inside(self, index: int) -> None:
        with pytest.raises(IndexError, match=f"point {index} of a space of 6"):
            space_of(SMALL_AXES).point(index)

    def test_at_a_place_of_the_unit_cube(self) -> None:
        space = space_of(EXAMPLE_AXES)
        assert space.index_at([0, 0, 0, 0, 0]) == 0
        assert space.index_at([0.999999] * 5) == 239
        assert space.index_at([1.0] * 5) == 239  # rounding up to 1 must not leave the space
        middle = space.point(space.index_at([0.34, 0.49, 0.5, 0.5, 0.61]))
        assert middle == {
            "layer": 1,
            "slots": 2,
            "mixer": "gated_cross_attn",
            "writeback": {**DIRECT, "gate": None},
            "trainability": {**ALL, "train_until": 20},
            "gradient_scale": 500.0,
        }

    def test_every_point_has_its_own_share_of_the_cube(self) -> None:
        space = space_of(EXAMPLE_AXES)
        centres = [
            [(i + 0.5) / len(factor) for i in range(len(factor))] for factor in space.factors
        ]
        found = [space.index_at(place) for place in itertools.product(*centres)]
        assert found == list(range(240))


class TestLayers:
    @pytest.mark.parametrize(
        ("value", "num_layers", "block"),
        [
            (0, 6, 0),
            (5, 6, 5),
            ("embedding", 6, 0),
            ("0%", 6, 0),
            ("25%", 6, 1),  # 1.5
            ("25%", 48, 12),
            ("50%", 6, 3),
            ("29%", 100, 29),
            ("99%", 6, 5),  # 5.94
            ("99.9%", 1000, 999),
            ("12.5%", 64, 8),
        ],
    )
    def test_by_number_name_and_depth(self, value: int | str, num_layers: int, block: int) -> None:
        assert resolve_layer(value, backbone="b", num_layers=num_layers) == block

    @pytest.mark.parametrize(
        "value", [6, -1, "100%", "-5%", "3", "%", "1e1%", "²%", "5.%", " 5%", "", "embeddings"]
    )
    def test_that_the_backbone_lacks(self, value: int | str) -> None:
        with pytest.raises(StudyFileError) as caught:
            resolve_layer(value, backbone="six-blocks", num_layers=6)
        message = str(caught.value)
        assert message.startswith(f"axes.layer: {value!r} is not allowed")
        assert "0 to 5 on six-blocks, embedding, or a depth" in message

    def test_one_study_spans_backbones_of_different_depth(self) -> None:
        axes = {"layer": ["0%", "25%", "50%"]}
        assert space_of(axes, num_layers=6).layers == (0, 1, 3)
        assert space_of(axes, num_layers=48).layers == (0, 12, 24)
        assert space_of(axes, num_layers=3).layers == (0, 1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("axes", "parts"),
        [
            ({"mixer": ["cross_atn"]}, ["axes.mixer", "'cross_atn'", "per_token_mix"]),
            ({"slots": [0]}, ["axes.slots", "0", "at least 1"]),
            ({"writeback": [{"rule": "x", "alpha": 1}]}, ["axes.writeback.rule", "'x'", "direct"]),
            ({"writeback": [{**GATE, "gate": "row"}]}, ["axes.writeback.gate", "'row'", "scalar"]),
            ({"writeback": [{**DIRECT, "alpha": -1}]}, ["axes.writeback.alpha", "-1", "above 0"]),
            ({"writeback": [{**GATE, "alpha": -0.1}]}, ["axes.writeback.alpha", "-0.1", ">= 0"]),
            ({"writeback": [{**DIRECT, "beta": 1}]}, ["axes.writeback", "'beta'", "rule, alpha"]),
            ({"writeback": [{"rule": "direct"}]}, ["axes.writeback", "'alpha'"]),
            ({"trainability": [{"scope": "some"}]}, ["axes.trainability.scope", "'some'", "all"]),
            (
                {"trainability": [{"scope": "all", "train_until": 0}]},
                ["axes.trainability.train_until", "0", "at least 1"],
            ),
        ],
    )
    def test_name_axis_value_and_what_is_allowed(
        self, axes: dict[str, Any], parts: list[str]
    ) -> None:
        with pytest.raises(StudyFileError) as caught:
            space_of(axes)
        message = str(caught.value)
        assert message.startswith(parts[0])
        for part in parts:
            assert part in message

    @pytest.mark.parametrize(
        ("block", "parts"),
        [
            ({"layer": 1}, ["talan.layer", "unknown key", "summarizer, summary_scope"]),
            ({"sumarizer": "attention"}, ["talan.sumarizer", "did you mean summarizer?"]),
            ({"summarizer": "mean"}, ["talan.summarizer", "'mean'", "attention"]),
            ({"summary_scope": "all"}, ["talan.summary_scope", "'all'", "prefix"]),
            ({"inner_dim": 7, "heads": 2}, ["talan.inner_dim", "7", "multiple"]),
        ],
    )
    def test_of_the_fixed_fields(self, block: dict[str, Any], parts: list[str]) -> None:
        with pytest.raises(StudyFileError) as caught:
            build_space(Axes(), backbone="b", num_layers=6, block=block, max_steps=1)
        for part in parts:
            assert part in str(caught.value)


class TestOptunaNames:
    def test_of_the_axes(self) -> None:
        found = space_of(EXAMPLE_AXES).distributions(with_unscaled=True)
        assert found == {
            "layer": IntDistribution(0, 2, step=1),
            "slots": IntDistribution(2, 4, step=2),
            "mixer": CategoricalDistribution(MIXERS),
            "writeback": CategoricalDistribution(["gate:vector:0.008", "direct:0.008"]),
            "trainability": CategoricalDistribution(["all", "all/until=20", "frozen"]),
            "gradient_scale": CategoricalDistribution([1.0, 500.0, None]),
        }

    def test_an_adaptive_sampler_always_proposes_a_gamma(self) -> None:
        found = space_of(EXAMPLE_AXES).distributions(with_unscaled=False)
        assert found["gradient_scale"] == CategoricalDistribution([1.0, 500.0])

    @pytest.mark.parametrize(
        ("values", "distribution"),
        [
            ([3], CategoricalDistribution([3])),
            ([1, 2, 5], CategoricalDistribution([1, 2, 5])),
            ([5, 1, 3], IntDistribution(1, 5, step=2)),
        ],
    )
    def test_of_whole_numbers(self, values: list[int], distribution: object) -> None:
        found = space_of({"slots": values}).distributions(with_unscaled=True)
        assert found["slots"] == distribution

    @pytest.mark.parametrize("axes", [SMALL_AXES, EXAMPLE_AXES])
    def test_are_read_back_as_the_same_points(self, axes: dict[str, Any]) -> None:
        space = space_of(axes)
        distributions = space.distributions(with_unscaled=True)
        for index in range(space.size):
            params = optuna_params(space.point(index))
            assert all(
                distribution._contains(distribution.to_internal_repr(params[name]))
                for name, distribution in distributions.items()
            )
            assert space.from_params(params) == space.point(index)

    def test_a_proposed_gamma_is_dropped_where_it_scales_nothing(self) -> None:
        space = space_of(SMALL_AXES)
        base = optuna_params(space.point(0))
        for gamma in (1.0, 500.0):
            frozen = space.from_params({**base, "trainability": "frozen", "gradient_scale": gamma})
            assert frozen["gradient_scale"] is None
            trained = space.from_params({**base, "trainability": "all", "gradient_scale": gamma})
            assert trained["gradient_scale"] == gamma
