"""Near points come before far ones, each once."""

import json

from search.study.file import parse_study
from search.study.neighbours import neighbours
from search.study.plan import resolve

AXES = {
    "layer": [0, 1, 2],
    "slots": [2, 4],
    "mixer": ["cross_attn", "per_token_mix"],
    "writeback": [
        {"rule": "gate", "gate": "vector", "alpha": 0.001},
        {"rule": "direct", "alpha": 0.008},
    ],
    "trainability": [{"scope": "all"}, {"scope": "frozen"}],
    "gradient_scale": [1, 500],
}
SPACE = resolve(parse_study({"name": "near", "axes": AXES})).spaces[0]
CENTRE = SPACE.point(17)


def _changed(point):
    axes = ("layer", "slots", "mixer", "writeback")
    mode = ("trainability", "gradient_scale")
    return sum(point[a] != CENTRE[a] for a in axes) + any(point[a] != CENTRE[a] for a in mode)


def test_every_other_point_comes_once_and_the_nearest_first():
    found = list(neighbours(SPACE, CENTRE, seed=0))
    texts = {json.dumps(point, sort_keys=True) for point in found}
    everything = {json.dumps(SPACE.point(i), sort_keys=True) for i in range(SPACE.size)}
    assert texts == everything - {json.dumps(CENTRE, sort_keys=True)}
    assert len(found) == SPACE.size - 1
    distances = [_changed(point) for point in found]
    assert distances == sorted(distances)
    # One step away: 2 layers, 1 slot count, 1 mixer, 1 writeback, 2 modes.
    assert distances.count(1) == 7


def test_the_seed_orders_points_of_one_distance():
    first = {json.dumps(next(neighbours(SPACE, CENTRE, seed=s)), sort_keys=True) for s in range(40)}
    assert len(first) == 7
    again = [list(neighbours(SPACE, CENTRE, seed=3)) for _ in range(2)]
    assert again[0] == again[1]
