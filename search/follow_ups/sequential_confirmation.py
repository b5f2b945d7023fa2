"""A confirmation that goes on until it is decided: one fresh seed at a time.

Owns: which seed comes next, and what the seeds so far decide. The state is the record alone: seeds
come in the one order that follows from the study's name, so that a command that was killed goes on
where it stopped, and seeds that an earlier confirmation ran count as the first ones. A seed without
a verdict is skipped for good: it is in no number, and counts towards the most seeds.
The test needs the noise that the items give before it sees a seed; that is the chosen run's own
discordance. Does not cover: the test (``search.statistics.sequential``), driving.
"""

from __future__ import annotations

from dataclasses import dataclass

from search.errors import StudyFileError
from search.follow_ups.confirmation import chosen_origin, confirmation_stem
from search.follow_ups.studies import Origin, follow_ups, launch_follow_up, seeds_of, treatments_of
from search.statistics.power import Cell, run_noise_pp
from search.statistics.sequential import SequentialVerdict, sequential_verdict
from storage import AuditStore
from storage.records import Run

MOST_SEEDS = 1_000
_SAID = {"better": "better than its baseline", "worse": "worse than its baseline"}


@dataclass(frozen=True)
class Sequential:
    """A sequential confirmation so far.

    Attributes:
        level: The chance of a wrong decision that is allowed.
        max_seeds: Seeds at most.
        noise_pp: Of a mean delta, from the chosen run's discordance.
        verdict: What the completed seeds decide.
        seeds: Seeds that are over, with and without a verdict.
        mean_delta: Over the completed seeds, pp; None before the first.
        running: Whether a seed was begun and is not over.
    """

    level: float
    max_seeds: int
    noise_pp: float
    verdict: SequentialVerdict
    seeds: int
    mean_delta: float | None
    running: bool

    @property
    def finished(self) -> bool:
        """Whether no further seed is to be run."""
        return self.verdict.decision is not None or (
            self.seeds >= self.max_seeds and not self.running
        )

    @property
    def sentence(self) -> str:
        """Where it stands."""
        most = max(self.verdict.up, self.verdict.down)
        worth = "" if self.mean_delta is None else f", {self.mean_delta:+.2f} pp on average"
        if self.verdict.decision is not None:
            return (
                f"Decided after {_seeds(self.verdict.seeds)}: {_SAID[self.verdict.decision]}{worth}"
                f" (a wrong decision has a chance of {self.level:g} at most)."
            )
        state = "Not decided after" if self.finished else "So far"
        return (
            f"{state} {_seeds(self.verdict.seeds)}{worth}: the evidence is {most:.1f} of the "
            f"{self.verdict.needed:g} that decide."
        )


def sequential_confirmation(
    store: AuditStore, run_id: str, *, level: float, max_seeds: int
) -> Sequential:
    """What the seeds on record decide.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It cannot be followed up, or so many seeds are not allowed.
        StatisticsError: A level outside (0, 1).
    """
    _check(max_seeds)
    origin = chosen_origin(store, run_id)
    over, running = _over(store, origin, max_seeds)
    deltas = [run.mean_delta for run in over if run.mean_delta is not None]
    noise = noise_of(origin.run)
    return Sequential(
        level=level,
        max_seeds=max_seeds,
        noise_pp=noise,
        verdict=sequential_verdict(deltas, level=level, noise_pp=noise),
        seeds=len(over),
        mean_delta=sum(deltas) / len(deltas) if deltas else None,
        running=running,
    )


def launch_next_seed(store: AuditStore, run_id: str, *, max_seeds: int) -> list[str]:
    """Put the next seed on record, unless one is begun; the studies that are not over.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It cannot be followed up, or so many seeds are not allowed.
    """
    _check(max_seeds)
    origin = chosen_origin(store, run_id)
    over, running = _over(store, origin, max_seeds)
    names = launch_follow_up(
        store,
        origin,
        stem=confirmation_stem(origin),
        configurations=[origin.configuration],
        num_seeds=min(max_seeds, len(over) + (not running)) or 1,
    )
    return [name for name in names if store.studies.get(name).state != "completed"]


def noise_of(run: Run) -> float:
    """The noise of the run's mean delta, pp, from its discordant items, at least one a cell."""
    cells = {}
    for name, cell in run.cells.items():
        discordant = max(1, cell.discordance or 0)
        cells[name] = Cell(cell.n_items, min(discordant, cell.n_items - 0.5) / cell.n_items)
    return run_noise_pp(cells)


def _check(max_seeds: int) -> None:
    if not 1 <= max_seeds <= MOST_SEEDS:
        msg = f"max-seeds: {max_seeds} is not allowed; allowed: 1 to {MOST_SEEDS}"
        raise StudyFileError(msg)


def _over(store: AuditStore, origin: Origin, max_seeds: int) -> tuple[list[Run], bool]:
    """The first seeds that are over, in their order, and whether the one after them was begun."""
    runs = {
        run.seed: run for run in treatments_of(store, follow_ups(store, confirmation_stem(origin)))
    }
    over: list[Run] = []
    for seed in seeds_of(origin, max_seeds):
        run = runs.get(seed)
        if run is None:
            return over, False
        if run.state not in ("completed", "failed"):
            return over, True
        over.append(run)
    return over, False


def _seeds(number: int) -> str:
    return f"{number} seed{'s' * (number != 1)}"
