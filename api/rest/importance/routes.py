"""``/studies/{name}/importance``: how much each axis matters.

Owns: the answer, and that one is computed at a time. Does not cover: the shares
(``search.follow_ups.importance``).
"""

from __future__ import annotations

from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.rest.names import StudyName
from api.rest.openapi import problems
from api.rest.store_provider import KnownImportances, Store
from api.views.importance import Importance
from dashboards.pages.page_cache import moment_of
from search.follow_ups.importance import affordable, importance_notes, study_importance

router = APIRouter(tags=["follow-ups"])
_one_at_a_time = Lock()  # seconds of work each


@router.get("/studies/{name}/importance", responses=problems(404, 422))
def get_importance(
    name: StudyName,
    store: Store,
    known: KnownImportances,
    *,
    by: Annotated[
        Literal["mean_delta", "feasibility"], Query(description="feasibility: G1 at every seed")
    ] = "mean_delta",
    method: Annotated[
        Literal["auto", "anova", "fanova", "ped-anova"],
        Query(description="auto: exact shares of a full grid, fanova elsewhere"),
    ] = "auto",
) -> list[Importance]:
    """Show each axis's share of what varies, by host, with what it would be in shuffled trials.

    Intervals and references come with it where about ten seconds are enough for them; `talan
    importance` takes its time.
    """
    place = (moment_of(store, name), by, method)
    study = store.studies.get(name)
    num_trials = sum(count.runs for count in store.rates.g1_counts(name))
    resamples, shuffles = affordable(num_trials)
    with _one_at_a_time:
        found = known.get(
            place,
            lambda: study_importance(
                store, name, by=by, method=method, resamples=resamples, shuffles=shuffles
            ),
        )
    design, notes = str(study.design["sampler"]), importance_notes(study)
    return [
        Importance.from_record(host, study=name, by=by, design=design, notes=notes)
        for host in found
    ]
