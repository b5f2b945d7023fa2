"""``/reference``: the paper's figures, to compare a study's with."""

from __future__ import annotations

from fastapi import APIRouter

from api.rest.openapi import problems
from api.views.reference import Reference
from search.rates.reference import reference_shape

router = APIRouter(tags=["rates"])


@router.get("/reference", responses=problems())
def get_reference() -> Reference:
    """Show the paper's G1 rates, what chance alone gives, its champions and all of its tables.

    In the shapes of a study's own answers, from tables that come with the program.
    """
    return Reference.from_record(reference_shape())
