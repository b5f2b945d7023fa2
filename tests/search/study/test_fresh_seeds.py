"""Seeds that nobody used, and the same ones again."""

from __future__ import annotations

from search.study.fresh_seeds import derived_seed, fresh_seeds


def test_more_go_on_where_fewer_stopped() -> None:
    few = fresh_seeds(5, exclude=(), parts=("confirm", "a"))
    more = fresh_seeds(200, exclude=(), parts=("confirm", "a"))
    assert more[:5] == few
    assert len(set(more)) == 200
    assert all(0 <= seed < 10**6 for seed in more)


def test_used_ones_are_passed_over() -> None:
    first, second, third = fresh_seeds(3, exclude=(), parts=("x",))
    assert fresh_seeds(2, exclude=[second], parts=("x",)) == [first, third]


def test_every_part_counts() -> None:
    drawn = {derived_seed(*parts) for parts in [("a", 1), ("b", 1), ("a", 2), ("a", "1", ""), (1,)]}
    assert len(drawn) == 5
    assert fresh_seeds(3, exclude=(), parts=("a",)) != fresh_seeds(3, exclude=(), parts=("b",))
    assert fresh_seeds(0, exclude=(), parts=("a",)) == []
