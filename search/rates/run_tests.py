"""The tests of a recorded run's cells beside its baseline's.

Owns: which cells are tested: those whose items were compared. Does not cover: the tests
(``search.statistics.cell_tests``).
"""

from __future__ import annotations

from search.statistics.cell_tests import RunTests, run_tests
from search.statistics.pairs import Pairs
from storage.records import Run


def tests_of(run: Run) -> RunTests:
    """The run's tests; the mean has an interval where every cell was compared."""
    pairs = {
        name: Pairs(cell.helped, cell.hurt, cell.n_items)
        for name, cell in run.cells.items()
        if cell.helped is not None and cell.hurt is not None
    }
    found = run_tests(pairs)
    whole = len(pairs) == len(run.cells) and not run.bounds
    return found if whole else RunTests(found.cells, mean_interval=None)
