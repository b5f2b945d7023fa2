"""``/runs/{id}/analyses`` and ``/studies/{name}/analyses``: asking for analyses, reading them.

Owns: these answers. Does not cover: carrying analyses out, which a scheduler does
(``search.driving.analysing``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.rest.analyses.request import AnalysesRequest, analyses_request
from api.rest.json_body import json_body
from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.problems import Problem
from api.rest.rate_limits import count_launch
from api.rest.store_provider import Store
from api.views.analyses import AnalysisView, RunAnalyses, StudyAnalyses
from search.analyses.asking import asked_of_run
from search.analyses.of_study import asked_of_study

router = APIRouter(tags=["runs"])
_LOCATION = {
    "headers": {
        "Location": {
            "description": "where the analyses are",
            "schema": {"type": "string", "format": "uri-reference"},
        }
    },
    "description": "Accepted.",
}
Name = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", description="an analysis, such as depth")]


@router.post(
    "/runs/{run_id}/analyses",
    status_code=202,
    dependencies=[Depends(count_launch)],
    responses={202: _LOCATION, **problems(400, 403, 404, 413, 415, 422, 429)},
    openapi_extra=analyses_request(),
)
def ask_for_analyses(
    run_id: RunId, content: Annotated[Any, Depends(json_body)], store: Store, response: Response
) -> RunAnalyses:
    """Queue analyses of a run, and of its null runs, which they are compared with.

    What is done or queued already is not done again; what failed is tried again.
    """
    asked = AnalysesRequest.read(content)
    run = store.runs.get(run_id)
    wanted = asked_of_run(
        store, run, names=asked.analyses, items=asked.items, with_nulls=asked.nulls
    )
    recorded = store.analyses.ask(wanted)
    response.headers["Location"] = f"/api/v1/runs/{run_id}/analyses"
    return RunAnalyses.read(store, run, [one for one in recorded if one.run_id == run_id])


@router.get("/runs/{run_id}/analyses", responses=problems(404, 422))
def list_analyses(run_id: RunId, store: Store) -> RunAnalyses:
    """Show a run's analyses, the newest of each name."""
    return RunAnalyses.read(store, store.runs.get(run_id), store.analyses.of_run(run_id))


@router.get("/runs/{run_id}/analyses/{analysis}", responses=problems(404, 422))
def get_analysis(run_id: RunId, analysis: Name, store: Store) -> AnalysisView:
    """Show one analysis of a run."""
    found = RunAnalyses.read(store, store.runs.get(run_id), store.analyses.of_run(run_id)).analyses
    if analysis not in found:
        there = ", ".join(found) or "none"
        detail = f"run {run_id} has no analysis {analysis!r}; there are: {there}"
        raise Problem(404, "analysis-not-found", detail)
    return found[analysis]


@router.post(
    "/studies/{name}/analyses",
    status_code=202,
    dependencies=[Depends(count_launch)],
    responses={202: _LOCATION, **problems(403, 404, 413, 422, 429)},
)
def ask_for_study_analyses(name: StudyName, store: Store, response: Response) -> StudyAnalyses:
    """Queue the analyses of a study as a whole, of its runs as they are now."""
    recorded = store.analyses.ask(asked_of_study(store, name))
    response.headers["Location"] = f"/api/v1/studies/{name}/analyses"
    return StudyAnalyses.read(name, recorded)


@router.get("/studies/{name}/analyses", responses=problems(404, 422))
def list_study_analyses(name: StudyName, store: Store) -> StudyAnalyses:
    """Show a study's analyses, the newest of each name."""
    return StudyAnalyses.read(name, store.analyses.of_study(name))
