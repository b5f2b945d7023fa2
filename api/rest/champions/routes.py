"""``/champions``: each host's best G1 run."""

from __future__ import annotations

from fastapi import APIRouter

from api.rest.names import AnyStudy
from api.rest.openapi import problems
from api.rest.store_provider import Known, Store
from api.views.runs import Champion
from search import rates

router = APIRouter(tags=["rates"])


@router.get("/champions", responses=problems(404, 422))
def list_champions(store: Store, known: Known, study: AnyStudy = None) -> list[Champion]:
    """List per study and host the G1 run with the largest mean delta.

    The best of many is biased upward: confirm a champion on fresh seeds before calling it better.
    Name a study to learn what its configurations are worth without that luck.
    """
    found = store.rates.champions(study)
    worths = rates.champion_worths(store, found, known=known) if study else {}
    return [Champion.from_record(run, worth=worths.get(run.id)) for run in found]
