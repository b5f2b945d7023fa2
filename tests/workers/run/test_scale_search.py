"""The search for a null run's scale: few trainings, bounded, the same from the same values."""

import math

import pytest

from workers.run.scale_search import CLOSE, MOST_TRIES, ScaleRange, search_scale

RANGE = ScaleRange(1e-5, 1.0, start=0.1)


def search(kl_at, *, target, start=0.1, within=RANGE):
    return search_scale(kl_at, target=target, start=start, within=within)


@pytest.mark.parametrize("power", [1.0, 1.6, 2.0, 2.5])
@pytest.mark.parametrize("target", [3e-6, 1e-3, 0.05])
def test_it_comes_close_along_any_slope(power, target):
    tries = search(lambda s: 0.08 * s**power, target=target)
    assert tries[-1].miss(target) <= math.log(CLOSE)
    assert len(tries) <= MOST_TRIES
    assert all(RANGE.lowest <= tried.scale <= RANGE.highest for tried in tries)


def test_a_start_that_is_close_is_one_training():
    assert [t.scale for t in search(lambda s: s**2, target=0.0401, start=0.2)] == [0.2]


def test_a_quadratic_takes_two():
    assert len(search(lambda s: s**2, target=0.01, start=0.03)) == 2


def test_what_cannot_be_reached_ends_at_the_bound():
    assert [t.scale for t in search(lambda s: 1e-3 * s**2, target=0.05, start=0.5)] == [0.5, 1.0]
    low = search(lambda s: 0.2 + s, target=1e-6, start=3e-5)
    assert low[-1].scale == RANGE.lowest


def test_where_none_is_close_the_best_is_trained_again():
    """A jump across the target: whatever is tried lies on one of its sides."""
    trained = []

    def jump(scale):
        trained.append(scale)
        return 1e-4 / (1 + scale) if scale < 0.09 else 0.9 + scale

    tries = search(jump, target=0.01)
    assert len(tries) == MOST_TRIES + 1
    assert [t.scale for t in tries] == trained
    assert tries[-1].miss(0.01) == min(t.miss(0.01) for t in tries)


def test_no_distance_at_all_is_no_division_by_zero():
    tries = search(lambda s: 0.0 if s < 0.5 else 0.01, target=0.01)
    assert tries[-1].kl == 0.01


def test_the_same_measurements_give_the_same_tries():
    assert search(lambda s: s**1.7, target=0.002) == search(lambda s: s**1.7, target=0.002)
