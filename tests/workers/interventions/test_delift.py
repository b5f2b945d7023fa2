"""Facility location picks planted examples; utilities equal a plain reading."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
import torch
from attached_host import bench_of
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import MethodError
from workers.interventions.delift import rescaled, stratified, utilities
from workers.interventions.facility_location import facility_location
from workers.interventions.registry import read_method
from workers.training.sft_data import IGNORED_LABEL, SftExample


def _value(utility: torch.Tensor, chosen: Any) -> float:
    return float(utility[:, list(chosen)].max(dim=1).values.sum()) if chosen else 0.0


def test_the_planted_examples_are_chosen():
    """Three groups of anchors, each served by one column; the other columns serve nobody well."""
    utility = 0.1 * torch.rand(30, 20, generator=torch.Generator().manual_seed(3))
    for group, column in enumerate((4, 11, 17)):
        utility[10 * group : 10 * group + 10, column] = 1.0 - 0.1 * group
    assert facility_location(utility, count=3) == [4, 11, 17]


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 5))
def test_lazy_greedy_is_greedy(seed: int, count: int):
    utility = torch.rand(6, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    plain: list[int] = []
    for _ in range(count):
        rest = [column for column in range(5) if column not in plain]
        plain.append(max(rest, key=lambda one: (_value(utility, [*plain, one]), -one)))
    chosen = facility_location(utility, count=count)
    assert chosen == plain
    best = max(_value(utility, each) for each in itertools.combinations(range(5), count))
    assert _value(utility, chosen) >= (1 - 1 / math.e) * best


def test_all_columns_are_a_choice_too():
    assert sorted(facility_location(torch.zeros(2, 3), count=9)) == [0, 1, 2]


def test_utilities_equal_a_plain_reading(small_backbone: str, make_job: Any):
    model, tokenizer = load_backbone(small_backbone)
    bench = bench_of(ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer), make_job())
    pool, anchors = bench.examples[:4], [0, 2, 3]

    def plain(ids: list[int], labels: list[int]) -> float:
        logits = model(torch.tensor([ids])).logits[0].double()
        terms = [
            (1 - float(logits[place - 1].softmax(dim=-1)[label])) ** 2
            for place, label in enumerate(labels)
            if label != IGNORED_LABEL
        ]
        return math.sqrt(sum(terms)) / math.sqrt(len(terms))

    with torch.no_grad():
        found = utilities(bench, pool=pool, anchors=anchors)
        for row, anchor in enumerate(anchors):
            mine = pool[anchor]
            alone = plain(list(mine.input_ids), list(mine.labels))
            for column, example in enumerate(pool):
                before = [IGNORED_LABEL] * len(example.input_ids)
                after = plain([*example.input_ids, *mine.input_ids], [*before, *mine.labels])
                assert float(found[row, column]) == pytest.approx(alone - after, abs=2e-5)


def test_utilities_lie_between_0_and_1_and_none_is_for_itself():
    utility = torch.tensor([[-1.0, 0.0, 3.0], [1.0, 9.0, -1.0]], dtype=torch.float64)
    scaled = rescaled(utility, anchors=[2, 1])
    assert scaled.tolist() == [[0.0, 0.1, 0.0], [0.2, 0.0, 0.0]]
    assert rescaled(torch.ones(1, 2), anchors=[0]).tolist() == [[0.0, 0.0]]


def test_anchors_come_from_every_domain_in_proportion():
    domains = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    pool = [SftExample((1,), (1,), domain) for domain in domains]
    taken = stratified(pool, count=10, generator=torch.Generator().manual_seed(1))
    assert Counter(domains[number] for number in taken) == {"a": 6, "b": 3, "c": 1}
    assert len(set(taken)) == 10
    assert taken == stratified(pool, count=10, generator=torch.Generator().manual_seed(1))
    assert len(stratified(pool, count=500, generator=torch.Generator())) == 100


@pytest.mark.parametrize(
    ("given_settings", "said"),
    [
        ({"fraction": 0}, "delift.fraction is 0; allowed: above 0 and at most 1"),
        ({"fraction": "30%"}, "delift.fraction is '30%'"),
        ({"anchors": 0}, "delift.anchors is 0; allowed: a whole number from 1"),
    ],
)
def test_what_is_not_allowed_is_named(given_settings: dict[str, Any], said: str):
    with pytest.raises(MethodError, match=said):
        read_method({"method": "delift", **given_settings})
