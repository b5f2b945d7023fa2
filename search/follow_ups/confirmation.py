"""A configuration at fresh seeds: what it is worth once it is no longer the best of many.

Owns: the confirmation of a run as studies of its own (``search.follow_ups.studies``), and what they
amount to: per cell, over cells and pooled, in the columns of the paper's Tables 5, 16 and 17, with
the selection-corrected estimate beside the delta that the run was chosen for. Does not cover: the
statistics (``search.statistics``), driving (``search.driving.audits``).

Assumes: the number of seeds was settled before their results were seen. Adding seeds because the
first ones did not convince is selection again; ``sequential_confirmation`` may stop at any seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import NoResultYetError, StudyFileError
from search.follow_ups.studies import (
    Origin,
    follow_ups,
    launch_follow_up,
    origin_of,
    treatments_of,
)
from search.statistics.seeds import SeedSummary, SeedTable, seed_table
from search.statistics.selection import SelectionCorrected, correct_selection
from storage import AuditStore
from storage.records import Run

_WORD = "confirm"


@dataclass(frozen=True)
class Confirmation:
    """A run and the same configuration at fresh seeds.

    Args:
        origin: The run that was chosen.
        studies: Where the fresh seeds are.
        runs: One completed run per seed.
        failed: Seeds without a verdict; they are in no number.
        table: Deltas over seeds.
        selection: The winning delta beside the confirmed one.
        selected_from: How many completed runs of the host the run was chosen among.
    """

    origin: Origin
    studies: tuple[str, ...]
    runs: tuple[Run, ...]
    failed: tuple[int, ...]
    table: SeedTable
    selection: SelectionCorrected
    selected_from: int


def launch_confirmation(store: AuditStore, run_id: str, *, num_seeds: int) -> list[str]:
    """Put a run's confirmation on record; the names of the studies to drive.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It cannot be followed up.
    """
    origin = chosen_origin(store, run_id)
    return launch_follow_up(
        store,
        origin,
        stem=confirmation_stem(origin),
        configurations=[origin.configuration],
        num_seeds=num_seeds,
    )


def confirmation(store: AuditStore, run_id: str) -> Confirmation:
    """What a run's confirmation amounts to so far, over all seeds on record.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It cannot be followed up, or no fresh seed has a verdict yet.
    """
    origin = chosen_origin(store, run_id)
    parts = follow_ups(store, confirmation_stem(origin))
    runs = treatments_of(store, parts)
    scored = tuple(run for run in runs if run.mean_delta is not None)
    if not scored:
        msg = f"run {run_id} has no completed confirmation run yet"
        raise NoResultYetError(msg)
    assert origin.run.mean_delta is not None
    return Confirmation(
        origin=origin,
        studies=tuple(part.name for part in parts),
        runs=scored,
        failed=tuple(run.seed for run in runs if run.mean_delta is None),
        table=seed_table([_deltas(run) for run in scored]),
        selection=correct_selection(
            origin.run.mean_delta,
            selection_seed=origin.run.seed,
            confirmation={run.seed: run.mean_delta or 0.0 for run in scored},
        ),
        selected_from=_num_candidates(store, origin),
    )


def summaries(found: Confirmation) -> Sequence[tuple[str, SeedSummary]]:
    """The rows of the table for people: each benchmark, their mean, all deltas pooled."""
    table = found.table
    return [*table.cells.items(), ("mean", table.seeds), ("pooled", table.pooled)]


def chosen_origin(store: AuditStore, run_id: str) -> Origin:
    """The run, which has the mean delta that it was chosen for.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It cannot be followed up, or ended early.
    """
    origin = origin_of(store, run_id)
    if origin.run.mean_delta is None:
        msg = (
            f"run {run_id} ended early and has no mean delta to confirm; allowed: a run evaluated "
            "in full, as every G1 run is"
        )
        raise StudyFileError(msg)
    return origin


def confirmation_stem(origin: Origin) -> str:
    """The name of the first study of a run's confirmation."""
    return origin.stem(_WORD)


def _deltas(run: Run) -> dict[str, float]:
    return {name: cell.delta for name, cell in run.cells.items() if cell.delta is not None}


def _num_candidates(store: AuditStore, origin: Origin) -> int:
    run = origin.run
    counts = store.rates.g1_counts(run.study, backbone=run.backbone, adapter=run.adapter)
    return sum(count.runs for count in counts)
