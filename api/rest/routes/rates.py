"""``/g1-rates``: how often a run loses on no benchmark."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.rest.names import AnyStudy
from api.rest.openapi import problems
from api.rest.record import Store
from api.rest.schemas import Axis, G1Rate, Text
from api.shapes import g1_shapes

router = APIRouter(tags=["rates"])


@router.get("/g1-rates", response_model=list[G1Rate], responses=problems(404, 422))
def list_g1_rates(
    store: Store,
    study: AnyStudy = None,
    backbone: Annotated[Text | None, Query(description="only this backbone")] = None,
    adapter: Annotated[Text | None, Query(description="only this adapter, as lora-r8")] = None,
    by: Annotated[Axis | None, Query(description="split by the values of an axis")] = None,
) -> JSONResponse:
    """List G1 rates per study, backbone and adapter with exact 95% intervals.

    A rate over an adaptive design (tpe, nsga2) does not estimate the space; its design is named.
    """
    counts = store.rates.g1_counts(study, backbone=backbone, adapter=adapter, by=by)
    return JSONResponse(g1_shapes(counts))
