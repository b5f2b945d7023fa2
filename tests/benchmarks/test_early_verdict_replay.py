"""Early verdicts: identical to full evaluation for any outcomes, order and batch; and cheaper."""

from __future__ import annotations

import numpy as np
import pytest
from early_verdict_replay import CellBounds, early_verdict, order_items, stop_after
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import StatisticsError


@st.composite
def runs(draw: st.DrawFn) -> tuple[dict[str, list[bool]], dict[str, int]]:
    """Outcomes of a run on one to four cells, and the baseline's right answers."""
    names = draw(st.permutations(["a", "b", "c", "d"]))[: draw(st.integers(1, 4))]
    outcomes = {name: draw(st.lists(st.booleans(), min_size=1, max_size=25)) for name in names}
    near = st.integers(-4, 4)
    baseline = {
        name: min(max(sum(found) + draw(near), 0), len(found)) for name, found in outcomes.items()
    }
    return outcomes, baseline


@given(runs(), st.integers(1, 7), st.randoms(use_true_random=False))
def test_the_verdict_is_that_of_full_evaluation(
    run: tuple[dict[str, list[bool]], dict[str, int]], batch: int, random: object
) -> None:
    outcomes, baseline = run
    full = all(sum(found) >= baseline[name] for name, found in outcomes.items())
    shuffled = {name: random.sample(found, len(found)) for name, found in outcomes.items()}  # type: ignore[attr-defined]
    for order in (outcomes, shuffled, dict(reversed(shuffled.items()))):
        verdict = early_verdict(order, baseline_correct=baseline, batch=batch)
        assert verdict.g1 is full
        assert (verdict.decided_by is None) is full
        for name, cell in verdict.cells.items():
            assert cell.n_correct[0] <= sum(outcomes[name]) <= cell.n_correct[1]
            delta = 100 * (sum(outcomes[name]) - baseline[name]) / len(outcomes[name])
            assert cell.delta_pp[0] - 1e-9 <= delta <= cell.delta_pp[1] + 1e-9
        if full:
            assert all(cell.complete and cell.held for cell in verdict.cells.values())
        else:
            assert verdict.cells[verdict.decided_by].lost
            assert sum(cell.lost for cell in verdict.cells.values()) == 1


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 30))
def test_it_stops_at_the_first_item_after_which_nothing_helps(
    outcomes: list[bool], baseline: int
) -> None:
    baseline = min(baseline, len(outcomes))
    by_definition = next(
        (
            asked
            for asked in range(1, len(outcomes) + 1)
            if sum(outcomes[:asked]) + len(outcomes) - asked < baseline
        ),
        None,
    )
    assert stop_after(outcomes, baseline_correct=baseline) == by_definition


def test_items_that_were_wrong_before_come_first() -> None:
    assert order_items([True, False, True, False]) == [1, 3, 0, 2]
    history = [[True, True, False, False], [True, True, False, True]]
    assert order_items([True, False, True, False], history=history) == [2, 3, 1, 0]


def test_batches_keep_their_composition() -> None:
    baseline = [True, True, True, False, False, True, False]
    assert order_items(baseline, batch=2) == [6, 2, 3, 4, 5, 0, 1]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 9))
def test_an_order_asks_every_item_once(baseline: list[bool], batch: int) -> None:
    assert sorted(order_items(baseline, batch=batch)) == list(range(len(baseline)))


def test_a_loss_is_seen_sooner_where_earlier_runs_say_which_items_are_fragile() -> None:
    rng = np.random.default_rng(2)
    asked: dict[str, list[float]] = {"in order": [], "baseline": [], "history": []}
    for _ in range(6):
        difficulty = rng.beta(0.7, 0.1, size=500)
        baseline, *history = (list(rng.random(500) < difficulty) for _ in range(12))
        orders = {
            "in order": list(range(500)),
            "baseline": order_items(baseline),
            "history": order_items(baseline, history=history),
        }
        for run in rng.random((40, 500)) < difficulty:
            for name, order in orders.items():
                stop = stop_after(run[order], baseline_correct=sum(baseline))
                if stop is not None:
                    asked[name].append(stop / 500)
    shares = {name: np.mean(stops) for name, stops in asked.items()}
    assert len({len(stops) for stops in asked.values()}) == 1
    assert shares["in order"] > 0.9  # counting alone sees a loss near its end only
    assert shares["history"] < 0.6 < shares["baseline"] < shares["in order"]


def test_bounds_of_a_cell_in_progress() -> None:
    cell = CellBounds("gsm8k", 10, 8).after([True, False, True]).after([False])
    assert (cell.right, cell.wrong, cell.evaluated, cell.complete) == (2, 2, 4, False)
    assert cell.n_correct == (2, 8)
    assert cell.delta_pp == (-60.0, 0.0)
    assert (cell.lost, cell.held) == (False, False)
    assert cell.after([False]).lost
    assert cell.after([True] * 6).held


def test_a_started_batch_is_finished() -> None:
    outcomes = [False, False, True, True, True, True]
    assert stop_after(outcomes, baseline_correct=6) == 1
    assert stop_after(outcomes, baseline_correct=6, batch=4) == 4
    assert stop_after(outcomes, baseline_correct=5, batch=4) == 4
    assert stop_after(outcomes, baseline_correct=4, batch=4) is None


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: CellBounds("a", 4, 5), "n_items is 4; allowed: whole numbers from 5 up"),
        (lambda: CellBounds("a", 2, 1).after([True] * 3), "n_items is 2"),
        (lambda: order_items([True], history=[[True, False]]), "every run needs 1 items"),
        (lambda: order_items([True], batch=0), "batch is 0"),
    ],
)
def test_bad_input_is_refused(call: object, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()  # type: ignore[operator]
