"""Plans of one cell: when its loss is certain, and which batches come first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import WorkerError
from workers.job.cell_plans import CellPlan


@given(
    outcomes=st.lists(st.booleans(), min_size=1, max_size=60),
    baseline=st.integers(0, 60),
    asked=st.integers(0, 60),
)
def test_a_loss_is_certain_exactly_when_no_continuation_holds(
    outcomes: list[bool], baseline: int, asked: int
):
    baseline, asked = min(baseline, len(outcomes)), min(asked, len(outcomes))
    plan = CellPlan(baseline, (0.5,) * len(outcomes))
    seen = outcomes[:asked]
    best_end = sum(seen) + len(outcomes) - asked

    assert plan.is_lost(wrong=asked - sum(seen)) == (best_end < baseline)


def test_batches_with_the_most_wrong_answers_come_first_and_ties_as_they_are():
    plan = CellPlan(3, (0.9, 0.9, 0.1, 0.5, 0.5, 0.1, 0.1))

    assert plan.in_order([(0, 1), (2, 3), (4, 5), (6,)]) == [(6,), (2, 3), (4, 5), (0, 1)]


@pytest.mark.parametrize("baseline", [-1, 4])
def test_a_baseline_that_cannot_be_is_refused(baseline: int):
    with pytest.raises(WorkerError, match=f"baseline_correct is {baseline}; allowed: 0 to 3 items"):
        CellPlan(baseline, (0.5,) * 3)
