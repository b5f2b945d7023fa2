"""Which benchmark a run is asked first, where it ends as soon as its verdict is certain.

Owns: the order of cells, and how likely one is a loss, from earlier runs. The order changes how
soon a verdict is known and never what is known. Does not cover: the order of items and when a cell
is lost (``workers.job.cell_plans``), running anything; costs are in any one unit (items, tokens or
seconds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.statistics.errors import StatisticsError, at_least, finite, share


@dataclass(frozen=True)
class CellForecast:
    """What is expected of a cell: the cost of its verdict, and how likely it is a loss."""

    benchmark: str
    cost: float
    loss_probability: float

    def __post_init__(self) -> None:
        if finite(self.cost, name="cost") < 0:
            raise StatisticsError(f"cost is {self.cost}; allowed: numbers from 0 up")
        share(self.loss_probability, name="loss_probability")


def order_cells(forecasts: Sequence[CellForecast]) -> tuple[str, ...]:
    """Benchmarks by ascending cost / P(loss): the least expected cost of independent cells.

    Swapping neighbours i, j changes the expected cost from c_i + (1 - l_i) c_j to
    c_j + (1 - l_j) c_i, so i goes first where c_i / l_i < c_j / l_j. A sure hold goes last.
    """
    ranked = sorted(
        forecasts,
        key=lambda cell: cell.cost / cell.loss_probability if cell.loss_probability else np.inf,
    )
    return tuple(cell.benchmark for cell in ranked)


def loss_probability(losses: int, runs: int) -> float:
    """P(loss) of a cell from earlier runs, (losses + 1/2) / (runs + 1): never 0 and never 1.

    Raises:
        StatisticsError: Not 0 <= losses <= runs.
    """
    at_least(losses, 0, name="losses")
    at_least(runs, losses, name="runs")
    return (losses + 0.5) / (runs + 1)
