"""What a worker answered for a run, as the record takes it.

Owns: putting training and cells together into one outcome; benchmarks that a run no longer reached
are part of it, with no item asked. Does not cover: what the record makes of it (``storage``).
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.new_rows import CellOutcome, PartialOutcome, RunOutcome
from storage.pairing import RESTS_ON
from workers.job.jobs import CellResult, RunJob, TrainResult


def run_outcome(job: RunJob, trained: TrainResult, cells: Sequence[CellResult]) -> RunOutcome:
    """A run that is over: cells in full, and of the others what is known."""
    reached = {cell.benchmark for cell in cells}
    unreached = [
        PartialOutcome(name, plan.n_items, {}, responses_artifact=None, seconds=0.0)
        for name, plan in job.plans.items()
        if name not in reached
    ]
    return RunOutcome(
        cells=[_whole(cell) for cell in cells if cell.items is None],
        partial=[*(_part(cell) for cell in cells if cell.items is not None), *unreached],
        losses=trained.losses,
        checkpoint_artifact=trained.checkpoint.name,
        compute_s=trained.seconds + sum(cell.seconds for cell in cells),
        provenance={**trained.provenance, **_rests_on(trained, cells)},
        kl_to_baseline=trained.kl_to_baseline,
        null_scale=trained.null_scale,
        held_out_artifact=None if trained.held_out is None else trained.held_out.name,
    )


def _rests_on(trained: TrainResult, cells: Sequence[CellResult]) -> dict[str, dict[str, str]]:
    """What the run's verdict rests on; nothing where the worker kept nothing."""
    found = dict(trained.rests_on)
    for cell in cells:
        found |= cell.rests_on
    return {RESTS_ON: found} if found else {}


def answers(cells: Sequence[CellResult]) -> dict[str, dict[int, bool]]:
    """Right or wrong of the items asked, by benchmark and item number."""
    return {cell.benchmark: _by_item(cell) for cell in cells}


def cell_text(cell: CellResult) -> str:
    """A cell that just ended in a few words."""
    if cell.score is None:
        return f"{cell.benchmark} lost after {cell.n_evaluated} of {cell.n_items} items"
    return f"{cell.benchmark} {cell.score:.1f}%"


def _by_item(cell: CellResult) -> dict[int, bool]:
    items = range(cell.n_items) if cell.items is None else cell.items
    return dict(zip(items, cell.outcomes, strict=True))


def _whole(cell: CellResult) -> CellOutcome:
    return CellOutcome(
        benchmark=cell.benchmark,
        outcomes=cell.outcomes,
        responses_artifact=cell.responses.name,
        seconds=cell.seconds,
        digests=cell.digests,
        generation=cell.generation,
    )


def _part(cell: CellResult) -> PartialOutcome:
    return PartialOutcome(
        benchmark=cell.benchmark,
        n_items=cell.n_items,
        outcomes=_by_item(cell),
        responses_artifact=cell.responses.name,
        seconds=cell.seconds,
        generation=cell.generation,
    )
