"""What was found when a run was confirmed or ablated.

Owns: the answers, read from the record. Does not cover: running a confirmation or an ablation,
which drives studies (``talan confirm``, ``talan ablate``).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.store_provider import Store
from api.views.ablation import Ablation
from api.views.base import WholeAxis
from api.views.confirmation import Confirmation
from search.follow_ups.ablation import ablation
from search.follow_ups.confirmation import confirmation
from search.follow_ups.recorded import ablations, confirmations
from search.follow_ups.sequential_confirmation import MOST_SEEDS, sequential_confirmation

router = APIRouter(tags=["follow-ups"])


@router.get("/runs/{run_id}/confirmation", responses=problems(404, 422))
def get_confirmation(
    run_id: RunId,
    store: Store,
    *,
    until: Annotated[
        float | None,
        Query(gt=0, lt=1, description="also decide, with this chance of a wrong decision at most"),
    ] = None,
    max_seeds: Annotated[
        int, Query(ge=1, le=MOST_SEEDS, description="with until: seeds at most")
    ] = 40,
) -> Confirmation:
    """Show what a run's configuration gave at fresh seeds, which chose nothing.

    The delta that a run was chosen for is biased upward; these are not. A run that nobody confirmed
    yet, with `talan confirm`, is refused.
    """
    found = confirmation(store, run_id)
    decided = None
    if until is not None:
        decided = sequential_confirmation(store, run_id, level=until, max_seeds=max_seeds)
    return Confirmation.from_record(found, until=decided)


@router.get("/runs/{run_id}/ablation", responses=problems(404, 422))
def get_ablation(
    run_id: RunId,
    store: Store,
    *,
    axis: Annotated[
        list[WholeAxis] | None,
        Query(description="the axes that were asked for; none: all six", max_length=6),
    ] = None,
) -> Ablation:
    """Show what one axis at a time did around a run's configuration, at fresh seeds.

    Deltas are relative to the centre's at the same seeds, with Dunnett's test of all values against
    it. A run that nobody ablated yet, with `talan ablate`, is refused.
    """
    return Ablation.from_record(ablation(store, run_id, axes=axis or ()))


@router.get("/studies/{name}/confirmations", responses=problems(404, 422))
def list_confirmations(name: StudyName, store: Store) -> list[Confirmation]:
    """List the confirmations of a study's runs that have a result."""
    return [Confirmation.from_record(found) for found in confirmations(store, name)]


@router.get("/studies/{name}/ablations", responses=problems(404, 422))
def list_ablations(name: StudyName, store: Store) -> list[Ablation]:
    """List the ablations of a study's runs that have a result."""
    return [Ablation.from_record(found) for found in ablations(store, name)]
