"""What a study of scripted workers must have measured, counted without any worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from scripted_executor import ITEMS, outcomes_of

from storage import Run

BENCHMARKS = ("tiny_choice", "tiny_code")


def delta(configuration: Mapping[str, Any], *, seed: int, benchmark: str) -> Fraction:
    """The delta of a cell in percentage points, exactly."""
    run, baseline = (
        sum(outcomes_of(who, seed=seed, benchmark=benchmark)) for who in (configuration, None)
    )
    return Fraction(100 * (run - baseline), ITEMS)


def deltas(configuration: Mapping[str, Any], *, seed: int) -> dict[str, Fraction]:
    """The deltas of a run."""
    return {name: delta(configuration, seed=seed, benchmark=name) for name in BENCHMARKS}


def mean(values: Iterable[Fraction]) -> Fraction:
    """The exact mean."""
    listed = list(values)
    return sum(listed, Fraction()) / len(listed)


def assert_measured(run: Run) -> None:
    """Hold a completed treatment to its outcomes: counts, scores, deltas, G1."""
    assert run.configuration is not None
    expected = deltas(run.configuration, seed=run.seed)
    assert set(run.cells) == set(BENCHMARKS)
    for name, cell in run.cells.items():
        right = sum(outcomes_of(run.configuration, seed=run.seed, benchmark=name))
        assert (cell.n_correct, cell.n_items) == (right, ITEMS)
        assert cell.score == 100 * right / ITEMS
        assert cell.delta == float(expected[name])
    assert run.mean_delta == float(mean(expected.values()))
    assert run.g1 == all(value >= 0 for value in expected.values())
