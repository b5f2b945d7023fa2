"""``/g1-rates``: how often a run loses on no benchmark."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.rest.names import AnyStudy
from api.rest.openapi import problems
from api.rest.store_provider import Known, Store
from api.views.base import Axis, Text
from api.views.g1 import G1Rate
from search.rates.g1_rates import g1_rows

router = APIRouter(tags=["rates"])


@router.get("/g1-rates", responses=problems(404, 422))
def list_g1_rates(
    store: Store,
    known: Known,
    *,
    study: AnyStudy = None,
    backbone: Annotated[Text | None, Query(description="only this backbone")] = None,
    adapter: Annotated[Text | None, Query(description="only this adapter, as lora-r8")] = None,
    by: Annotated[Axis | None, Query(description="split by the values of an axis")] = None,
) -> list[G1Rate]:
    """List G1 rates per study, backbone and adapter: strict, tied and inert runs, and tests.

    The rotation test takes each run in turn as the baseline. Beside it stand what chance alone
    gives and the null runs by kind, with a test against the kind that disturbs as much as the
    treatments do, or the reason why there is none. A rate over an adaptive design (tpe, nsga2)
    does not estimate the space: it has no interval and no test.
    """
    rows = g1_rows(store, study, backbone=backbone, adapter=adapter, by=by, known=known)
    return [G1Rate.from_row(row) for row in rows]
