"""The first line of a model card: what its numbers are worth.

Owns: whether a run was confirmed at fresh seeds, in one line. Only an interval above 0 is called a
confirmation. Does not cover: the confirmation (``search.follow_ups.confirmation``).
"""

from __future__ import annotations

from dashboards.wording import KINDS, counted, pp_interval
from search.errors import StudyFileError
from search.follow_ups.confirmation import Confirmation, confirmation
from storage import BASELINE, TREATMENT, AuditStore
from storage.new_rows import METHOD
from storage.records import Run


def standing(store: AuditStore, run: Run, *, num_runs: int) -> str:
    """The line, as Markdown.

    Args:
        store: The record.
        run: The run.
        num_runs: How many runs with a verdict its host has.
    """
    if run.kind == BASELINE:
        return (
            "**A baseline: the adapter alone, without a TALAN block.** Other runs are measured "
            "against it; there is nothing of it to confirm."
        )
    if run.kind == METHOD:
        return (
            "**Not confirmed.** A method other than TALAN, trained once and not repeated at fresh "
            "seeds: its numbers are of one seed."
        )
    if run.kind != TREATMENT:
        return (
            f"**A control run ({KINDS.get(run.kind, run.kind)}), not a candidate.** It shows what "
            "a disturbance without the mechanism does."
        )
    found = _confirmation(store, run)
    return _unconfirmed(num_runs) if found is None else _confirmed(found)


def _confirmation(store: AuditStore, run: Run) -> Confirmation | None:
    try:
        return confirmation(store, run.id)
    except StudyFileError:  # not asked for, not over, or the run has no verdict to confirm
        return None


def _unconfirmed(num_runs: int) -> str:
    return (
        "**Not confirmed.** Nobody has repeated this run at fresh seeds. It is one of "
        f"{counted(num_runs, 'run')} that were tried on this base model and adapter, and the best "
        "of many looks better than it is: expect less than the numbers below."
    )


def _confirmed(found: Confirmation) -> str:
    seeds = found.table.seeds
    said = (
        f"mean delta {seeds.mean:+.2f} pp{_interval(seeds.interval)}, no benchmark lost at "
        f"{found.table.g1_seeds} of {seeds.n}"
    )
    tried = counted(seeds.n, "fresh seed")
    if seeds.interval is not None and seeds.interval[0] > 0:
        return f"**Confirmed at {tried}:** {said}. The numbers below are of the run itself."
    if seeds.interval is not None and seeds.interval[1] < 0:
        return f"**Not confirmed: worse than its baseline at {tried}.** There: {said}."
    return f"**Not confirmed: repeated at {tried}, and not better for certain.** There: {said}."


def _interval(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f" (95% interval over seeds {pp_interval(bounds)})"
