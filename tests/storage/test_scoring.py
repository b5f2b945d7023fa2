"""Deltas and verdicts from counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import BaselineMismatch
from storage.verdict import Count, compare

PAIRS = st.lists(
    st.integers(1, 2000).flatmap(
        lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n))
    ),
    min_size=1,
    max_size=6,
)


def test_the_papers_four_benchmarks() -> None:
    run = {"gpqa": Count(90, 198), "gsm8k": Count(1000, 1319)}
    baseline = {"gpqa": Count(87, 198), "gsm8k": Count(1001, 1319)}
    verdict = compare(run, baseline, run_id="r")
    assert verdict.deltas == {"gpqa": 300 / 198, "gsm8k": -100 / 1319}
    assert verdict.g1 is False
    assert verdict.worst_delta == -100 / 1319
    assert verdict.mean_delta == pytest.approx((300 / 198 - 100 / 1319) / 2, abs=1e-12)
    assert run["gpqa"].score == pytest.approx(45.4545, abs=1e-4)


@given(PAIRS)
def test_g1_is_decided_on_counts(pairs: list[tuple[int, int, int]]) -> None:
    run = {str(i): Count(mine, n) for i, (mine, _, n) in enumerate(pairs)}
    baseline = {str(i): Count(theirs, n) for i, (_, theirs, n) in enumerate(pairs)}
    verdict = compare(run, baseline, run_id="r")
    assert verdict.g1 == all(mine >= theirs for mine, theirs, _ in pairs)
    assert verdict.g1 == (verdict.worst_delta >= 0)
    for i, (mine, theirs, _) in enumerate(pairs):
        delta = verdict.deltas[str(i)]
        assert (delta > 0, delta < 0) == (mine > theirs, mine < theirs)
    assert verdict.worst_delta - 1e-9 <= verdict.mean_delta


def test_other_items_are_no_comparison() -> None:
    with pytest.raises(BaselineMismatch, match=r"run r has 3 items of 'a' but its .* has 4"):
        compare({"a": Count(1, 3)}, {"a": Count(1, 4)}, run_id="r")
    with pytest.raises(BaselineMismatch, match=r"evaluated on \['a'\] but .* on \['b'\]"):
        compare({"a": Count(1, 3)}, {"b": Count(1, 3)}, run_id="r")
