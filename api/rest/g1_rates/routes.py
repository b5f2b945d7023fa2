"""``/g1-rates``: how often a run loses on no benchmark."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.rest.names import AnyStudy
from api.rest.openapi import problems
from api.rest.store_provider import Expected, Store
from api.views.base import Axis, Text
from api.views.g1 import G1Rate
from search.rates.g1_rates import g1_rows

router = APIRouter(tags=["rates"])


@router.get("/g1-rates", responses=problems(404, 422))
def list_g1_rates(
    store: Store,
    known: Expected,
    *,
    study: AnyStudy = None,
    backbone: Annotated[Text | None, Query(description="only this backbone")] = None,
    adapter: Annotated[Text | None, Query(description="only this adapter, as lora-r8")] = None,
    by: Annotated[Axis | None, Query(description="split by the values of an axis")] = None,
) -> list[G1Rate]:
    """List G1 rates per study, backbone and adapter with exact 95% intervals.

    A rate over an adaptive design (tpe, nsga2) does not estimate the space; its design is named.
    Beside it stand the study's null runs and the test against them; without null runs, the rate
    that chance alone would give, from how often runs and their baseline differ.
    """
    rows = g1_rows(store, study, backbone=backbone, adapter=adapter, by=by, known=known)
    return [G1Rate.from_row(row) for row in rows]
